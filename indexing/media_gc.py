"""Deletes the picture record of a deleted photo and those of its files that no other photo references."""

from __future__ import annotations

from collections.abc import Sequence

from datasources import Sources
from datasources.photo_key import PhotoKey
from datasources.tables.pictures import PictureRecord


async def delete_unreferenced_media(sources: Sources, deleted: Sequence[PhotoKey]) -> None:
    """Idempotent. Files are deleted before their record: after an interruption the record still names them."""
    pictures = await sources.pictures.raw(deleted) if deleted else {}
    for record in pictures.values():
        await sources.originals.delete(record.owner, await _unreferenced_files(sources, record, set(deleted)))
    if pictures:
        await sources.pictures.delete_many(pictures.values())


async def _unreferenced_files(sources: Sources, record: PictureRecord, deleted: set[PhotoKey]) -> list[str]:
    """Near-duplicates with the same bytes share one file."""
    near_duplicates = [key for t in record.near_duplicates if (key := PhotoKey(record.owner, t)) not in deleted]
    others = await sources.pictures.raw(near_duplicates) if near_duplicates else {}
    needed = {name for other in others.values() for name in other.files}
    return [name for name in record.files if name not in needed]
