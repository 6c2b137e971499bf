"""Changing photos, putting them in the trash and taking them out, and removing them for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace as changed

from datasources.tables.photos import SeenPhoto, tombstone
from resolvers.context import Context
from resolvers.writing.mutation import MutationContext, mutate
from resolvers.writing.outcome import CHANGED, Outcome, invalid, refused
from resolvers.writing.photo_patch import PhotoValues, photo_edit
from resolvers.writing.photo_writes import TRIES, Edit, Step, each, write_photos
from resolvers.writing.targets import chosen_photos

_ONE_ONLY = invalid("goes with a single photo")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoIds:
    """Which photos, by global id."""

    ids: Sequence[str]
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePhotos(PhotoIds):
    """New values for photos; `if_version` is for a single one."""

    values: PhotoValues = field(default_factory=PhotoValues)
    if_version: int | None = None


async def update_photos(context: Context, given: UpdatePhotos) -> Outcome:
    """Changes the same fields of many photos."""
    return await mutate(context, "updatePhotos", given, _update)


async def trash_photos(context: Context, given: PhotoIds) -> Outcome:
    """Puts photos in the trash; those that lie there stay as they are."""
    return await mutate(context, "trashPhotos", given, _trash)


async def restore_photos(context: Context, given: PhotoIds) -> Outcome:
    """Takes photos out of the trash."""
    return await mutate(context, "restorePhotos", given, _restore)


async def delete_photos(context: Context, given: PhotoIds) -> Outcome:
    """Removes photos for good, from the trash or directly."""
    return await mutate(context, "deletePhotos", given, _delete)


async def _update(desk: MutationContext, given: UpdatePhotos) -> Outcome:
    edit: Edit = await photo_edit(desk, given.values)
    if given.if_version is None:
        return await _write(desk, given, edit)
    if len(set(given.ids)) != 1:
        return refused(_ONE_ONLY, "ifVersion")
    return await _write(desk, given, _if_version(given.if_version, edit), tries=1)


async def _trash(desk: MutationContext, given: PhotoIds) -> Outcome:
    now = desk.sources.now_ms()
    return await _write(desk, given, each(lambda r: r if r.trashed_at_ms is not None else changed(r, trashed_at_ms=now)))


async def _restore(desk: MutationContext, given: PhotoIds) -> Outcome:
    return await _write(desk, given, each(lambda r: changed(r, trashed_at_ms=None)))


async def _delete(desk: MutationContext, given: PhotoIds) -> Outcome:
    done = await _write(desk, given, each(tombstone))
    return Outcome(gone=done.photos, errors=done.errors)


async def _write(desk: MutationContext, given: PhotoIds, edit: Edit, *, tries: int = TRIES) -> Outcome:
    chosen = await chosen_photos(desk, given.ids, "ids")
    faults = await write_photos(desk, list(chosen.ids), edit, tries=tries)
    done = tuple(i for i in chosen.ids if faults[i] is None)
    return Outcome(photos=done, errors=chosen.told(faults, "ids"))


def _if_version(version: int, edit: Edit) -> Edit:
    async def checked(photos: Sequence[SeenPhoto]) -> Sequence[Step]:
        if any(p.record.version != version for p in photos):
            return [CHANGED for _ in photos]
        return await edit(photos)

    return checked
