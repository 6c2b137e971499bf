"""The mutations that update, trash, restore and delete photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace as changed

from datasources.tables.photos import SeenPhoto, tombstone
from resolvers.context import Context
from resolvers.writing.mutation import MutationContext, mutate
from resolvers.writing.outcome import MODIFIED, Outcome, invalid, rejected
from resolvers.writing.photo_patch import PhotoValues, photo_patch
from resolvers.writing.photo_writes import MAX_TRIES, Edit, EditResult, edit_each, write_photos
from resolvers.writing.targets import photo_targets

_ONE_ONLY = invalid("can be used with exactly one photo only")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoIds:
    """Input of `trashPhotos`, `restorePhotos` and `deletePhotos`: global ids."""

    ids: Sequence[str]
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePhotos(PhotoIds):
    """Input of `updatePhotos`; `if_version` is allowed with exactly one photo."""

    values: PhotoValues = field(default_factory=PhotoValues)
    if_version: int | None = None


async def update_photos(context: Context, given: UpdatePhotos) -> Outcome:
    """Changes the same fields of many photos."""
    return await mutate(context, "updatePhotos", given, _update)


async def trash_photos(context: Context, given: PhotoIds) -> Outcome:
    """Moves photos to the trash; photos already there keep their date."""
    return await mutate(context, "trashPhotos", given, _trash)


async def restore_photos(context: Context, given: PhotoIds) -> Outcome:
    """Restores photos from the trash."""
    return await mutate(context, "restorePhotos", given, _restore)


async def delete_photos(context: Context, given: PhotoIds) -> Outcome:
    """Deletes photos permanently, whether they are in the trash or not."""
    return await mutate(context, "deletePhotos", given, _delete)


async def _update(mutation: MutationContext, given: UpdatePhotos) -> Outcome:
    edit: Edit = await photo_patch(mutation, given.values)
    if given.if_version is None:
        return await _write(mutation, given, edit)
    if len(set(given.ids)) != 1:
        return rejected(_ONE_ONLY, "ifVersion")
    return await _write(mutation, given, _if_version(given.if_version, edit), tries=1)


async def _trash(mutation: MutationContext, given: PhotoIds) -> Outcome:
    now = mutation.sources.now_ms()
    return await _write(mutation, given, edit_each(lambda r: r if r.trashed_at_ms is not None else changed(r, trashed_at_ms=now)))


async def _restore(mutation: MutationContext, given: PhotoIds) -> Outcome:
    return await _write(mutation, given, edit_each(lambda r: changed(r, trashed_at_ms=None)))


async def _delete(mutation: MutationContext, given: PhotoIds) -> Outcome:
    done = await _write(mutation, given, edit_each(tombstone))
    return Outcome(removed=done.photos, errors=done.errors)


async def _write(mutation: MutationContext, given: PhotoIds, edit: Edit, *, tries: int = MAX_TRIES) -> Outcome:
    targets = await photo_targets(mutation, given.ids, "ids")
    faults = await write_photos(mutation, list(targets.ids), edit, tries=tries)
    done = tuple(i for i in targets.ids if faults[i] is None)
    return Outcome(photos=done, errors=targets.user_errors(faults, "ids"))


def _if_version(version: int, edit: Edit) -> Edit:
    async def checked(photos: Sequence[SeenPhoto]) -> Sequence[EditResult]:
        if any(p.record.version != version for p in photos):
            return [MODIFIED for _ in photos]
        return await edit(photos)

    return checked
