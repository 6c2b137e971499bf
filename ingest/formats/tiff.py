"""Directories of TIFF, which are EXIF's and those of most raw files: bounded, and read only where something is asked.

Pillow, which read them before, loads every tag of a directory before anything can be refused, and takes five times as
long; `tests/ingest/test_tiff.py` holds both to the same answers.
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
    """No directory is here, or one that no camera writes."""


@dataclass(frozen=True, slots=True)
class Directory:
    """Tags of one directory: type, count, and where the value lies."""

    data: Bytes
    order: str
    start: int
    """Where the TIFF begins in `data`: offsets count from here."""
    tags: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    following: int = 0

    def get(self, tag: int, default: Any = None) -> Any:
        """Bytes for texts and bytes, numbers for numbers, tuples of several; `default` where absent, absurd or cut off."""
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
        """A whole number, 0 where there is none."""
        value = self.get(tag)
        return value if isinstance(value, int) else 0

    def inside(self, tag: int) -> list[Directory]:
        """Directories that a tag points at, eight at most; bad ones are left out."""
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
        """Where in `data` a value lies, and how many bytes it has."""
        entry = self.tags.get(tag)
        return None if entry is None else (entry[2], _SIZES[entry[0]] * entry[1])


def byte_order(data: Bytes, start: int = 0) -> str | None:
    """`<` or `>`, as struct wants it."""
    return {b"II": "<", b"MM": ">"}.get(data[start : start + 2])


def first_directory(data: Bytes, start: int = 0) -> Directory:
    """The directory that the header at `start` points at. Raises BadTiff."""
    order = byte_order(data, start)
    if order is None or len(data) < start + 8:
        raise BadTiff("has no header")
    return directory(data, order, start, struct.unpack(order + "I", data[start + 4 : start + 8])[0])


def directory(data: Bytes, order: str, start: int, at: int) -> Directory:
    """The directory `at` bytes behind `start`. Raises BadTiff if it is cut off, or has more tags than any camera writes."""
    at += start
    head = data[at : at + 2]
    if len(head) < 2:  # noqa: PLR2004
        raise BadTiff("is cut off")
    count = struct.unpack(order + "H", head)[0]
    if count > _MAX_ENTRIES:
        raise BadTiff("has too many tags")
    body = data[at + 2 : at + 2 + 12 * count]
    if len(body) < 12 * count:
        raise BadTiff("is cut off")
    found = Directory(data, order, start, {}, _following(data, order, at + 2 + 12 * count))
    for index, (tag, kind, number, value) in enumerate(struct.iter_unpack(order + "HHII", body)):
        size = _SIZES.get(kind)
        if size is not None and tag not in found.tags:
            inline = number * size <= 4  # noqa: PLR2004  (then the value stands where its place would)
            found.tags[tag] = kind, number, at + 2 + 12 * index + 8 if inline else start + value
    return found


def _following(data: Bytes, order: str, at: int) -> int:
    raw = data[at : at + 4]
    return struct.unpack(order + "I", raw)[0] if len(raw) == 4 else 0  # noqa: PLR2004
