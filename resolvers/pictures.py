"""The picture of a photo as its viewer may fetch it: an address, its real size, and what stands in for it until it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from access.classes import DataClass
from access.signing import window_end
from datasources.photo_key import PhotoKey
from datasources.tables.photos import SeenPhoto
from pictures.size_ladder import Size, covering, inside
from resolvers.context import Context
from resolvers.errors import BadInput
from resolvers.placeholders import subject_of

MEDIA: Final = "/media"
RENDITION: Final = "image"
ORIGINAL: Final = "original"
DRAWN: Final = "drawn"
"""Stands where the name of a file would: the demo's pictures have none."""
TYPES: Final = {"JPEG": "image/jpeg", "WEBP": "image/webp", "AVIF": "image/avif"}


@dataclass(frozen=True, slots=True)
class SeenImage:
    """A file of a picture, and until when it can be fetched."""

    url: str
    size: Size
    content_type: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asked for: sizes in pixels, whether to fill them, and the encoding."""

    width: int | None
    height: int | None
    cover: bool
    encoding: str


async def image(context: Context, photo: SeenPhoto, wish: Wish) -> SeenImage | None:
    """The next rung of the ladder, never larger than the picture; None when there is no picture."""
    if any(side is not None and side < 1 for side in (wish.width, wish.height)):
        raise BadInput("a size begins at one pixel", "IMAGE_SIZE")
    source, real = await _source(context, photo)
    if source is None or real is None:
        return None
    if wish.cover and wish.width is not None and wish.height is not None:
        size = covering(real, wish.width, wish.height)
    else:
        size = inside(real, wish.width, wish.height)
    what = (RENDITION, *photo.key, source, str(size.width), str(size.height), wish.encoding)
    return _signed(context, what, size, TYPES[wish.encoding])


async def original(context: Context, photo: SeenPhoto) -> SeenImage | None:
    """The file as it was given, with everything it tells; None when there is none or this viewer may not have it."""
    if not may_have_original(photo):
        return None
    picture = await context.picture(photo)
    if picture is None or picture.record.original is None:
        return None
    record = picture.record
    size = Size(record.width or photo.record.width or 0, record.height or photo.record.height or 0)
    what = (ORIGINAL, *photo.key, picture.record.original)
    return _signed(context, what, size, record.content_type or photo.record.content_type or "application/octet-stream")


def may_have_original(photo: SeenPhoto) -> bool:
    """An original tells all that its file does: owners, and those whom a share gives it."""
    return photo.sight.may(DataClass.PICTURE) and photo.sight.originals


async def placeholder(context: Context, photo: SeenPhoto) -> bytes | None:
    """A ThumbHash; None when there is nothing to show."""
    if photo.record.drawn:
        return await context.drawn_placeholders.one(subject_of(photo.record))
    picture = await context.picture(photo)
    shown = picture.shown if picture else None
    return shown.thumbhash if shown and shown.thumbhash else None


async def duplicates(context: Context, photo: SeenPhoto, first: int) -> Sequence[SeenPhoto]:
    """Photos of the same owner that show the same picture, those that this viewer may see; what is in the trash is no double."""
    picture = await context.picture(photo)
    twins = picture.record.twins if picture else ()
    found = await context.photos.many([PhotoKey(photo.record.owner, t) for t in twins])
    return [p for p in found if p.record.state != "TRASHED"][:first]


async def _source(context: Context, photo: SeenPhoto) -> tuple[str | None, Size | None]:
    """What renditions are made of, and its size as shown."""
    record = photo.record
    if record.drawn:
        return DRAWN, Size(record.width, record.height) if record.width and record.height else None
    picture = await context.picture(photo)
    if picture is None or picture.record.width is None or picture.record.height is None:
        return None, None
    return picture.record.source, Size(picture.record.width, picture.record.height)


def _signed(context: Context, what: Sequence[str], size: Size, content_type: str) -> SeenImage:
    expires_s = window_end(context.sources.now_ms() / 1_000)
    text = context.sources.signer.sign(MEDIA, context.viewer, what, expires_s=expires_s)
    return SeenImage(f"{context.public_url}{MEDIA}/{text}", size, content_type, datetime.fromtimestamp(expires_s, UTC))
