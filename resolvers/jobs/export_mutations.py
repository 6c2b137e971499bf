"""The mutations that start an export and cancel a job."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from datasources.tables.jobs import JobKind, Running
from resolvers.context import Context
from resolvers.errors import BadInput
from resolvers.jobs.start import cancel, global_id, key_of, new_job, start
from resolvers.writing.mutation import MAX_CLIENT_ID, MutationContext, mutate
from resolvers.writing.outcome import NOT_FOUND, ErrorCode, Fault, Outcome, UserError, rejected

_RUNNING = Fault(ErrorCode.CONFLICT, "an export is already running; its operation is returned")


class ExportInput(msgspec.Struct, frozen=True):
    """The stored input of an export job."""

    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMyData:
    """Input of `exportMyData`; `format` is JSONL, PARQUET or ARROW."""

    format: str = "JSONL"
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelBulk:
    """Input of `cancelBulkOperation`: the job's global id."""

    id: str
    client_mutation_id: str | None = None


async def export_my_data(context: Context, given: ExportMyData) -> Outcome:
    """Starts an export of the viewer's library, or returns the running one. `node` is the job's global id."""

    async def begin(mutation: MutationContext, request: ExportMyData) -> Outcome:
        job = new_job(mutation.sources, mutation.scope.viewer, mutation.owner, JobKind.EXPORT)
        started = await start(
            mutation.sources, msgspec.structs.replace(job, input=msgspec.json.encode(ExportInput(request.format)))
        )
        node = global_id(mutation.sources, started.key)
        errors = (UserError.of(_RUNNING, None, node),) if isinstance(started, Running) else ()
        return Outcome(node=node, errors=errors)

    return await mutate(context, "exportMyData", given, begin)


async def cancel_bulk_operation(context: Context, given: CancelBulk) -> Outcome:
    """Cancels a job that the viewer started; idempotent."""
    if given.client_mutation_id is not None and not 1 <= len(given.client_mutation_id) <= MAX_CLIENT_ID:
        raise BadInput(f"`clientMutationId` must have 1 to {MAX_CLIENT_ID} characters", "CLIENT_MUTATION_ID")
    key = key_of(context.sources, given.id)
    record = None if key is None else await cancel(context.sources, context.viewer, key)
    if record is None:
        return rejected(NOT_FOUND, "id", node=given.id)
    return Outcome(node=given.id)
