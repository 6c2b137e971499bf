"""Byte ranges of HTTP (RFC 9110, section 14): a single range of bytes; other ranges are ignored."""

from __future__ import annotations

import re
from typing import NamedTuple

_RANGE = re.compile(r"bytes\s*=\s*(?:(\d{1,18})\s*-\s*(\d{1,18})?|-\s*(\d{1,18}))\s*", re.ASCII | re.IGNORECASE)


class Part(NamedTuple):
    """The bytes from `start` to `end`, exclusive."""

    start: int
    end: int


class Unsatisfiable(Exception):
    """The range is outside the file."""


def part_of(header: str | None, size: int) -> Part | None:
    """The requested range; None for the entire file (no, several or an invalid range). Raises `Unsatisfiable`."""
    found = _RANGE.fullmatch(header) if header else None
    if found is None:
        return None
    first, last, tail = found.groups()
    if tail is not None:
        start, end = max(size - int(tail), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last is not None else size
        if last is not None and int(last) < start:
            return None  # an invalid range is ignored
    if start >= size or start >= end:
        raise Unsatisfiable
    return Part(start, end)
