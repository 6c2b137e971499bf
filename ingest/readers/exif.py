"""What EXIF tells of a photo, in the names of the import record; what it tells absurdly is left out with a remark."""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from ingest.readers.jpeg_header import is_bounded
from resolvers.importing.records import MAX_NAME

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_MAKE, _MODEL, _ORIENTATION = 0x010F, 0x0110, 0x0112
_LENS, _LENS_OLD = 0xA434, 0xFDEA
_EXPOSURE_TIME, _F_NUMBER, _ISO, _SHUTTER, _APERTURE, _FOCAL = 0x829A, 0x829D, 0x8827, 0x9201, 0x9202, 0x920A
_ISO_WHEN_LARGE = (0x8833, 0x8832)
_ISO_LARGE = 65_535
_SHORTEST = 1e-8  # no shutter, aperture or lens is less


@dataclass(frozen=True, slots=True)
class Tags:
    """The three directories: of the image, of the photo, of the place."""

    image: Mapping[int, Any]
    photo: Mapping[int, Any]
    gps: Mapping[int, Any]


def read_tags(tiff: bytes) -> Tags | None:
    """None if the EXIF is damaged or absurd."""
    if not is_bounded(tiff):
        return None
    exif = Image.Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of damage; here it becomes a remark
            exif.load(b"Exif\0\0" + tiff)
            return Tags(dict(exif), dict(exif.get_ifd(_EXIF_IFD)), dict(exif.get_ifd(_GPS_IFD)))
    except (ValueError, SyntaxError, OSError, LookupError, TypeError, AttributeError, struct.error, ArithmeticError):
        return None  # each of these has come out of Pillow for some damaged directory


def is_turned(tags: Tags) -> bool:
    """Whether width and height change places when the picture is shown upright."""
    return tags.image.get(_ORIENTATION) in {5, 6, 7, 8}


def camera(tags: Tags) -> dict[str, str]:
    """Make, model and lens."""
    found = {
        "make": text_of(tags.image.get(_MAKE)),
        "model": text_of(tags.image.get(_MODEL)),
        "lens": text_of(tags.photo.get(_LENS)) or text_of(tags.image.get(_LENS_OLD)),
    }
    return {name: one_line(value) for name, value in found.items() if value.strip("-0. ")}


def exposure(tags: Tags) -> dict[str, float]:
    """Sensitivity, f-number, seconds and millimetres; APEX values where the plain ones are absent."""
    photo = tags.photo
    aperture = number_of(photo.get(_F_NUMBER))
    if aperture is None and (apex := number_of(photo.get(_APERTURE))) is not None and abs(apex) < 32:  # noqa: PLR2004
        aperture = round(2 ** (apex / 2), 1)
    seconds = number_of(photo.get(_EXPOSURE_TIME))
    if seconds is None and (apex := number_of(photo.get(_SHUTTER))) is not None and abs(apex) < 32:  # noqa: PLR2004
        seconds = 2**-apex
    found = {"aperture": (aperture, 1_000), "shutterSeconds": (seconds, 864_000)}
    found["focalLengthMm"] = (number_of(photo.get(_FOCAL)), 100_000)
    plain: dict[str, float] = {n: round(v, 9) for n, (v, most) in found.items() if v is not None and _SHORTEST < v <= most}
    if iso := _iso(photo):
        plain["iso"] = iso
    return plain


def _iso(photo: Mapping[int, Any]) -> int | None:
    iso = number_of(photo.get(_ISO))
    if iso is None or iso == _ISO_LARGE:
        iso = next((n for tag in _ISO_WHEN_LARGE if (n := number_of(photo.get(tag)))), iso)
    return int(iso) if iso is not None and 1 <= iso <= 10_000_000 else None  # noqa: PLR2004


def number_of(value: Any) -> float | None:
    """A finite number, also the first of several; 0/0 and other things are None."""
    if isinstance(value, tuple) and value:
        value = value[0]
    if isinstance(value, str | bytes | tuple) or value is None:
        return None
    try:
        number = float(value)
    except (ValueError, TypeError, ArithmeticError):
        return None
    return number if math.isfinite(number) else None


def text_of(value: Any) -> str:
    """A text without padding and control characters; Pillow hands out Latin-1 where cameras and people write UTF-8."""
    raw = value.encode("latin-1", "replace") if isinstance(value, str) else value
    if not isinstance(raw, bytes):
        return ""
    raw = raw.split(b"\0", 1)[0]
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return cleaned(text)


def one_line(text: str) -> str:
    """As long and as plain as a name may be."""
    return " ".join(cleaned(text).split("\n"))[:MAX_NAME]


def cleaned(text: str) -> str:
    """Without what a record refuses: control characters, half surrogates, replacement marks."""
    kept = (c for c in text if c == "\n" or (ord(c) >= 32 and not 127 <= ord(c) < 160))  # noqa: PLR2004
    return "".join(c for c in kept if not 0xD800 <= ord(c) <= 0xDFFF and c != "\ufffd").strip()  # noqa: PLR2004
