"""The album mutations. The photo records store which albums they are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from msgspec.structs import replace as changed

from datasources.photo_key import PhotoKey
from datasources.search.conditions import Field
from datasources.tables.albums import AlbumKey, AlbumRecord
from datasources.tables.photos import PhotoRecord
from resolvers.context import Context
from resolvers.writing import text_normalization
from resolvers.writing.mutation import MutationContext, mutate
from resolvers.writing.outcome import (
    ABSENT,
    MODIFIED,
    NOT_FOUND,
    Absent,
    ErrorCode,
    Fault,
    FaultError,
    Outcome,
    UserError,
    invalid,
)
from resolvers.writing.photo_members import photo_members
from resolvers.writing.photo_writes import MAX_TRIES, edit_each, write_photos
from resolvers.writing.shares import end_shares
from resolvers.writing.targets import Targets, decode_id, own_album, photo_targets

MAX_ALBUMS = 100
"""Maximum number of albums of one photo, because the albums are stored in its record."""
_DAY_MS = 86_400_000
_FULL = Fault(ErrorCode.LIMIT, f"A photo can be in at most {MAX_ALBUMS} albums. Remove it from an album first.")
_NOT_IN_ALBUM = invalid("The photo is not in this album. Add it to the album first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAlbum:
    """Input of `createAlbum`."""

    title: str
    photo_ids: Sequence[str] = ()
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumValues:
    """New values: ABSENT keeps the stored value, None clears it."""

    title: str | Absent | None = ABSENT
    cover_id: str | Absent | None = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAlbum:
    """Input of `updateAlbum`."""

    id: str
    values: AlbumValues = field(default_factory=AlbumValues)
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumPhotos:
    """Input of `addToAlbum` and `removeFromAlbum`."""

    album_id: str
    photo_ids: Sequence[str]
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAlbum:
    """Input of `deleteAlbum`."""

    id: str
    client_mutation_id: str | None = None


async def create_album(context: Context, given: CreateAlbum) -> Outcome:
    """Creates an album with photos; photos that cannot be added are reported as errors."""
    return await mutate(context, "createAlbum", given, _create)


async def update_album(context: Context, given: UpdateAlbum) -> Outcome:
    """Changes an album's title and cover."""
    return await mutate(context, "updateAlbum", given, _update)


async def add_to_album(context: Context, given: AlbumPhotos) -> Outcome:
    """Adds photos to an album; `photos` are those that are in it afterwards."""
    return await mutate(context, "addToAlbum", given, _add)


async def remove_from_album(context: Context, given: AlbumPhotos) -> Outcome:
    """Removes photos from an album; `removed` are those that are not in it afterwards."""
    return await mutate(context, "removeFromAlbum", given, _remove)


async def delete_album(context: Context, given: DeleteAlbum) -> Outcome:
    """Deletes an album and its shares; its photos stay."""
    return await mutate(context, "deleteAlbum", given, _delete)


async def _create(mutation: MutationContext, given: CreateAlbum) -> Outcome:
    title = text_normalization.line(given.title, "title")
    targets = await photo_targets(mutation, given.photo_ids, "photoIds")
    album = await _create_once(mutation, title, given.client_mutation_id)
    faults = await _add_photos(mutation, album, list(targets.ids))
    return Outcome(node=album, photos=_succeeded(targets, faults), errors=targets.user_errors(faults, "photoIds"))


async def _create_once(mutation: MutationContext, title: str, client_id: str | None) -> str:
    """Creates an album and returns its local id. It is derived from the idempotency key, so an interrupted try is resumed."""
    now = mutation.sources.now_ms()
    if client_id is not None:
        local = mutation.sources.ids.local_id("album made", mutation.owner, client_id)
        record = (await mutation.sources.albums.raw([AlbumKey(mutation.owner, local)])).get(AlbumKey(mutation.owner, local))
        if record is not None and not record.deleted and now - record.created_at_ms < _DAY_MS:
            return local
        if record is None and await _save_new(mutation, local, title, now):
            return local
    local = uuid4().hex
    if not await _save_new(mutation, local, title, now):
        raise FaultError(MODIFIED)
    return local


async def _save_new(mutation: MutationContext, local: str, title: str, now_ms: int) -> bool:
    new = AlbumRecord(owner=mutation.owner, id=local, version=0, created_at_ms=now_ms)
    return await mutation.sources.albums.save(new, title=title) is not None


