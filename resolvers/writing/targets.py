"""Resolves the global ids in a mutation's input to the caller's own objects, and to faults for all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from access.ids import GlobalId, InvalidId
from datasources.photo_key import PhotoKey
from datasources.tables.albums import AlbumKey, AlbumRecord
from datasources.tables.people import PersonKey, PersonRecord
from resolvers.writing.mutation import MutationContext
from resolvers.writing.outcome import MAX_IDS, NOT_FOUND, NOT_OWNER, TOO_MANY_IDS, Fault, FaultError, UserError


@dataclass(frozen=True, slots=True)
class Targets:
    """Distinct local ids of the caller's own objects in order, each with its global id and position in the input."""

    ids: dict[str, tuple[str, int]] = field(default_factory=dict)
    rejected: dict[int, tuple[str, Fault]] = field(default_factory=dict)
    """Rejected ids by position: the given id and its fault."""

    def user_errors(self, faults: Mapping[str, Fault | None], *path: str) -> tuple[UserError, ...]:
        """All errors in the order of the input; `faults` are those of the write by local id."""
        errors = dict(self.rejected)
        errors.update({self.ids[i][1]: (self.ids[i][0], f) for i, f in faults.items() if f is not None})
        return tuple(UserError.of(f, (*path, str(at)), text) for at, (text, f) in sorted(errors.items()))


def decode_id(mutation: MutationContext, text: str, type_name: str) -> GlobalId | None:
    """The decoded global id; None if it is invalid or of another type."""
    try:
        known = mutation.sources.ids.decode(text)
    except InvalidId:
        return None
    return known if known.type == type_name else None


def resolve_targets(
    mutation: MutationContext, given: Sequence[str], type_name: str, *path: str
) -> tuple[Targets, dict[int, tuple[str, GlobalId]]]:
    """The caller's own objects with rejected ids, and other owners' objects by position. Raises `FaultError` for too many."""
    if len(given) > MAX_IDS:
        raise FaultError(TOO_MANY_IDS, *path)
    targets, foreign = Targets(), dict[int, tuple[str, GlobalId]]()
    seen: set[str] = set()
    for at, text in enumerate(given):
        if text in seen:
            continue
        seen.add(text)
        known = decode_id(mutation, text, type_name)
        if known is None:
            targets.rejected[at] = (text, NOT_FOUND)
        elif known.owner != mutation.owner:
            foreign[at] = (text, known)
        else:
            targets.ids.setdefault(known.local, (text, at))
    return targets, foreign


async def photo_targets(mutation: MutationContext, given: Sequence[str], *path: str) -> Targets:
    """Photos to change. Other owners' photos are FORBIDDEN if the caller can see them, otherwise NOT_FOUND."""
    targets, foreign = resolve_targets(mutation, given, "Photo", *path)
    keys = {at: PhotoKey(known.owner, known.local) for at, (_, known) in foreign.items()}
    seen = await mutation.sources.photos.by_ids(mutation.scope, list(keys.values())) if keys else {}
    for at, key in keys.items():
        targets.rejected[at] = (foreign[at][0], NOT_OWNER if key in seen else NOT_FOUND)
    return targets


async def own_album(mutation: MutationContext, text: str, *path: str) -> AlbumRecord:
    """One of the caller's albums; raises `FaultError`."""
    known = decode_id(mutation, text, "Album")
    if known is None:
        raise FaultError(NOT_FOUND, *path, node=text)
    key = AlbumKey(known.owner, known.local)
    if known.owner != mutation.owner:
        shown = await mutation.sources.albums.by_ids(mutation.scope, [key])
        raise FaultError(NOT_OWNER if shown else NOT_FOUND, *path, node=text)
    record = (await mutation.sources.albums.raw([key])).get(key)
    if record is None or record.deleted:
        raise FaultError(NOT_FOUND, *path, node=text)
    return record


async def own_person(mutation: MutationContext, text: str, *path: str) -> PersonRecord:
    """One of the caller's people; raises `FaultError`. Other owners' people are NOT_FOUND, because they are never visible."""
    known = decode_id(mutation, text, "Person")
    if known is None or known.owner != mutation.owner:
        raise FaultError(NOT_FOUND, *path, node=text)
    key = PersonKey(known.owner, known.local)
    record = (await mutation.sources.people.raw([key])).get(key)
    if record is None or record.merged_into is not None:
        raise FaultError(NOT_FOUND, *path, node=text)
    return record
