"""Photos written by services, one record each: the same record and the same rules as an import of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from access.classes import DataClass
from access.policy import Relation, Visibility, service_visibility
from access.scope import Scope
from datasources.photo_key import PhotoKey
from datasources.tables.photos import SeenPhoto
from resolvers.context import Context
from resolvers.errors import Forbidden
from resolvers.importing.record_reading import read_record
from resolvers.importing.records import BadRecord, ImportRecord
from resolvers.importing.upsert import customer_for, may_write, upsert_verified
from resolvers.importing.writer import Writer
from resolvers.writing.mutation import MutationContext, run_mutation
from resolvers.writing.outcome import NOT_THERE, ErrorCode, Fault, Outcome, UserError, invalid, refused
from resolvers.writing.photo_writes import follow

MOST_RECORDS = 200
_TOO_MANY = Fault(ErrorCode.LIMIT, f"at most {MOST_RECORDS} records at a time")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertPhotos:
    """Whose, by global or external id, and records as they came."""

    customer_id: str
    records: Sequence[Any]
    client_mutation_id: str | None = None


async def upsert_photos(context: Context, given: UpsertPhotos) -> Outcome:
    """Writes records of one customer. `photos` has the local id of each record in order, empty for a refused one; `node` is
    the customer's local id. Raises `Forbidden` for whoever may not write to that library.
    """
    if not may_write(context.viewer, context.viewer.customer or ""):
        raise Forbidden("only a customer, or a service with the scope photos:write, may write photos", "SCOPE")
    owner = await customer_for(context.sources, context.viewer, given.customer_id)
    if owner is None:
        return refused(NOT_THERE, "customerId", node=given.customer_id)
    desk = MutationContext(context.sources, context.freshness, Scope(context.viewer, owner), owner)
    return await run_mutation(context, desk, "upsertPhotos", given, _upsert)


async def _upsert(desk: MutationContext, given: UpsertPhotos) -> Outcome:
    if len(given.records) > MOST_RECORDS:
        return refused(_TOO_MANY, "records")
    read = [_read(r) for r in given.records]
    good = {place: r for place, r in enumerate(read) if isinstance(r, ImportRecord)}
    async with desk.freshness.writing(desk.owner):
        writer = Writer(desk.sources, desk.owner)
        done = dict(zip(good, await upsert_verified(writer, list(good.values()), desk.sources, desk.freshness), strict=True))
        written = [d.written for d in done.values() if not isinstance(d, str) and d.written is not None]
        desk.freshness.expect({r.key: r.version for r in written})
    await follow(desk, list(dict.fromkeys(r.key for r in written)))
    local = {place: desk.sources.ids.local_id("photo", desk.owner, r.source_id) for place, r in good.items()}
    refusals = {place: r for place, r in enumerate(read) if isinstance(r, BadRecord)}
    wrong: dict[int, BadRecord] = refusals | {p: BadRecord(d) for p, d in done.items() if isinstance(d, str)}
    return Outcome(
        node=desk.owner,
        photos=tuple("" if place in wrong else local[place] for place in range(len(read))),
        errors=tuple(_told(place, bad) for place, bad in sorted(wrong.items())),
    )


def _read(given: Any) -> ImportRecord | BadRecord:
    try:
        return read_record(given) if isinstance(given, Mapping) else BadRecord("is no JSON object")
    except BadRecord as bad:
        return bad


def _told(place: int, bad: BadRecord) -> UserError:
    at = () if bad.field is None else (bad.field,)
    return UserError.of(invalid(bad.reason), ("records", str(place), *at))


async def upserted(context: Context, outcome: Outcome) -> list[SeenPhoto | None]:
    """The photos of an upsert in order, None for a refused record, each as this caller may see it.

    What the writer hid or trashed itself no service sees: of that it is told no more than that it is there.
    """
    owner = outcome.node or ""
    keys = [PhotoKey(owner, i) if i else None for i in outcome.photos]
    seen = {p.key: p for p in await context.photos.many([k for k in keys if k is not None])}
    unseen = [k for k in keys if k is not None and k not in seen]
    if unseen:
        raw = (await context.sources.photos.raw(unseen)).values()
        sight = service_visibility(context.viewer) or Visibility(Relation.SERVICE)
        bare = replace(sight, classes=sight.classes & {DataClass.OPERATIONAL})
        seen |= await context.sources.photos.opened(list(raw), bare)
    return [None if k is None else seen.get(k) for k in keys]
