"""Reads EXIF values by the field names of the import record. Implausible values are omitted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pictures.formats.tiff import BadTiff, Bytes, Directory, byte_order, directory, first_directory
from resolvers.importing.records import MAX_NAME

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_MAKE, _MODEL, _ORIENTATION = 0x010F, 0x0110, 0x0112
_RATING, _RATING_PERCENT = 0x4746, 0x4749
_LENS, _LENS_OLD = 0xA434, 0xFDEA
LENS_RANGE, LENS_RANGE_OF_DNG = 0xA432, 0xC630
_EXPOSURE_TIME, _F_NUMBER, _ISO, _SHUTTER, _APERTURE, _FOCAL = 0x829A, 0x829D, 0x8827, 0x9201, 0x9202, 0x920A
_ISO_WHEN_LARGE = (0x8833, 0x8832)
_ISO_LARGE = 65_535
_SHORTEST = 1e-8  # shorter or smaller values are invalid
_EMPTY = Directory(b"", "<", 0)


@dataclass(frozen=True, slots=True)
class ExifTags:
    """The directories of the image (IFD0), of the photo (Exif IFD) and of the place (GPS IFD)."""

    image: Directory
    photo: Directory = _EMPTY
    gps: Directory = _EMPTY


def read_tags(tiff: Bytes, start: int = 0) -> ExifTags | None:
    """The tags of the TIFF data at `start`; None if its first directory is damaged."""
    try:
        return tags_of(first_directory(tiff, start))
    except BadTiff:
        return None


def read_raw_tags(tiff: Bytes, start: int, first: int) -> ExifTags | None:
    """The tags of a raw file that has TIFF directories, but not the header of TIFF; `first` is the offset of the first one."""
    try:
        return tags_of(directory(tiff, byte_order(tiff, start) or "<", start, first))
    except BadTiff:
        return None


def tags_of(image: Directory) -> ExifTags:
    """The directory of the image with the two directories that it references."""
    photo, gps = image.inside(_EXIF_IFD), image.inside(_GPS_IFD)
    return ExifTags(image, photo[0] if photo else _EMPTY, gps[0] if gps else _EMPTY)


def rating(tags: ExifTags) -> int | None:
    """One to five stars, also from the percentage that Windows writes."""
    stars = number_of(tags.image.get(_RATING))
    if stars is not None and stars in {1, 2, 3, 4, 5}:
        return int(stars)
    return stars_of_percent(number_of(tags.image.get(_RATING_PERCENT)))


def stars_of_percent(percent: float | None) -> int | None:
    """The stars of a percentage. Windows writes 1, 25, 50, 75 and 99 for one to five stars."""
    if percent is None or not 0 < percent <= 100:  # noqa: PLR2004
        return None
    return min(5, 1 + round(percent / 25)) if percent > 12 else 1  # noqa: PLR2004


def orientation(tags: ExifTags | None) -> int:
    """The orientation, 1 to 8; 1 if there is none."""
    value = tags.image.get(_ORIENTATION) if tags is not None else None
    return value if isinstance(value, int) and 1 <= value <= 8 else 1  # noqa: PLR2004


def camera(tags: ExifTags) -> dict[str, str]:
    """Make, model and lens."""
    found = {
        "make": text_of(tags.image.get(_MAKE)),
        "model": text_of(tags.image.get(_MODEL)),
        "lens": text_of(tags.photo.get(_LENS)) or text_of(tags.photo.get(_LENS_OLD)) or text_of(tags.image.get(_LENS_OLD)),
    }
    return {name: one_line(value) for name, value in found.items() if value.strip("-0. ")}


def exposure(tags: ExifTags) -> dict[str, float]:
    """ISO, f-number, seconds and millimeters. APEX values are used if the plain ones are absent."""
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


def _iso(photo: Directory) -> int | None:
    iso = number_of(photo.get(_ISO))
    if iso is None or iso == _ISO_LARGE:
        iso = next((n for tag in _ISO_WHEN_LARGE if (n := number_of(photo.get(tag)))), iso)
    return int(iso) if iso is not None and 1 <= iso <= 10_000_000 else None  # noqa: PLR2004


def number_of(value: Any) -> float | None:
    """The value as a finite number, or the first of several; None if it is not a number or is 0/0."""
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
    """A text without padding and control characters. Cameras write UTF-8 although the standard requires ASCII."""
    raw = value
    if not isinstance(raw, bytes):
        return ""
    raw = raw.split(b"\0", 1)[0]
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return clean_text(text)


def one_line(text: str) -> str:
    """The text in one line, truncated to the maximum length of a name."""
    return " ".join(clean_text(text).split("\n"))[:MAX_NAME]


def clean_text(text: str) -> str:
    """The text without characters that records must not contain: control characters, surrogates, U+FFFD."""
    if text.isascii() and text.isprintable():
        return text.strip()
    printable = (c for c in text if c == "\n" or (ord(c) >= 32 and not 127 <= ord(c) < 160))  # noqa: PLR2004
    return "".join(c for c in printable if not 0xD800 <= ord(c) <= 0xDFFF and c != "\ufffd").strip()  # noqa: PLR2004
