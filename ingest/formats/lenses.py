"""Lens names and ranges in maker notes, of cameras that do not write the lens tags of EXIF 2.3.

Makers that store only a number for a lens have no name here, because its meaning is a list that only other programs maintain; the
range of focal lengths and apertures (`24-70mm f/2.8`) describes the lens then. The tags are those that exiftool documents at
https://exiftool.org/TagNames/.
"""

from __future__ import annotations

import math
from typing import Any, Final

from ingest.formats.exif import number_of, one_line, text_of
from pictures.formats.tiff import Directory, byte_order, directory

NIKON_LENS: Final = 0x0084
_CANON_SETTINGS, _CANON_LENS = 0x0001, 0x0095
_CANON_MAX_FOCAL, _CANON_MIN_FOCAL, _CANON_UNITS = 23, 24, 25
_PANASONIC_LENS, _SONY_RANGE = 0x0051, 0xB02A
_OLYMPUS_EQUIPMENT, _OLYMPUS_LENS = 0x2010, 0x0203
_FUJI_RANGE: Final = (0x1404, 0x1405, 0x1406, 0x1407)  # shortest, longest, and the aperture at each
_MAX_FOCAL_MM = 10_000


def lens_range(values: Any) -> str:
    """The range of a lens in the form of exiftool (`24-70mm f/2.8-4`); empty if the focal length is unknown.

    `values` are the shortest and longest focal length in millimeters, and the smallest f-number at each.
    """
    if not isinstance(values, tuple) or len(values) != 4:  # noqa: PLR2004
        return ""
    short, long, wide, narrow = (n if (n := number_of(value)) is not None and math.isfinite(n) else 0.0 for value in values)
    if not 0 < short <= long < _MAX_FOCAL_MM:
        return ""
    text = f"{short:g}mm" if short == long else f"{short:g}-{long:g}mm"
    if wide <= 0:
        return text
    return f"{text} f/{round(wide, 1):g}" + (f"-{round(narrow, 1):g}" if narrow > 0 and narrow != wide else "")


def canon_name(note: Directory) -> str:
    """The name that Canon writes since 2008."""
    return _name(note.get(_CANON_LENS))


def canon_range(note: Directory) -> str:
    """The focal lengths in the camera settings, which are in units of a fraction of a millimeter."""
    settings = note.get(_CANON_SETTINGS)
    if not isinstance(settings, tuple) or len(settings) <= _CANON_UNITS or not settings[_CANON_UNITS]:
        return ""
    short, long = (settings[at] / settings[_CANON_UNITS] for at in (_CANON_MIN_FOCAL, _CANON_MAX_FOCAL))
    return lens_range((short, long, 0, 0))


def name_of_other_makers(photo: Directory, at: int) -> str:
    """The name in the note of Panasonic or Olympus at the offset `at`. Raises `BadTiff` if it is damaged."""
    start = photo.data[at : at + 16]
    if start.startswith(b"Panasonic\0\0\0"):
        return _name(directory(photo.data, photo.order, photo.start, at + 12 - photo.start).get(_PANASONIC_LENS))
    equipment = _olympus_equipment(photo, at)
    return _name(equipment.get(_OLYMPUS_LENS)) if equipment is not None else ""


def range_of_other_makers(photo: Directory, at: int, make: str) -> str:
    """The range in the note of Fujifilm or Sony at the offset `at`. Raises `BadTiff` if it is damaged."""
    start = photo.data[at : at + 12]
    if start.startswith(b"FUJIFILM"):
        note = directory(photo.data, "<", at, int.from_bytes(start[8:12], "little"))
        return lens_range(tuple(note.get(tag) for tag in _FUJI_RANGE))
    if make.lower().startswith("sony"):
        skipped = 12 if start.startswith((b"SONY DSC", b"SONY CAM", b"SONY MOBILE")) else 0
        return _sony_range(directory(photo.data, photo.order, photo.start, at + skipped - photo.start).get(_SONY_RANGE))
    return ""


def _olympus_equipment(photo: Directory, at: int) -> Directory | None:
    """The directory about camera and lens. Offsets are relative to the note in files of later cameras."""
    start = photo.data[at : at + 16]
    order = None
    if start.startswith(b"OLYMPUS\0"):
        order, inner, base = byte_order(photo.data, at + 8), 12, at
    elif start.startswith(b"OM SYSTEM\0\0\0"):
        order, inner, base = byte_order(photo.data, at + 12), 16, at
    elif start.startswith(b"OLYMP\0"):
        order, inner, base = photo.order, at + 8 - photo.start, photo.start
    if order is None:
        return None
    note = directory(photo.data, order, base, inner)
    place, value = note.place_of(_OLYMPUS_EQUIPMENT), note.get(_OLYMPUS_EQUIPMENT)
    if isinstance(value, int):
        return directory(photo.data, order, base, value)
    return directory(photo.data, order, base, place[0] - base) if place is not None else None


def _sony_range(value: Any) -> str:
    """The range in decimal digits: a byte of features, two bytes for each focal length, one for each aperture (`28` is f/2.8)."""
    if isinstance(value, tuple):
        value = bytes(int(part) & 0xFF for part in value)
    digits = value.hex() if isinstance(value, bytes) and len(value) >= 8 else ""  # noqa: PLR2004
    numbers = digits[2:14]
    if not numbers.isdecimal():
        return ""
    return lens_range((float(numbers[:4]), float(numbers[4:8]), float(numbers[8:10]) / 10, float(numbers[10:12]) / 10))


def _name(value: Any) -> str:
    """The name; empty for the texts that cameras write without a lens."""
    text = one_line(text_of(value))
    return text if text.strip("-0. ").lower() not in {"", "none", "n/a", "unknown", "no-lens", "lens"} else ""
