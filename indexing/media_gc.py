"""What goes with a photo that was deleted for good: its row among the pictures and its files, those that no other one needs."""

from __future__ import annotations

from collections.abc import Sequence

from datasources import Sources
from datasources.photo_key import PhotoKey
from datasources.tables.pictures import PictureRecord


async def clear(sources: Sources, deleted: Sequence[PhotoKey]) -> None:
    """Idempotent: whoever follows the feed of changes may do it again. Files first, so that a row never outlives us alone."""
    gone = await sources.pictures.raw(deleted) if deleted else {}
    for record in gone.values():
        await sources.originals.delete(record.owner, await _unneeded(sources, record, set(deleted)))
    if gone:
        await sources.pictures.delete_many(gone.values())


async def _unneeded(sources: Sources, record: PictureRecord, deleted: set[PhotoKey]) -> list[str]:
    """Photos with the same bytes are twins, and share one file."""
    twins = [key for t in record.twins if (key := PhotoKey(record.owner, t)) not in deleted]
    others = await sources.pictures.raw(twins) if twins else {}
    needed = {name for other in others.values() for name in other.files}
    return [name for name in record.files if name not in needed]
