"""Making, changing, filling and deleting albums. Which photos lie in an album is told by the photos."""

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
    CHANGED,
    NOT_THERE,
    Absent,
    ErrorCode,
    Fault,
    FaultFound,
    Outcome,
    UserError,
    invalid,
)
from resolvers.writing.photo_members import photo_members
from resolvers.writing.photo_writes import TRIES, each, write_photos
from resolvers.writing.targets import Targets, chosen_photos, decoded, own_album

MAX_ALBUMS = 100
"""Albums that one photo can lie in (DECISIONS 10)."""
_DAY_MS = 86_400_000
_FULL = Fault(ErrorCode.LIMIT, f"a photo can lie in {MAX_ALBUMS} albums")
_NOT_IN_ALBUM = invalid("is no photo of this album")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAlbum:
    """A title, and photos to begin with."""

    title: str
    photo_ids: Sequence[str] = ()
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumValues:
    """Absent stays, null clears."""

    title: str | Absent | None = ABSENT
    cover_id: str | Absent | None = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAlbum:
    """New values for an album."""

    id: str
    values: AlbumValues = field(default_factory=AlbumValues)
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumPhotos:
    """Photos to put in an album, or to take out."""

    album_id: str
    photo_ids: Sequence[str]
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAlbum:
    """Which album."""

    id: str
    client_mutation_id: str | None = None


async def create_album(context: Context, given: CreateAlbum) -> Outcome:
    """Makes an album; photos that cannot be put in it are told and cost nothing else."""
    return await mutate(context, "createAlbum", given, _create)


async def update_album(context: Context, given: UpdateAlbum) -> Outcome:
    """Changes an album's title and cover."""
    return await mutate(context, "updateAlbum", given, _update)


async def add_to_album(context: Context, given: AlbumPhotos) -> Outcome:
    """Puts photos in an album; `photos` are those that lie in it now."""
    return await mutate(context, "addToAlbum", given, _add)


async def remove_from_album(context: Context, given: AlbumPhotos) -> Outcome:
    """Takes photos out of an album; `gone` are those that do not lie in it now."""
    return await mutate(context, "removeFromAlbum", given, _remove)


async def delete_album(context: Context, given: DeleteAlbum) -> Outcome:
    """Deletes an album and its shares; its photos stay."""
    return await mutate(context, "deleteAlbum", given, _delete)


async def _create(desk: MutationContext, given: CreateAlbum) -> Outcome:
    title = text_normalization.line(given.title, "title")
    chosen = await chosen_photos(desk, given.photo_ids, "photoIds")
    album = await _made(desk, title, given.client_mutation_id)
    faults = await _put_in(desk, album, list(chosen.ids))
    return Outcome(node=album, photos=_done(chosen, faults), errors=chosen.told(faults, "photoIds"))


async def _made(desk: MutationContext, title: str, client_id: str | None) -> str:
    """The local id of a new album. Of one mutation id it is the same, so that a try that died half way is taken up again."""
    now = desk.sources.now_ms()
    if client_id is not None:
        local = desk.sources.ids.local_id("album made", desk.owner, client_id)
        record = (await desk.sources.albums.raw([AlbumKey(desk.owner, local)])).get(AlbumKey(desk.owner, local))
        if record is not None and not record.deleted and now - record.created_at_ms < _DAY_MS:
            return local
        if record is None and await _save_new(desk, local, title, now):
            return local
    local = uuid4().hex
    if not await _save_new(desk, local, title, now):
        raise FaultFound(CHANGED)
    return local


async def _save_new(desk: MutationContext, local: str, title: str, now_ms: int) -> bool:
    fresh = AlbumRecord(owner=desk.owner, id=local, version=0, created_at_ms=now_ms)
    return await desk.sources.albums.save(fresh, title=title) is not None


