"""Byte ranges (RFC 9110, 14): one range of bytes; whatever else is asked for gets the whole."""

from __future__ import annotations

import re
from typing import NamedTuple

_RANGE = re.compile(r"bytes\s*=\s*(?:(\d{1,18})\s*-\s*(\d{1,18})?|-\s*(\d{1,18}))\s*", re.ASCII | re.IGNORECASE)


class Part(NamedTuple):
    """Bytes from `start` up to but without `end`."""

    start: int
    end: int


class Unsatisfiable(Exception):
    """The range lies outside the file."""


def part_of(header: str | None, size: int) -> Part | None:
    """The range asked for; None for the whole (no range, several, or none that is understood). Raises `Unsatisfiable`."""
    found = _RANGE.fullmatch(header) if header else None
    if found is None:
        return None
    first, last, tail = found.groups()
    if tail is not None:
        start, end = max(size - int(tail), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last is not None else size
        if last is not None and int(last) < start:
            return None  # not a valid range: to be left aside
    if start >= size or start >= end:
        raise Unsatisfiable
    return Part(start, end)