async def _update(mutation: MutationContext, given: UpdateAlbum) -> Outcome:
    values = given.values
    title = text_normalization.line(values.title, "set", "title") if isinstance(values.title, str) else values.title
    for _ in range(MAX_TRIES):
        record = await own_album(mutation, given.id, "id")
        new = record
        if values.cover_id is not ABSENT:
            new = changed(new, cover=await _cover(mutation, record, values.cover_id))
        if title is None:
            new = changed(new, sealed={})
        if new == record and not isinstance(title, str):
            return Outcome(node=record.id)
        if await mutation.sources.albums.save(new, title=title if isinstance(title, str) else None) is not None:
            return Outcome(node=record.id)
    return Outcome(errors=(UserError.of(MODIFIED, ("id",), given.id),))


async def _cover(mutation: MutationContext, album: AlbumRecord, given: str | None) -> str | None:
    if given is None:
        return None
    known = decode_id(mutation, given, "Photo")
    key = None if known is None or known.owner != mutation.owner else PhotoKey(known.owner, known.local)
    record = None if key is None else (await mutation.sources.photos.raw([key])).get(key)
    if record is None or record.deleted:
        raise FaultError(NOT_FOUND, "set", "coverId", node=given)
    if album.id not in record.albums:
        raise FaultError(_NOT_IN_ALBUM, "set", "coverId", node=given)
    return record.id


async def _add(mutation: MutationContext, given: AlbumPhotos) -> Outcome:
    album = await own_album(mutation, given.album_id, "albumId")
    targets = await photo_targets(mutation, given.photo_ids, "photoIds")
    faults = await _add_photos(mutation, album.id, list(targets.ids))
    try:
        await own_album(mutation, given.album_id, "albumId")
    except FaultError:
        # The album was deleted meanwhile, possibly before its deletion could see these photos: remove them again.
        await write_photos(mutation, list(targets.ids), edit_each(_removed_from(album.id)))
        raise
    return Outcome(node=album.id, photos=_succeeded(targets, faults), errors=targets.user_errors(faults, "photoIds"))


async def _remove(mutation: MutationContext, given: AlbumPhotos) -> Outcome:
    album = await own_album(mutation, given.album_id, "albumId")
    targets = await photo_targets(mutation, given.photo_ids, "photoIds")
    faults = await write_photos(mutation, list(targets.ids), edit_each(_removed_from(album.id)))
    removed = _succeeded(targets, faults)
    if album.cover in removed:
        # If a concurrent change wins, the old cover stays; that is harmless because readers check its visibility.
        await mutation.sources.albums.save(changed(album, cover=None))
    return Outcome(node=album.id, removed=removed, errors=targets.user_errors(faults, "photoIds"))


async def _delete(mutation: MutationContext, given: DeleteAlbum) -> Outcome:
    """Marks the album as deleted, then removes its shares, then removes it from its photos. Each step can be repeated."""
    album = await _mark_deleted(mutation, given.id)
    await end_shares(mutation, album)
    async for ids in photo_members(mutation, Field.ALBUM, [album], lambda r: album in r.albums):
        await write_photos(mutation, ids, edit_each(_removed_from(album)))
    return Outcome(removed=(album,))


async def _mark_deleted(mutation: MutationContext, text: str) -> str:
    for _ in range(MAX_TRIES):
        record = await own_album(mutation, text, "id")
        if await mutation.sources.albums.save(changed(record, deleted=True, cover=None)) is not None:
            return record.id
    raise FaultError(MODIFIED, "id", node=text)


async def _add_photos(mutation: MutationContext, album: str, ids: Sequence[str]) -> dict[str, Fault | None]:
    def put(record: PhotoRecord) -> PhotoRecord | Fault:
        if album in record.albums:
            return record
        return _FULL if len(record.albums) >= MAX_ALBUMS else changed(record, albums=(*record.albums, album))

    return await write_photos(mutation, ids, edit_each(put))


def _removed_from(album: str) -> Callable[[PhotoRecord], PhotoRecord | Fault]:
    return lambda r: changed(r, albums=tuple(a for a in r.albums if a != album)) if album in r.albums else r


def _succeeded(targets: Targets, faults: dict[str, Fault | None]) -> tuple[str, ...]:
    return tuple(i for i in targets.ids if faults[i] is None)
