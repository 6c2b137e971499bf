"""The things that a caller chose by global id: the caller's own, and for the others why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from access.ids import BadId, GlobalId
from datasources.photo_key import PhotoKey
from datasources.tables.albums import AlbumKey, AlbumRecord
from datasources.tables.people import PersonKey, PersonRecord
from resolvers.writing.mutation import MutationContext
from resolvers.writing.outcome import MAX_IDS, NOT_THERE, NOT_YOURS, TOO_MANY_IDS, Fault, FaultFound, UserError


@dataclass(frozen=True, slots=True)
class Targets:
    """Local ids of the caller's own, each once and in order, with the global id and the place it was given at."""

    ids: dict[str, tuple[str, int]] = field(default_factory=dict)
    refused: dict[int, tuple[str, Fault]] = field(default_factory=dict)
    """By place: the id as given, and why not."""

    def told(self, faults: Mapping[str, Fault | None], *path: str) -> tuple[UserError, ...]:
        """Everything that went wrong, in the order asked; `faults` by local id, None is none."""
        wrong = dict(self.refused)
        wrong.update({self.ids[i][1]: (self.ids[i][0], f) for i, f in faults.items() if f is not None})
        return tuple(UserError.of(f, (*path, str(at)), text) for at, (text, f) in sorted(wrong.items()))


def decoded(desk: MutationContext, text: str, type_name: str) -> GlobalId | None:
    """What an id stands for; None unless it is one of this type."""
    try:
        known = desk.sources.ids.decode(text)
    except BadId:
        return None
    return known if known.type == type_name else None


def resolve_targets(
    desk: MutationContext, given: Sequence[str], type_name: str, *path: str
) -> tuple[Targets, dict[int, tuple[str, GlobalId]]]:
    """Sorts ids into the caller's own, other owners' (by place), and none at all. Raises `FaultFound` for too many."""
    if len(given) > MAX_IDS:
        raise FaultFound(TOO_MANY_IDS, *path)
    chosen, foreign = Targets(), dict[int, tuple[str, GlobalId]]()
    seen: set[str] = set()
    for at, text in enumerate(given):
        if text in seen:
            continue
        seen.add(text)
        known = decoded(desk, text, type_name)
        if known is None:
            chosen.refused[at] = (text, NOT_THERE)
        elif known.owner != desk.owner:
            foreign[at] = (text, known)
        else:
            chosen.ids.setdefault(known.local, (text, at))
    return chosen, foreign


async def chosen_photos(desk: MutationContext, given: Sequence[str], *path: str) -> Targets:
    """Photos to change. Those of others are FORBIDDEN when a share shows them, else they are not there."""
    chosen, foreign = resolve_targets(desk, given, "Photo", *path)
    keys = {at: PhotoKey(known.owner, known.local) for at, (_, known) in foreign.items()}
    seen = await desk.sources.photos.by_ids(desk.scope, list(keys.values())) if keys else {}
    for at, key in keys.items():
        chosen.refused[at] = (foreign[at][0], NOT_YOURS if key in seen else NOT_THERE)
    return chosen


async def own_album(desk: MutationContext, text: str, *path: str) -> AlbumRecord:
    """An album to change; raises `FaultFound`."""
    known = decoded(desk, text, "Album")
    if known is None:
        raise FaultFound(NOT_THERE, *path, node=text)
    key = AlbumKey(known.owner, known.local)
    if known.owner != desk.owner:
        shown = await desk.sources.albums.by_ids(desk.scope, [key])
        raise FaultFound(NOT_YOURS if shown else NOT_THERE, *path, node=text)
    record = (await desk.sources.albums.raw([key])).get(key)
    if record is None or record.deleted:
        raise FaultFound(NOT_THERE, *path, node=text)
    return record


async def own_person(desk: MutationContext, text: str, *path: str) -> PersonRecord:
    """A person to change; nobody sees others' people. Raises `FaultFound`."""
    known = decoded(desk, text, "Person")
    if known is None or known.owner != desk.owner:
        raise FaultFound(NOT_THERE, *path, node=text)
    key = PersonKey(known.owner, known.local)
    record = (await desk.sources.people.raw([key])).get(key)
    if record is None or record.merged_into is not None:
        raise FaultFound(NOT_THERE, *path, node=text)
    return record
