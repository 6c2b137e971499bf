"""Sort keys of photos, shared by tables and search index: an unsigned 64-bit number by time; ties are broken by id.

Dated photos: bit 63, then 39 bits of seconds of local time since year 1 (to the end of 9999), then 24 bits of the id.
Undated photos: 63 bits of the id, so they sort before all dated photos. Two keys may be equal: the full id breaks the tie.
"""

from __future__ import annotations

from datetime import datetime

_DATED = 1 << 63
_ID_BITS = 24
_YEAR_ONE = datetime(1, 1, 1)  # noqa: DTZ001 - local time has no zone


def _id_number(photo_id: str) -> int:
    return int(photo_id[:16], 16)


def taken_key(taken_local: str | None, photo_id: str) -> int:
    """The key of a local time like `2024-05-01T10:00:00`; None: undated."""
    low = _id_number(photo_id)
    if taken_local is None:
        return low >> 1
    moment = datetime.fromisoformat(taken_local) - _YEAR_ONE
    seconds = moment.days * 86_400 + moment.seconds
    return _DATED | seconds << _ID_BITS | low >> (64 - _ID_BITS)


def day_key(taken_local: str | None, photo_id: str) -> int:
    """The key at day precision: midnight of the same day."""
    return taken_key(None if taken_local is None else f"{taken_local[:10]}T00:00:00", photo_id)


def none_key(photo_id: str) -> int:
    """The key for a viewer who may not see the time: as if the photo were undated."""
    return taken_key(None, photo_id)


def added_key(added_at_ms: int, photo_id: str) -> int:
    """The key of an instant in milliseconds since 1970: 42 bits of time, 22 bits of the id."""
    return added_at_ms << 22 | _id_number(photo_id) >> 42


def key_text(key: int, photo_id: str) -> str:
    """The key and the full id as text that sorts in the same order, for sort keys of tables."""
    return f"{key:016x}{photo_id}"
