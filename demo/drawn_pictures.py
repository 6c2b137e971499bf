"""Adapters that supply the pictures of demo photos: each JPEG is drawn when it is read, and no file is stored.

A demo photo has a row in the table of pictures like every photo with a referenced file. Its row names a poster, from which
renditions are made, and, if it is not a video, an original in full size.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from io import BytesIO
from typing import Final, NamedTuple

from PIL import Image

from access.classes import DataClass
from access.policy import Visibility
from access.scope import Scope
from datasources import Sources
from datasources.media.encrypted_blobs import Originals, OriginalStream
from datasources.photo_key import PhotoKey
from datasources.tables.photos import PhotoRecord, SeenPhoto
from datasources.tables.pictures import PictureRecord, Pictures, SeenPicture, Shown
from demo.drawing import Subject, draw
from pictures.size_ladder import RUNGS, Size
from pictures.thumbhash import thumbhash

_NOON: Final = 13
_THUMBHASH_SIDE: Final = 32
_DETAIL_SIDE: Final = 960
"""Drawings have no finer detail: larger ones are enlarged, which is faster than drawing them."""
_CACHE_BYTES: Final = 32 << 20
_CONCURRENT_DRAWINGS: Final = 2
_POSTER, _ORIGINAL = "drawn-poster-", "drawn-original-"


class Drawing(NamedTuple):
    """The subject of a drawing and the size of its photo."""

    subject: Subject
    size: Size


def drawing_of(photo: PhotoRecord) -> Drawing:
    """The drawing of a demo photo: its labels in descending order of confidence, and the hour at which it was taken."""
    labels = sorted(photo.labels, key=lambda label: -label.confidence)
    hour = int(photo.taken_local[11:13]) if photo.taken_local else _NOON
    subject = Subject(photo.id, tuple(label.concept for label in labels), hour)
    return Drawing(subject, Size(photo.width or 4, photo.height or 3))


def with_drawn_pictures(sources: Sources) -> Sources:
    """The sources of a data folder that contains the demo library."""
    pictures = DrawnPictures(sources.store, sources.keys)
    return replace(sources, pictures=pictures, originals=DrawnOriginals(sources))


async def add_picture_rows(sources: Sources, photos: Sequence[PhotoKey]) -> None:
    """Writes the picture rows of demo photos that exist and have none. Nothing is drawn."""
    existing = await sources.pictures.raw(photos)
    records = await sources.photos.raw([key for key in photos if key not in existing])
    await sources.pictures.save_many([(_row(photo), None) for photo in records.values() if not photo.deleted])


def _row(photo: PhotoRecord) -> PictureRecord:
    has_original = photo.width and photo.height and photo.media_type != "VIDEO"
    return PictureRecord(
        owner=photo.owner,
        id=photo.id,
        original=_ORIGINAL + photo.id if has_original else None,
        poster=_POSTER + photo.id,
        content_type="image/jpeg" if has_original else None,
        width=photo.width,
        height=photo.height,
        linked=True,
    )


@dataclass(frozen=True)
class _DrawnPicture(SeenPicture):
    drawing: Drawing

    @cached_property
    def shown(self) -> Shown:
        """The ThumbHash, computed at the first access."""
        return Shown(_thumbhash(self.drawing))


class DrawnPictures(Pictures):
    """The table of pictures, with the ThumbHashes of demo photos."""

    async def of_photos(self, scope: Scope, photos: Sequence[SeenPhoto]) -> Mapping[PhotoKey, SeenPicture]:
        """The pictures of visible photos, as `Pictures.of_photos` returns them."""
        records = {photo.key: photo.record for photo in photos}
        pictures = await super().of_photos(scope, photos)
        return {key: _with_thumbhash(picture, records[key]) for key, picture in pictures.items()}


def _with_thumbhash(picture: SeenPicture, photo: PhotoRecord) -> SeenPicture:
    if picture.record.poster != _POSTER + photo.id:
        return picture
    return _DrawnPicture(picture.record, picture.visibility, picture.keys, drawing_of(photo))


@lru_cache(maxsize=20_000)
def _thumbhash(drawing: Drawing) -> bytes:
    longer = max(drawing.size)
    small = Size(*(max(round(side * _THUMBHASH_SIDE / longer), 1) for side in drawing.size))
    return thumbhash(draw(drawing.subject, small))


class DrawnOriginals(Originals):
    """The originals, with the files of demo photos, which are drawn when they are read."""

    def __init__(self, sources: Sources) -> None:
        super().__init__(sources.media, sources.keys, sources.ids.local_id)
        self._photos = sources.photos
        self._drawn: OrderedDict[tuple[Drawing, bool], bytes] = OrderedDict()
        self._slots = asyncio.Semaphore(_CONCURRENT_DRAWINGS)

    async def open(self, visibility: Visibility, owner: str, name: str) -> OriginalStream | None:
        """The file, or None, as `Originals.open` returns it."""
        prefix = next((p for p in (_POSTER, _ORIGINAL) if name.startswith(p)), None)
        if prefix is None:
            return await super().open(visibility, owner, name)
        key = PhotoKey(owner, name.removeprefix(prefix))
        photo = (await self._photos.raw([key])).get(key) if visibility.may(DataClass.PICTURE) else None
        if photo is None or photo.deleted:
            return None
        data = await self._jpeg(drawing_of(photo), poster=prefix == _POSTER)

        async def read(start: int, end: int) -> AsyncIterator[bytes]:
            yield data[start:end]

        return OriginalStream(len(data), read)

    async def _jpeg(self, drawing: Drawing, *, poster: bool) -> bytes:
        async with self._slots:
            data = self._drawn.pop((drawing, poster), None)
            if data is None:
                data = await asyncio.to_thread(_jpeg, drawing, poster=poster)
        self._drawn[drawing, poster] = data
        while len(self._drawn) > 1 and sum(map(len, self._drawn.values())) > _CACHE_BYTES:
            self._drawn.popitem(last=False)
        return data


def _jpeg(drawing: Drawing, *, poster: bool) -> bytes:
    size = drawing.size
    # The largest rendition that covers a requested size needs this many pixels on the shorter side.
    if poster and min(size) > RUNGS[-1]:
        size = _scaled(size, RUNGS[-1] / min(size))
    detailed = _scaled(size, min(_DETAIL_SIDE / max(size), 1.0))
    picture = draw(drawing.subject, detailed)
    if detailed != size:
        picture = picture.resize(size, Image.Resampling.BILINEAR)
    out = BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def _scaled(size: Size, scale: float) -> Size:
    return Size(max(round(size.width * scale), 1), max(round(size.height * scale), 1))
