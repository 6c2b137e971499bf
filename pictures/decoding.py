"""From the bytes of any picture to pixels as they are meant: upright, in sRGB, on white, and nothing else of the file.

Runs in worker processes only: what is opened here may be hostile.
"""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from typing import BinaryIO, Final

import numpy as np
from PIL import Image, ImageCms, ImageOps

from pictures.size_ladder import Size

FORMATS: Final = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "HEIF", "BMP")
MOST_PIXELS: Final = 120_000_000
"""Of formats that must be decoded whole; 3 bytes each, and as much again for turning."""
MOST_JPEG_PIXELS: Final = 600_000_000
"""A JPEG can be decoded at an eighth of its size."""
_SIDEWAYS: Final = {5, 6, 7, 8}
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_REDUCED: Final = {"RGB", "RGBA", "L", "CMYK"}
_ORIENTATION: Final = 0x0112
_SRGB: Final = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


class UnrenderableImage(Exception):
    """Not a picture that can be shown; the text is a phrase that follows its name."""


def opened(file: BinaryIO) -> Image.Image:
    """The header only. Raises `Unshowable`, or whatever Pillow raises for what is broken."""
    _know_heif()
    Image.MAX_IMAGE_PIXELS = None  # our own bounds follow, and they know what a JPEG costs
    Image.init()
    picture = Image.open(file, formats=[f for f in FORMATS if f in Image.OPEN])
    pixels = picture.width * picture.height
    if pixels > (MOST_JPEG_PIXELS if picture.format in {"JPEG", "MPO"} else MOST_PIXELS):
        raise UnrenderableImage("has more pixels than can be shown")
    return picture


def upright_size(picture: Image.Image) -> Size:
    """Its size as it will be shown."""
    turned = _turn(picture) in _SIDEWAYS
    return Size(picture.height, picture.width) if turned else Size(picture.width, picture.height)


def pixels(picture: Image.Image, at_least: Size) -> Image.Image:
    """An RGB picture of at least this size (or its own, if that is less), upright; its `info` is empty."""
    turn = _turn(picture)
    wanted = at_least if turn not in _SIDEWAYS else Size(at_least.height, at_least.width)
    profile = picture.info.get("icc_profile")
    picture.draft(None, wanted)
    picture.load()
    shown = _on_white(_in_srgb(_eight_bits(_shrunk(picture, wanted)), profile))
    clean = Image.new("RGB", shown.size)
    clean.paste(shown)
    return clean.transpose(_UPRIGHT[turn]) if turn in _UPRIGHT else clean


def fitted(picture: Image.Image, size: Size) -> Image.Image:
    """Exactly this size: its own shape scaled, another shape cut from the middle."""
    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS, centering=(0.5, 0.5))


def _turn(picture: Image.Image) -> int:
    """EXIF's orientation, as far as it is still to be done: Pillow turns TIFF files itself."""
    return 1 if picture.format == "TIFF" else int(picture.getexif().get(_ORIENTATION, 1))


def _shrunk(picture: Image.Image, wanted: Size) -> Image.Image:
    """By whole steps, and never below twice what is wanted: what is costly comes after."""
    factor = min(picture.width // wanted.width, picture.height // wanted.height) // 2
    return picture.reduce(factor) if factor > 1 and picture.mode in _REDUCED else picture


def _eight_bits(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.asarray(picture, dtype=np.float64)
        top = 65_535.0 if values.max(initial=0) > 255 else 255.0  # noqa: PLR2004
        return Image.fromarray((np.clip(values / top, 0, 1) * 255).astype(np.uint8), "L")
    if picture.mode == "P":
        return picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    return picture


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """By its profile; one that cannot be used is left aside, as browsers do."""
    if profile and picture.mode in {"RGB", "RGBA", "CMYK", "L"}:
        alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
        plain = picture.convert("RGB") if alpha else picture
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            shown = ImageCms.profileToProfile(plain, source, _SRGB, outputMode="RGB")
            if shown is not None:
                if alpha:
                    shown.putalpha(alpha)
                return shown
    return picture


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in picture.info:
        see_through = picture.convert("RGBA")
        ground = Image.new("RGBA", see_through.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, see_through).convert("RGB")
    return picture.convert("RGB")


def _know_heif() -> None:
    with suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener(thumbnails=False)