async def _update(desk: MutationContext, given: UpdateAlbum) -> Outcome:
    values = given.values
    title = text_normalization.line(values.title, "set", "title") if isinstance(values.title, str) else values.title
    for _ in range(TRIES):
        record = await own_album(desk, given.id, "id")
        new = record
        if values.cover_id is not ABSENT:
            new = changed(new, cover=await _cover(desk, record, values.cover_id))
        if title is None:
            new = changed(new, sealed={})
        if new == record and not isinstance(title, str):
            return Outcome(node=record.id)
        if await desk.sources.albums.save(new, title=title if isinstance(title, str) else None) is not None:
            return Outcome(node=record.id)
    return Outcome(errors=(UserError.of(CHANGED, ("id",), given.id),))


async def _cover(desk: MutationContext, album: AlbumRecord, given: str | None) -> str | None:
    if given is None:
        return None
    known = decoded(desk, given, "Photo")
    key = None if known is None or known.owner != desk.owner else PhotoKey(known.owner, known.local)
    record = None if key is None else (await desk.sources.photos.raw([key])).get(key)
    if record is None or record.deleted:
        raise FaultFound(NOT_THERE, "set", "coverId", node=given)
    if album.id not in record.albums:
        raise FaultFound(_NOT_IN_ALBUM, "set", "coverId", node=given)
    return record.id


async def _add(desk: MutationContext, given: AlbumPhotos) -> Outcome:
    album = await own_album(desk, given.album_id, "albumId")
    chosen = await chosen_photos(desk, given.photo_ids, "photoIds")
    faults = await _put_in(desk, album.id, list(chosen.ids))
    try:
        await own_album(desk, given.album_id, "albumId")
    except FaultFound:
        # Deleted meanwhile: whoever deleted it may have looked for its photos before these were in it.
        await write_photos(desk, list(chosen.ids), each(_without(album.id)))
        raise
    return Outcome(node=album.id, photos=_done(chosen, faults), errors=chosen.told(faults, "photoIds"))


async def _remove(desk: MutationContext, given: AlbumPhotos) -> Outcome:
    album = await own_album(desk, given.album_id, "albumId")
    chosen = await chosen_photos(desk, given.photo_ids, "photoIds")
    faults = await write_photos(desk, list(chosen.ids), each(_without(album.id)))
    out = _done(chosen, faults)
    if album.cover in out:
        # Lost to a concurrent change of the album it does no harm: readers check that a cover can be seen.
        await desk.sources.albums.save(changed(album, cover=None))
    return Outcome(node=album.id, gone=out, errors=chosen.told(faults, "photoIds"))


async def _delete(desk: MutationContext, given: DeleteAlbum) -> Outcome:
    """First nobody can add to it, then nobody else can see it, then its photos forget it; each step can be done again."""
    album = await _buried(desk, given.id)
    await desk.sources.grants.remove(await desk.sources.grants.of_album(desk.owner, album))
    async for ids in photo_members(desk, Field.ALBUM, [album], lambda r: album in r.albums):
        await write_photos(desk, ids, each(_without(album)))
    return Outcome(gone=(album,))


async def _buried(desk: MutationContext, text: str) -> str:
    for _ in range(TRIES):
        record = await own_album(desk, text, "id")
        if await desk.sources.albums.save(changed(record, deleted=True, cover=None)) is not None:
            return record.id
    raise FaultFound(CHANGED, "id", node=text)


async def _put_in(desk: MutationContext, album: str, ids: Sequence[str]) -> dict[str, Fault | None]:
    def put(record: PhotoRecord) -> PhotoRecord | Fault:
        if album in record.albums:
            return record
        return _FULL if len(record.albums) >= MAX_ALBUMS else changed(record, albums=(*record.albums, album))

    return await write_photos(desk, ids, each(put))


def _without(album: str) -> Callable[[PhotoRecord], PhotoRecord | Fault]:
    return lambda r: changed(r, albums=tuple(a for a in r.albums if a != album)) if album in r.albums else r


def _done(chosen: Targets, faults: dict[str, Fault | None]) -> tuple[str, ...]:
    return tuple(i for i in chosen.ids if faults[i] is None)
