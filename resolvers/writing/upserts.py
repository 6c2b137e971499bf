"""The mutation `upsertPhotos`: writes import records, with the same rules as an import of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from access.scope import Scope
from access.write_permission import may_write
from datasources.photo_key import PhotoKey
from datasources.tables.photos import SeenPhoto
from resolvers.context import Context
from resolvers.errors import Forbidden
from resolvers.importing.record_reading import read_record
from resolvers.importing.records import BadRecord, ImportRecord
from resolvers.importing.upsert import customer_for, upsert_verified
from resolvers.importing.writer import RecordWriter
from resolvers.writing.mutation import MutationContext, run_mutation
from resolvers.writing.outcome import NOT_FOUND, ErrorCode, Fault, Outcome, UserError, invalid, rejected
from resolvers.writing.photo_writes import wait_for_index

MAX_RECORDS = 200
_TOO_MANY = Fault(ErrorCode.LIMIT, f"At most {MAX_RECORDS} records are allowed. Split the request.")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertPhotos:
    """Input of `upsertPhotos`: the customer by global or external id, and unvalidated records."""

    customer_id: str
    records: Sequence[Any]
    client_mutation_id: str | None = None


async def upsert_photos(context: Context, given: UpsertPhotos) -> Outcome:
    """Writes records of one customer. `photos` has the local id of each record in order, empty for a rejected one; `node`
    is the customer's local id. Raises `Forbidden` for viewers who may not write photos.
    """
    if not may_write(context.viewer, context.viewer.customer or ""):
        raise Forbidden("Only a customer or a service with the scope `photos:write` can write photos.", "SCOPE")
    owner = await customer_for(context.sources, context.viewer, given.customer_id)
    if owner is None:
        return rejected(NOT_FOUND, "customerId", node=given.customer_id)
    mutation = MutationContext(context.sources, context.index_lag, Scope(context.viewer, owner), owner)
    return await run_mutation(context, mutation, "upsertPhotos", given, _upsert)


async def _upsert(mutation: MutationContext, given: UpsertPhotos) -> Outcome:
    if len(given.records) > MAX_RECORDS:
        return rejected(_TOO_MANY, "records")
    read = [_read(r) for r in given.records]
    good = {place: r for place, r in enumerate(read) if isinstance(r, ImportRecord)}
    async with mutation.index_lag.writing(mutation.owner):
        writer = RecordWriter(mutation.sources, mutation.owner)
        done = dict(
            zip(good, await upsert_verified(writer, list(good.values()), mutation.sources, mutation.index_lag), strict=True)
        )
        written = [d.written for d in done.values() if not isinstance(d, str) and d.written is not None]
        mutation.index_lag.mark_pending({r.key: r.version for r in written})
    await wait_for_index(mutation, list(dict.fromkeys(r.key for r in written)))
    local = {place: mutation.sources.ids.local_id("photo", mutation.owner, r.source_id) for place, r in good.items()}
    invalid_records = {place: r for place, r in enumerate(read) if isinstance(r, BadRecord)}
    errors: dict[int, BadRecord] = invalid_records | {p: BadRecord(d) for p, d in done.items() if isinstance(d, str)}
    return Outcome(
        node=mutation.owner,
        photos=tuple("" if place in errors else local[place] for place in range(len(read))),
        errors=tuple(_user_error(place, bad) for place, bad in sorted(errors.items())),
    )


def _read(given: Any) -> ImportRecord | BadRecord:
    try:
        return read_record(given) if isinstance(given, Mapping) else BadRecord("must be a JSON object")
    except BadRecord as bad:
        return bad


def _user_error(place: int, bad: BadRecord) -> UserError:
    at = () if bad.field is None else (bad.field,)
    return UserError.of(invalid(bad.reason), ("records", str(place), *at))


async def upserted_photos(context: Context, outcome: Outcome) -> list[SeenPhoto | None]:
    """The photos of an upsert in order as the viewer may see them; None for a rejected record and for a photo that the viewer
    may not see: writing a photo gives no permission to read it.
    """
    owner = outcome.node or ""
    keys = [PhotoKey(owner, i) if i else None for i in outcome.photos]
    seen = {p.key: p for p in await context.photos.many([k for k in keys if k is not None])}
    return [None if k is None else seen.get(k) for k in keys]
