"""Renditions: a picture in one size and encoding without any metadata of its file.

Only pixels are copied: encoders get a new picture without `info`, so that EXIF, XMP, IPTC, comments, thumbnails and profiles
cannot remain. The colors are sRGB, which is the default without a profile.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, BinaryIO, Final

from PIL import Image

from pictures.decoding import UnrenderableImage, fitted, opened, pixels, upright_size
from pictures.size_ladder import Size

FORMATS: Final = {"JPEG": "image/jpeg", "WEBP": "image/webp", "AVIF": "image/avif"}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "JPEG": {"quality": 82, "progressive": True, "optimize": True},
    "WEBP": {"quality": 80, "method": 4},
    "AVIF": {"quality": 62, "speed": 8, "max_threads": 1},
}


def rendered(file: BinaryIO, size: Size, encoding: str) -> bytes:
    """The rendition of a file in exactly this size. Raises `UnrenderableImage`, or an error of Pillow for damaged files."""
    picture = opened(file)
    real = upright_size(picture)
    if size.width > real.width or size.height > real.height:
        raise UnrenderableImage("is smaller than its stored size")
    scale = max(size.width / real.width, size.height / real.height)
    at_least = Size(round(real.width * scale), round(real.height * scale))
    return encoded(fitted(pixels(picture, at_least), size), encoding)


def blank(size: Size, encoding: str) -> bytes:
    """A grey image."""
    return encoded(Image.new("RGB", size, (214, 214, 214)), encoding)


def encoded(picture: Image.Image, encoding: str) -> bytes:
    """An RGB picture in this encoding, without metadata."""
    if picture.info:
        picture = Image.frombytes("RGB", picture.size, picture.tobytes())
    out = BytesIO()
    picture.save(out, encoding, **_OPTIONS[encoding])
    return out.getvalue()
