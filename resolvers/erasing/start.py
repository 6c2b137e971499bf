"""Asking for an erasure: the customer themselves, freshly signed in, or whoever runs the gateway."""

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
from resolvers.jobs.start import global_id, job_of, start
from resolvers.writing.mutation import MAX_CLIENT_ID
from resolvers.writing.outcome import ErrorCode, Fault, Outcome, UserError, refused

FRESH_S: Final = 300
OPERATOR: Final = "OPERATOR:erase"
"""The starter of jobs by command: no token bears this key."""
_OTHER: Final = Fault(ErrorCode.INVALID, "is not your own customer id")
_RUNNING: Final = Fault(ErrorCode.CONFLICT, "the erasure is running already: this is it")


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseMyData:
    """The customer's own global id, to be sure."""

    confirm_customer_id: str
    client_mutation_id: str | None = None


async def erase_my_data(context: Context, given: EraseMyData) -> Outcome:
    """Makes everything of the viewer unreadable and begins to remove it; asked again, it gives the same job.

    Raises `Forbidden` for everybody but a customer who signed in within five minutes.
    """
    viewer, sources = context.viewer, context.sources
    if viewer.kind is not ViewerKind.CUSTOMER or viewer.customer is None:
        raise Forbidden("only a customer may be erased, and only by themselves", "NOT_OWNER")
    if sources.now_ms() // 1_000 - viewer.signed_in_at > FRESH_S:
        raise Forbidden("sign in again first: this needs a sign-in of the last five minutes", "STEP_UP")
    if given.client_mutation_id is not None and not 1 <= len(given.client_mutation_id) <= MAX_CLIENT_ID:
        raise BadInput(f"`clientMutationId` has 1 to {MAX_CLIENT_ID} characters", "CLIENT_MUTATION_ID")
    if given.confirm_customer_id != sources.ids.encode("Customer", viewer.customer, viewer.customer):
        return refused(_OTHER, "confirmCustomerId")
    begun = await begin_erasure(sources, viewer.customer, viewer.key)
    job = begun.key if isinstance(begun, Running) else begun
    node = global_id(sources, job)
    return Outcome(node=node, errors=(UserError.of(_RUNNING, None, node),) if isinstance(begun, Running) else ())


async def begin_erasure(sources: Sources, owner: str, starter: str) -> JobKey | Running:
    """First the job, so that whatever dies now it is done; then at once the key."""
    job = job_of(sources, starter, owner, JobKind.ERASE)
    begun = await start(sources, msgspec.structs.replace(job, outlives_owner=True))
    await make_unreadable(sources, owner)
    return begun if isinstance(begun, Running) else begun.key
