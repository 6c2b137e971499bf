"""Where a photo was taken, as its GPS receiver wrote it."""

from __future__ import annotations

from typing import Any

from ingest.formats.exif import number_of
from ingest.formats.tiff import Directory

_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _ALTITUDE_REF, _ALTITUDE = 1, 2, 3, 4, 5, 6
# From below the Dead Sea, with room for a bad receiver, to above any airliner.
_LOWEST_M, _HIGHEST_M = -500.0, 20_000.0


def location(gps: Directory) -> tuple[dict[str, float], list[str]]:
    """Fields of the record and remarks. (0, 0) is a receiver without a fix: silently no location."""
    if _LATITUDE not in gps.tags and _LONGITUDE not in gps.tags:
        return {}, []
    latitude = _degrees(gps.get(_LATITUDE), _letter(gps.get(_LATITUDE_REF)), "NS", 90)
    longitude = _degrees(gps.get(_LONGITUDE), _letter(gps.get(_LONGITUDE_REF)), "EW", 180)
    return plausible(latitude, longitude, _altitude(gps), "GPS")


def plausible(
    latitude: float | None, longitude: float | None, metres: float | None, by: str
) -> tuple[dict[str, float], list[str]]:
    """Fields of the record and remarks: what is out of range, or half a position, is none; so is (0, 0), silently."""
    known = latitude is not None and longitude is not None
    if not known or not (abs(latitude or 0) <= 90 and abs(longitude or 0) <= 180):  # noqa: PLR2004  (NaN fails too)
        return {}, [f"its {by} position is absurd and was left out"]
    found = {"latitude": round(latitude or 0.0, 7), "longitude": round(longitude or 0.0, 7)}
    if not any(found.values()):
        return {}, []
    if metres is None:
        return found, []
    if not _LOWEST_M <= metres <= _HIGHEST_M:
        return found, [f"its {by} altitude is absurd and was left out"]
    return found | {"altitudeMeters": round(metres, 2)}, []


def _degrees(value: Any, letter: str, letters: str, most: int) -> float | None:
    """Degrees, minutes, seconds; without its letter a position could be on either side of the globe, so it is none."""
    parts = value if isinstance(value, tuple) else (value,)
    numbers = [number_of(part) for part in parts[:3]]
    # 0/0 seconds are what receivers write that put decimals into the minutes.
    degrees, minutes, seconds = [*numbers, 0.0, 0.0, 0.0][:3]
    if not numbers or degrees is None or not letter or letter not in letters:
        return None
    minutes, seconds = minutes or 0.0, seconds or 0.0
    if degrees < 0 or not 0 <= minutes <= 60 or not 0 <= seconds <= 60:  # noqa: PLR2004
        return None
    angle = degrees + minutes / 60 + seconds / 3600
    if angle > most:
        return None
    return round(-angle if letter == letters[1] else angle, 7)


def _altitude(gps: Directory) -> float | None:
    height = number_of(gps.get(_ALTITUDE))
    if height is None:
        return None
    below = gps.get(_ALTITUDE_REF) in {1, 3, b"\x01", b"\x03", b"1"}  # EXIF 3 has 3 for the ellipsoid's other side
    return -height if below else height


def _letter(value: Any) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ")[:1].upper()
