"""Reads TIFF directories, which EXIF and most raw formats use, with bounds and only the requested tags.

Pillow is not used: it loads every tag of a directory before a file can be refused, and takes five times as long.
`tests/ingest/test_tiff.py` verifies that both return the same values.
"""

from __future__ import annotations

import math
import mmap
import struct
from dataclasses import dataclass, field
from typing import Any, Final

Bytes = bytes | mmap.mmap
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_CODES: Final = {3: "H", 4: "I", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}
_MAX_ENTRIES: Final = 1_000
_MAX_VALUE: Final = 1 << 20
_MAX_NUMBERS: Final = 4_096
_ASCII_LIKE: Final = frozenset({1, 2, 6, 7})


class BadTiff(ValueError):
    """The data is not a TIFF directory, or the directory exceeds the limits."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory; its tags map to the type, the count and the offset of the value."""

    data: Bytes
    order: str
    start: int
    """The position of the TIFF header in `data`, to which offsets are relative."""
    tags: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    following: int = 0

    def get(self, tag: int, default: Any = None) -> Any:
        """The value of a tag: bytes, a number, or a tuple of numbers; `default` if it is absent, too large or truncated."""
        entry = self.tags.get(tag)
        if entry is None:
            return default
        kind, count, at = entry
        size = _SIZES[kind] * count
        if size > _MAX_VALUE:
            return default
        raw = self.data[at : at + size]
        if len(raw) < size:
            return default
        if kind in _ASCII_LIKE:
            return raw
        values = self._numbers(kind, raw[: _SIZES[kind] * _MAX_NUMBERS])
        return values[0] if len(values) == 1 else values

    def _numbers(self, kind: int, raw: bytes) -> tuple[float, ...]:
        if kind in {5, 10}:
            flat = struct.unpack(f"{self.order}{len(raw) // 4}{'I' if kind == 5 else 'i'}", raw)  # noqa: PLR2004
            return tuple(n / d if d else math.nan for n, d in zip(flat[::2], flat[1::2], strict=True))
        return struct.unpack(f"{self.order}{len(raw) // _SIZES[kind]}{_CODES[kind]}", raw)

    def number(self, tag: int) -> int:
        """The integer value of a tag; 0 if there is none."""
        value = self.get(tag)
        return value if isinstance(value, int) else 0

    def inside(self, tag: int) -> list[Directory]:
        """The directories to which a tag points, at most eight; invalid ones are skipped."""
        value = self.get(tag)
        found = []
        for at in (value if isinstance(value, tuple) else (value,))[:8]:
            if isinstance(at, int) and at:
                try:
                    found.append(directory(self.data, self.order, self.start, at))
                except BadTiff:
                    continue
        return found

    def place_of(self, tag: int) -> tuple[int, int] | None:
        """The offset of a value in `data` and its size in bytes; None if it is absent."""
        entry = self.tags.get(tag)
        return None if entry is None else (entry[2], _SIZES[entry[0]] * entry[1])


def byte_order(data: Bytes, start: int = 0) -> str | None:
    """The byte order of a header as a prefix for `struct`; None if there is no header."""
    return {b"II": "<", b"MM": ">"}.get(data[start : start + 2])


def first_directory(data: Bytes, start: int = 0) -> Directory:
    """The directory to which the header at `start` points. Raises `BadTiff`."""
    order = byte_order(data, start)
    if order is None or len(data) < start + 8:
        raise BadTiff("has no header")
    return directory(data, order, start, struct.unpack(order + "I", data[start + 4 : start + 8])[0])


def directory(data: Bytes, order: str, start: int, at: int) -> Directory:
    """The directory at the offset `at` from `start`. Raises `BadTiff` if it is truncated or has too many tags."""
    at += start
    head = data[at : at + 2]
    if len(head) < 2:  # noqa: PLR2004
        raise BadTiff("is truncated")
    count = struct.unpack(order + "H", head)[0]
    if count > _MAX_ENTRIES:
        raise BadTiff("has too many tags")
    body = data[at + 2 : at + 2 + 12 * count]
    if len(body) < 12 * count:
        raise BadTiff("is truncated")
    found = Directory(data, order, start, {}, _following(data, order, at + 2 + 12 * count))
    for index, (tag, kind, number, value) in enumerate(struct.iter_unpack(order + "HHII", body)):
        size = _SIZES.get(kind)
        if size is not None and tag not in found.tags:
            inline = number * size <= 4  # noqa: PLR2004  (the value is stored instead of its offset)
            found.tags[tag] = kind, number, at + 2 + 12 * index + 8 if inline else start + value
    return found


def _following(data: Bytes, order: str, at: int) -> int:
    raw = data[at : at + 4]
    return struct.unpack(order + "I", raw)[0] if len(raw) == 4 else 0  # noqa: PLR2004
