"""Where a photo was taken, as its GPS receiver wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest.readers.exif import number_of

_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _ALTITUDE_REF, _ALTITUDE = 1, 2, 3, 4, 5, 6
# From below the Dead Sea, with room for a bad receiver, to above any airliner.
_LOWEST_M, _HIGHEST_M = -500.0, 20_000.0


def location(gps: Mapping[int, Any]) -> tuple[dict[str, float], list[str]]:
    """Fields of the record and remarks. (0, 0) is a receiver without a fix: silently no location."""
    if _LATITUDE not in gps and _LONGITUDE not in gps:
        return {}, []
    latitude = _degrees(gps.get(_LATITUDE), _letter(gps.get(_LATITUDE_REF)), "NS", 90)
    longitude = _degrees(gps.get(_LONGITUDE), _letter(gps.get(_LONGITUDE_REF)), "EW", 180)
    if latitude is None or longitude is None:
        return {}, ["its GPS position is absurd and was left out"]
    if latitude == 0 and longitude == 0:
        return {}, []
    found = {"latitude": latitude, "longitude": longitude}
    altitude, remarks = _altitude(gps)
    if altitude is not None:
        found["altitudeMeters"] = altitude
    return found, remarks


def _degrees(value: Any, letter: str, letters: str, most: int) -> float | None:
    """Degrees, minutes, seconds; without its letter a position could be on either side of the globe, so it is none."""
    parts = value if isinstance(value, tuple) else (value,)
    numbers = [number_of(part) for part in parts[:3]]
    # 0/0 seconds are what receivers write that put decimals into the minutes.
    degrees, minutes, seconds = [*numbers, 0.0, 0.0][:3]
    if degrees is None or not letter or letter not in letters:
        return None
    minutes, seconds = minutes or 0.0, seconds or 0.0
    if degrees < 0 or not 0 <= minutes <= 60 or not 0 <= seconds <= 60:  # noqa: PLR2004
        return None
    angle = degrees + minutes / 60 + seconds / 3600
    if angle > most:
        return None
    return round(-angle if letter == letters[1] else angle, 7)


def _altitude(gps: Mapping[int, Any]) -> tuple[float | None, list[str]]:
    height = number_of(gps.get(_ALTITUDE))
    if height is None:
        return None, []
    reference = gps.get(_ALTITUDE_REF)
    below = reference in {1, b"\x01", b"1", "1", "\x01"}
    metres = -height if below else height
    if not _LOWEST_M <= metres <= _HIGHEST_M:
        return None, ["its GPS altitude is absurd and was left out"]
    return round(metres, 2), []


def _letter(value: Any) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ")[:1].upper()
