"""Naming people, and making one of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace as changed

from datasources.photo_key import PhotoKey
from datasources.search.conditions import Field
from datasources.tables.people import PersonKey, PersonRecord, unnamed
from datasources.tables.photos import PhotoRecord
from resolvers.context import Context
from resolvers.writing import text_normalization
from resolvers.writing.mutation import MutationContext, mutate
from resolvers.writing.outcome import ABSENT, CHANGED, NOT_THERE, Absent, Fault, FaultFound, Outcome, UserError, invalid
from resolvers.writing.photo_members import photo_members
from resolvers.writing.photo_writes import TRIES, each, write_photos
from resolvers.writing.targets import decoded, own_person, resolve_targets

_NOT_SHOWN = invalid("does not show this person")
_SAME = invalid("is the one who stays")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonValues:
    """Absent stays, null clears."""

    name: str | Absent | None = ABSENT
    cover_id: str | Absent | None = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePerson:
    """New values for a person."""

    id: str
    values: PersonValues = field(default_factory=PersonValues)
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePeople:
    """The one who stays, and those who become them."""

    into_id: str
    ids: Sequence[str]
    client_mutation_id: str | None = None


async def update_person(context: Context, given: UpdatePerson) -> Outcome:
    """Names a person, or picks their picture."""
    return await mutate(context, "updatePerson", given, _update)


async def merge_people(context: Context, given: MergePeople) -> Outcome:
    """Makes one person of several; `gone` are those who became them."""
    return await mutate(context, "mergePeople", given, _merge)


async def _update(desk: MutationContext, given: UpdatePerson) -> Outcome:
    values = given.values
    name = text_normalization.line(values.name, "set", "name") if isinstance(values.name, str) else values.name
    for _ in range(TRIES):
        record = await own_person(desk, given.id, "id")
        new = unnamed(record) if name is None else record
        if values.cover_id is not ABSENT:
            new = changed(new, cover=await _cover(desk, record, values.cover_id))
        if new == record and not isinstance(name, str):
            return Outcome(node=record.id)
        if await desk.sources.people.save(new, name=name if isinstance(name, str) else None) is not None:
            return Outcome(node=record.id)
    return Outcome(errors=(UserError.of(CHANGED, ("id",), given.id),))


async def _cover(desk: MutationContext, person: PersonRecord, given: str | None) -> str | None:
    if given is None:
        return None
    known = decoded(desk, given, "Photo")
    key = None if known is None or known.owner != desk.owner else PhotoKey(known.owner, known.local)
    record = None if key is None else (await desk.sources.photos.raw([key])).get(key)
    if record is None or record.deleted:
        raise FaultFound(NOT_THERE, "set", "coverId", node=given)
    if person.id not in record.people:
        raise FaultFound(_NOT_SHOWN, "set", "coverId", node=given)
    return record.id


async def _merge(desk: MutationContext, given: MergePeople) -> Outcome:
    """First those who go point to the one who stays, then photos are rewritten; done again after a stop, it is finished."""
    into = await own_person(desk, given.into_id, "intoId")
    chosen, foreign = resolve_targets(desk, given.ids, "Person", "ids")
    chosen.refused.update({at: (text, NOT_THERE) for at, (text, _) in foreign.items()})
    stored = await desk.sources.people.raw([PersonKey(desk.owner, i) for i in chosen.ids]) if chosen.ids else {}
    records = {i: stored.get(PersonKey(desk.owner, i)) for i in chosen.ids}
    faults = {i: _unfit(r, into) for i, r in records.items()}
    going = [r for i, r in records.items() if r is not None and faults[i] is None]
    if going:
        await _claim(desk, into, going, given.into_id)
        faults |= await _point(desk, into.id, going)
    gone = tuple(i for i, fault in faults.items() if fault is None)
    if gone:
        held = frozenset(gone)
        async for ids in photo_members(desk, Field.PERSON, gone, lambda r: not held.isdisjoint(r.people)):
            await write_photos(desk, ids, each(_renamed(held, into.id)))
    return Outcome(node=into.id, gone=gone, errors=chosen.told(faults, "ids"))


def _unfit(record: PersonRecord | None, into: PersonRecord) -> Fault | None:
    if record is None or record.merged_into not in {None, into.id}:
        return NOT_THERE
    return _SAME if record.id == into.id else None


async def _claim(desk: MutationContext, into: PersonRecord, going: Sequence[PersonRecord], text: str) -> None:
    """Writes the one who stays under the version read, before anybody points to them.

    Two merges in opposite directions would otherwise make both people point to each other, and both be gone: now one
    of them finds a version that it has not read. A name passes on to the one who stays if they have none.
    """
    keys = await desk.sources.people.by_ids(desk.scope.mine(), [into.key, *(r.key for r in going)])
    seen = keys.get(into.key)
    names = [keys[r.key].name for r in going if r.key in keys]
    name = None if seen is None or seen.name is not None else next((n for n in names if n is not None), None)
    if await desk.sources.people.save(into, name=name) is None:
        raise FaultFound(CHANGED, "intoId", node=text)


async def _point(desk: MutationContext, into: str, going: Sequence[PersonRecord]) -> dict[str, Fault | None]:
    """No second try: see `_claim`."""
    faults: dict[str, Fault | None] = {}
    for record in going:
        done = record.merged_into == into or await desk.sources.people.save(changed(record, merged_into=into)) is not None
        faults[record.id] = None if done else CHANGED
    return faults


def _renamed(gone: frozenset[str], into: str) -> Callable[[PhotoRecord], PhotoRecord | Fault]:
    return lambda r: changed(r, people=tuple(dict.fromkeys(into if p in gone else p for p in r.people)))
