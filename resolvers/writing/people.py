"""The mutations that update and merge people."""

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
from resolvers.writing.outcome import ABSENT, MODIFIED, NOT_FOUND, Absent, Fault, FaultError, Outcome, UserError, invalid
from resolvers.writing.photo_members import photo_members
from resolvers.writing.photo_writes import MAX_TRIES, edit_each, write_photos
from resolvers.writing.targets import decode_id, own_person, resolve_targets

_NOT_SHOWN = invalid("The photo does not show this person.")
_MERGE_INTO_SELF = invalid("A person cannot be merged into themselves.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonValues:
    """New values: ABSENT keeps the stored value, None clears it."""

    name: str | Absent | None = ABSENT
    cover_id: str | Absent | None = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePerson:
    """Input of `updatePerson`."""

    id: str
    values: PersonValues = field(default_factory=PersonValues)
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePeople:
    """Input of `mergePeople`: the people `ids` are merged into `into_id`."""

    into_id: str
    ids: Sequence[str]
    client_mutation_id: str | None = None


async def update_person(context: Context, given: UpdatePerson) -> Outcome:
    """Changes a person's name and cover photo."""
    return await mutate(context, "updatePerson", given, _update)


async def merge_people(context: Context, given: MergePeople) -> Outcome:
    """Merges people into one; `removed` are the merged ones."""
    return await mutate(context, "mergePeople", given, _merge)


async def _update(mutation: MutationContext, given: UpdatePerson) -> Outcome:
    values = given.values
    name = text_normalization.line(values.name, "set", "name") if isinstance(values.name, str) else values.name
    for _ in range(MAX_TRIES):
        record = await own_person(mutation, given.id, "id")
        new = unnamed(record) if name is None else record
        if values.cover_id is not ABSENT:
            new = changed(new, cover=await _cover(mutation, record, values.cover_id))
        if new == record and not isinstance(name, str):
            return Outcome(node=record.id)
        if await mutation.sources.people.save(new, name=name if isinstance(name, str) else None) is not None:
            return Outcome(node=record.id)
    return Outcome(errors=(UserError.of(MODIFIED, ("id",), given.id),))


async def _cover(mutation: MutationContext, person: PersonRecord, given: str | None) -> str | None:
    if given is None:
        return None
    known = decode_id(mutation, given, "Photo")
    key = None if known is None or known.owner != mutation.owner else PhotoKey(known.owner, known.local)
    record = None if key is None else (await mutation.sources.photos.raw([key])).get(key)
    if record is None or record.deleted:
        raise FaultError(NOT_FOUND, "set", "coverId", node=given)
    if person.id not in record.people:
        raise FaultError(_NOT_SHOWN, "set", "coverId", node=given)
    return record.id


async def _merge(mutation: MutationContext, given: MergePeople) -> Outcome:
    """Sets `merged_into` of the merged people, then rewrites their photos. A repeat completes an interrupted merge."""
    into = await own_person(mutation, given.into_id, "intoId")
    targets, foreign = resolve_targets(mutation, given.ids, "Person", "ids")
    targets.rejected.update({at: (text, NOT_FOUND) for at, (text, _) in foreign.items()})
    stored = await mutation.sources.people.raw([PersonKey(mutation.owner, i) for i in targets.ids]) if targets.ids else {}
    records = {i: stored.get(PersonKey(mutation.owner, i)) for i in targets.ids}
    faults = {i: _merge_fault(r, into) for i, r in records.items()}
    merging = [r for i, r in records.items() if r is not None and faults[i] is None]
    if merging:
        await _lock_target(mutation, into, merging, given.into_id)
        faults |= await _set_merged_into(mutation, into.id, merging)
    merged = tuple(i for i, fault in faults.items() if fault is None)
    if merged:
        people = frozenset(merged)
        async for ids in photo_members(mutation, Field.PERSON, merged, lambda r: not people.isdisjoint(r.people)):
            await write_photos(mutation, ids, edit_each(_replace_people(people, into.id)))
    return Outcome(node=into.id, removed=merged, errors=targets.user_errors(faults, "ids"))


def _merge_fault(record: PersonRecord | None, into: PersonRecord) -> Fault | None:
    if record is None or record.merged_into not in {None, into.id}:
        return NOT_FOUND
    return _MERGE_INTO_SELF if record.id == into.id else None


async def _lock_target(mutation: MutationContext, into: PersonRecord, merging: Sequence[PersonRecord], text: str) -> None:
    """Saves the target person with its read version, before any person points to it.

    Without this, two concurrent merges in opposite directions could merge both people into each other; now one of them
    fails with a version conflict. If the target has no name, it gets a name of the merged people.
    """
    keys = await mutation.sources.people.by_ids(mutation.scope.own_only(), [into.key, *(r.key for r in merging)])
    seen = keys.get(into.key)
    names = [keys[r.key].name for r in merging if r.key in keys]
    name = None if seen is None or seen.name is not None else next((n for n in names if n is not None), None)
    if await mutation.sources.people.save(into, name=name) is None:
        raise FaultError(MODIFIED, "intoId", node=text)


async def _set_merged_into(mutation: MutationContext, into: str, merging: Sequence[PersonRecord]) -> dict[str, Fault | None]:
    """No second try: see `_lock_target`."""
    faults: dict[str, Fault | None] = {}
    for record in merging:
        done = record.merged_into == into or await mutation.sources.people.save(changed(record, merged_into=into)) is not None
        faults[record.id] = None if done else MODIFIED
    return faults


def _replace_people(merged: frozenset[str], into: str) -> Callable[[PhotoRecord], PhotoRecord | Fault]:
    return lambda r: changed(r, people=tuple(dict.fromkeys(into if p in merged else p for p in r.people)))
