"""Starts an erasure, for a customer who signed in recently or for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from access.viewer import ViewerKind
from datasources import Sources
from datasources.tables.jobs import JobKey, JobKind, Running
from resolvers.context import Context
from resolvers.erasing.erase import make_unreadable
from resolvers.errors import BadInput, Forbidden
from resolvers.jobs.start import global_id, new_job_of, start
from resolvers.writing.mutation import MAX_CLIENT_ID
from resolvers.writing.outcome import ErrorCode, Fault, Outcome, UserError, rejected

FRESH_S: Final = 300
OPERATOR: Final = "OPERATOR:erase"
"""The starter of jobs by command. No token has this key."""
_OTHER: Final = Fault(ErrorCode.INVALID, "must be your own customer id")
_RUNNING: Final = Fault(ErrorCode.CONFLICT, "The erasure is already running; this is its operation.")


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseMyData:
    """The input: the customer's own global id as a confirmation."""

    confirm_customer_id: str
    client_mutation_id: str | None = None


async def erase_my_data(context: Context, given: EraseMyData) -> Outcome:
    """Makes the data of the viewer unreadable and starts their removal. A repeat returns the same job.

    Raises `Forbidden` for everybody but a customer who signed in within five minutes.
    """
    viewer, sources = context.viewer, context.sources
    if viewer.kind is not ViewerKind.CUSTOMER or viewer.customer is None:
        raise Forbidden("Only customers may erase their data, and only their own.", "NOT_OWNER")
    if sources.now_ms() // 1_000 - viewer.signed_in_at > FRESH_S:
        raise Forbidden("Sign in again: this needs a sign-in within the last five minutes.", "STEP_UP")
    if given.client_mutation_id is not None and not 1 <= len(given.client_mutation_id) <= MAX_CLIENT_ID:
        raise BadInput(f"`clientMutationId` has 1 to {MAX_CLIENT_ID} characters", "CLIENT_MUTATION_ID")
    if given.confirm_customer_id != sources.ids.encode("Customer", viewer.customer, viewer.customer):
        return rejected(_OTHER, "confirmCustomerId")
    begun = await begin_erasure(sources, viewer.customer, viewer.key)
    job = begun.key if isinstance(begun, Running) else begun
    node = global_id(sources, job)
    return Outcome(node=node, errors=(UserError.of(_RUNNING, None, node),) if isinstance(begun, Running) else ())


async def begin_erasure(sources: Sources, owner: str, starter: str) -> JobKey | Running:
    """Stores the job first, so that a killed process cannot prevent the erasure, then destroys the key."""
    job = new_job_of(sources, starter, owner, JobKind.ERASE)
    begun = await start(sources, msgspec.structs.replace(job, outlives_owner=True))
    await make_unreadable(sources, owner)
    return begun if isinstance(begun, Running) else begun.key
