"""Decodes picture files to pixels: upright, in sRGB, on a white background.

It runs only in worker processes, because the files may be malicious.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import BinaryIO, Final

import numpy as np
from PIL import Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from pictures.formats.jpeg_header import SEARCHED_START, START, without_junk
from pictures.size_ladder import Size

FORMATS: Final = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "HEIF", "BMP")
MAX_PIXELS: Final = 120_000_000
"""For formats that are decoded in full size; a pixel takes 3 bytes, and 3 more while it is rotated."""
MAX_JPEG_PIXELS: Final = 600_000_000
"""For JPEG, which can be decoded at an eighth of its size."""
_SHOWN_IN_PART: Final = {"JPEG", "MPO", "PNG", "GIF"}
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
    """The file cannot be rendered; the text is a phrase that follows the name of the file."""


def opened(file: BinaryIO) -> Image.Image:
    """The picture with only its header read. Raises `UnrenderableImage`, or an error of Pillow for damaged files."""
    _register_heif()
    Image.MAX_IMAGE_PIXELS = None  # the check below replaces it, because JPEG has a larger limit
    Image.init()
    picture = _opened(file)
    pixels = picture.width * picture.height
    if pixels > (MAX_JPEG_PIXELS if picture.format in {"JPEG", "MPO"} else MAX_PIXELS):
        raise UnrenderableImage("has too many pixels")
    return picture


def _opened(file: BinaryIO) -> Image.Image:
    formats: list[str] = [f for f in FORMATS if f in Image.OPEN]
    try:
        return Image.open(file, formats=formats)
    except UnidentifiedImageError:
        # Pillow does not open JPEG files with bytes that belong to no segment, which other decoders skip.
        file.seek(0)
        start = file.read(SEARCHED_START)
        if START in start:
            return Image.open(BytesIO(without_junk(start + file.read())), formats=["JPEG"])
        file.seek(0)
        with _tolerant():  # of wrong checksums in PNG
            return Image.open(file, formats=formats)


def _load(picture: Image.Image) -> None:
    """Decodes the pixels. Of truncated files, the first part is decoded, which other programs show too."""
    try:
        picture.load()
    except OSError as error:
        if picture.format not in _SHOWN_IN_PART or "truncated" not in str(error):
            raise
        with _tolerant():
            picture.load()


@contextmanager
def _tolerant() -> Iterator[None]:
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def upright_size(picture: Image.Image) -> Size:
    """The size after the rotation of its EXIF orientation."""
    is_sideways = _orientation(picture) in _SIDEWAYS
    return Size(picture.height, picture.width) if is_sideways else Size(picture.width, picture.height)


def pixels(picture: Image.Image, at_least: Size, orientation: int | None = None) -> Image.Image:
    """An upright RGB picture of at least this size, or of its own size if that is less, with an empty `info`.

    `orientation` replaces that of the file.
    """
    orientation = orientation or _orientation(picture)
    size = at_least if orientation not in _SIDEWAYS else Size(at_least.height, at_least.width)
    profile = picture.info.get("icc_profile")
    picture.draft(None, size)
    _load(picture)
    shown = _on_white(_in_srgb(_eight_bits(_shrunk(picture, size)), profile))
    clean = Image.new("RGB", shown.size)
    clean.paste(shown)
    return clean.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else clean


def fitted(picture: Image.Image, size: Size) -> Image.Image:
    """The picture in exactly this size; another aspect ratio is cropped from the center."""
    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS, centering=(0.5, 0.5))


def _orientation(picture: Image.Image) -> int:
    """The EXIF orientation that is still to be applied; Pillow applies that of TIFF files itself."""
    return 1 if picture.format == "TIFF" else int(picture.getexif().get(_ORIENTATION, 1))


def _shrunk(picture: Image.Image, size: Size) -> Image.Image:
    """Reduces the picture by an integer factor to at least twice the size, so that the following steps are faster."""
    factor = min(picture.width // size.width, picture.height // size.height) // 2
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
    """Converts the picture by its profile; an invalid profile is ignored, as in browsers."""
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
        transparent = picture.convert("RGBA")
        background = Image.new("RGBA", transparent.size, (255, 255, 255, 255))
        return Image.alpha_composite(background, transparent).convert("RGB")
    return picture.convert("RGB")


def _register_heif() -> None:
    with suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener(thumbnails=False)
