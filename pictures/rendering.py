"""Renditions: a picture at one size in one encoding, and not a byte of what else its file told.

Nothing is copied from the source but pixels: encoders are given a fresh picture without `info`, so there is no EXIF, XMP,
IPTC, comment, thumbnail or profile left to forget. sRGB needs no profile: that is what a picture without one is.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, BinaryIO, Final

from PIL import Image

from pictures.decoding import UnrenderableImage, fitted, opened, pixels, upright_size
from pictures.drawing import Subject, draw
from pictures.size_ladder import Size

FORMATS: Final = {"JPEG": "image/jpeg", "WEBP": "image/webp", "AVIF": "image/avif"}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "JPEG": {"quality": 82, "progressive": True, "optimize": True},
    "WEBP": {"quality": 80, "method": 4},
    "AVIF": {"quality": 62, "speed": 8, "max_threads": 1},
}


def rendered(file: BinaryIO, size: Size, encoding: str) -> bytes:
    """A picture's file as a rendition of exactly this size. Raises `Unshowable`, or what Pillow raises for broken files."""
    picture = opened(file)
    real = upright_size(picture)
    if size.width > real.width or size.height > real.height:
        raise UnrenderableImage("is smaller than was promised")
    cut = max(size.width / real.width, size.height / real.height)
    at_least = Size(round(real.width * cut), round(real.height * cut))
    return encoded(fitted(pixels(picture, at_least), size), encoding)


def drawn(subject: Subject, whole: Size, size: Size, encoding: str) -> bytes:
    """A drawing of the demo as a rendition; `whole` is the size that its photo is said to have."""
    cut = max(size.width / whole.width, size.height / whole.height)
    at_least = Size(max(round(whole.width * cut), size.width), max(round(whole.height * cut), size.height))
    return encoded(fitted(draw(subject, at_least), size), encoding)


def blank(size: Size, encoding: str) -> bytes:
    """What is shown where there is nothing to show."""
    return encoded(Image.new("RGB", size, (214, 214, 214)), encoding)


def encoded(picture: Image.Image, encoding: str) -> bytes:
    """The bytes of an RGB picture that carries nothing but pixels."""
    if picture.info:
        picture = Image.frombytes("RGB", picture.size, picture.tobytes())
    out = BytesIO()
    picture.save(out, encoding, **_OPTIONS[encoding])
    return out.getvalue()
