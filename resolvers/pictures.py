"""The images of a photo as its viewer may fetch them: signed URLs, sizes and placeholders."""

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

MEDIA: Final = "/media"
RENDITION: Final = "image"
ORIGINAL: Final = "original"
MOTION_TYPE: Final = "video/quicktime"
"""Of the films of live photos that were imported before their types were stored."""
TYPES: Final = {"JPEG": "image/jpeg", "WEBP": "image/webp", "AVIF": "image/avif"}


@dataclass(frozen=True, slots=True)
class SeenImage:
    """A file of a picture, and the time at which its URL expires."""

    url: str
    size: Size
    content_type: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """The requested box in pixels, whether to fill it (`cover`), and the encoding."""

    width: int | None
    height: int | None
    cover: bool
    encoding: str


async def image(context: Context, photo: SeenPhoto, request: ImageRequest) -> SeenImage | None:
    """The smallest rendition of the size ladder that satisfies the request, at most as large as the picture; None without one."""
    if any(side is not None and side < 1 for side in (request.width, request.height)):
        raise BadInput("width and height must be at least 1 pixel", "IMAGE_SIZE")
    source, real = await _rendition_source(context, photo)
    if source is None or real is None:
        return None
    if request.cover and request.width is not None and request.height is not None:
        size = covering(real, request.width, request.height)
    else:
        size = inside(real, request.width, request.height)
    path = (RENDITION, *photo.key, source, str(size.width), str(size.height), request.encoding)
    return _signed_image(context, path, size, TYPES[request.encoding])


async def original(context: Context, photo: SeenPhoto) -> SeenImage | None:
    """The unchanged original file, with all of its metadata; None if there is none or this viewer may not have it."""
    if not may_have_original(photo):
        return None
    picture = await context.picture(photo)
    if picture is None or picture.record.original is None:
        return None
    record = picture.record
    size = Size(record.width or photo.record.width or 0, record.height or photo.record.height or 0)
    path = (ORIGINAL, *photo.key, picture.record.original)
    return _signed_image(context, path, size, record.content_type or photo.record.content_type or "application/octet-stream")


async def motion(context: Context, photo: SeenPhoto) -> SeenImage | None:
    """The film of a live photo, with its metadata; None if there is none or this viewer may not have originals."""
    if not may_have_original(photo):
        return None
    picture = await context.picture(photo)
    if picture is None or picture.record.motion is None:
        return None
    record = picture.record
    size = Size(record.width or photo.record.width or 0, record.height or photo.record.height or 0)
    return _signed_image(context, (ORIGINAL, *photo.key, picture.record.motion), size, record.motion_type or MOTION_TYPE)


def may_have_original(photo: SeenPhoto) -> bool:
    """Whether this viewer may have the original, which contains metadata: owners, and grantees whose share includes originals."""
    return photo.visibility.may(DataClass.PICTURE) and photo.visibility.originals


async def placeholder(context: Context, photo: SeenPhoto) -> bytes | None:
    """The ThumbHash of the picture; None if there is none."""
    picture = await context.picture(photo)
    shown = picture.shown if picture else None
    return shown.thumbhash if shown and shown.thumbhash else None


async def duplicates(context: Context, photo: SeenPhoto, first: int) -> Sequence[SeenPhoto]:
    """Near-duplicates of the same owner that this viewer may see, at most `first`; photos in the trash are left out."""
    picture = await context.picture(photo)
    near_duplicates = picture.record.near_duplicates if picture else ()
    found = await context.photos.many([PhotoKey(photo.record.owner, t) for t in near_duplicates])
    return [p for p in found if p.record.state != "TRASHED"][:first]


async def _rendition_source(context: Context, photo: SeenPhoto) -> tuple[str | None, Size | None]:
    """The name of the file from which renditions are made, and its upright size."""
    picture = await context.picture(photo)
    if picture is None or picture.record.width is None or picture.record.height is None:
        return None, None
    return picture.record.source, Size(picture.record.width, picture.record.height)


def _signed_image(context: Context, path: Sequence[str], size: Size, content_type: str) -> SeenImage:
    expires_s = window_end(context.sources.now_ms() / 1_000)
    text = context.sources.signer.sign(MEDIA, context.viewer, path, expires_s=expires_s)
    return SeenImage(f"{context.public_url}{MEDIA}/{text}", size, content_type, datetime.fromtimestamp(expires_s, UTC))
