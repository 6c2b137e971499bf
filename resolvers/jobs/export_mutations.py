"""Starting an export and stopping any job, as mutations do it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from datasources.tables.jobs import JobKind, Running
from resolvers.context import Context
from resolvers.errors import BadInput
from resolvers.jobs.start import cancel, fresh_job, global_id, key_of, start
from resolvers.writing.mutation import MAX_CLIENT_ID, MutationContext, mutate
from resolvers.writing.outcome import NOT_THERE, ErrorCode, Fault, Outcome, UserError, refused

_RUNNING = Fault(ErrorCode.CONFLICT, "an export is running already: this is it")


class ExportInput(msgspec.Struct, frozen=True):
    """What an export's job carries."""

    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMyData:
    """JSONL, PARQUET or ARROW."""

    format: str = "JSONL"
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelBulk:
    """Which job, by global id."""

    id: str
    client_mutation_id: str | None = None


async def export_my_data(context: Context, given: ExportMyData) -> Outcome:
    """Starts the export of the viewer's library; while one runs, gives that one. `node` is the job's global id."""

    async def begin(desk: MutationContext, wanted: ExportMyData) -> Outcome:
        job = fresh_job(desk.sources, desk.scope.viewer, desk.owner, JobKind.EXPORT)
        begun = await start(desk.sources, msgspec.structs.replace(job, input=msgspec.json.encode(ExportInput(wanted.format))))
        node = global_id(desk.sources, begun.key)
        errors = (UserError.of(_RUNNING, None, node),) if isinstance(begun, Running) else ()
        return Outcome(node=node, errors=errors)

    return await mutate(context, "exportMyData", given, begin)


async def cancel_bulk_operation(context: Context, given: CancelBulk) -> Outcome:
    """Stops a job of the viewer's, whatever kind of caller they are. Cancelling again is the same, so repeats are harmless."""
    if given.client_mutation_id is not None and not 1 <= len(given.client_mutation_id) <= MAX_CLIENT_ID:
        raise BadInput(f"`clientMutationId` has 1 to {MAX_CLIENT_ID} characters", "CLIENT_MUTATION_ID")
    key = key_of(context.sources, given.id)
    record = None if key is None else await cancel(context.sources, context.viewer, key)
    if record is None:
        return refused(NOT_THERE, "id", node=given.id)
    return Outcome(node=given.id)
