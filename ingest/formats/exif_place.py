"""Reads the position from the GPS directory of EXIF."""

from __future__ import annotations

from typing import Any

from ingest.formats.exif import number_of
from pictures.formats.tiff import Directory

_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _ALTITUDE_REF, _ALTITUDE = 1, 2, 3, 4, 5, 6
# From below the Dead Sea, with a margin for inaccurate receivers, to above any airliner.
_LOWEST_M, _HIGHEST_M = -500.0, 20_000.0


def location(gps: Directory) -> tuple[dict[str, float], list[str]]:
    """Fields of the record, and remarks. (0, 0) means that the receiver had no fix, so it is omitted without a remark."""
    if _LATITUDE not in gps.tags and _LONGITUDE not in gps.tags:
        return {}, []
    references = _letter(gps.get(_LATITUDE_REF)), _letter(gps.get(_LONGITUDE_REF))
    if "" in references and _LATITUDE in gps.tags and _LONGITUDE in gps.tags:
        return {}, ["its GPS position does not state whether it is north or south, east or west, and was left out"]
    latitude = _degrees(gps.get(_LATITUDE), references[0], "NS", 90)
    longitude = _degrees(gps.get(_LONGITUDE), references[1], "EW", 180)
    return checked_position(latitude, longitude, _altitude(gps), "GPS")


def checked_position(
    latitude: float | None, longitude: float | None, meters: float | None, by: str
) -> tuple[dict[str, float], list[str]]:
    """Fields of the record, and remarks for values that are incomplete or out of range. (0, 0) is omitted without a remark."""
    complete = latitude is not None and longitude is not None
    if not complete or not (abs(latitude or 0) <= 90 and abs(longitude or 0) <= 180):  # noqa: PLR2004  (NaN fails too)
        return {}, [f"its {by} position is invalid and was left out"]
    found = {"latitude": round(latitude or 0.0, 7), "longitude": round(longitude or 0.0, 7)}
    if not any(found.values()):
        return {}, []
    if meters is None:
        return found, []
    if not _LOWEST_M <= meters <= _HIGHEST_M:
        return found, [f"its {by} altitude is invalid and was left out"]
    return found | {"altitudeMeters": round(meters, 2)}, []


def _degrees(value: Any, letter: str, letters: str, limit: int) -> float | None:
    """Decimal degrees of degrees, minutes and seconds; None without the letter of the hemisphere."""
    parts = value if isinstance(value, tuple) else (value,)
    numbers = [number_of(part) for part in parts[:3]]
    # Receivers that write decimals in the minutes write 0/0 seconds.
    degrees, minutes, seconds = [*numbers, 0.0, 0.0, 0.0][:3]
    if not numbers or degrees is None or not letter or letter not in letters:
        return None
    minutes, seconds = minutes or 0.0, seconds or 0.0
    if degrees < 0 or not 0 <= minutes <= 60 or not 0 <= seconds <= 60:  # noqa: PLR2004
        return None
    angle = degrees + minutes / 60 + seconds / 3600
    if angle > limit:
        return None
    return round(-angle if letter == letters[1] else angle, 7)


def _altitude(gps: Directory) -> float | None:
    height = number_of(gps.get(_ALTITUDE))
    if height is None:
        return None
    below = gps.get(_ALTITUDE_REF) in {1, 3, b"\x01", b"\x03", b"1"}  # EXIF 3.0 uses 3 for heights below the ellipsoid
    return -height if below else height


def _letter(value: Any) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ")[:1].upper()
