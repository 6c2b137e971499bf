"""Boxes of the ISO base media file format, of which videos, HEIF, AVIF and CR3 consist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pictures.formats.errors import BadFile
from pictures.formats.tiff import Bytes

_MAX_BOXES = 10_000
_KINDS = frozenset({b"mdat", b"meta", b"moov", b"ftyp", b"free", b"skip", b"uuid", b"idat"})


class Box(NamedTuple):
    """The type of a box and the range of its content."""

    kind: bytes
    start: int
    end: int


def boxes(data: Bytes, start: int, end: int, *, clamp: bool = False) -> Iterator[Box]:
    """Yields the boxes of one level. Raises `BadFile` if a box extends beyond `end`; with `clamp` it ends there."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end:
            return
        size, kind, head = int.from_bytes(data[start : start + 4]), data[start + 4 : start + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16]), 16
        elif size == 0:
            size = end - start
        if kind == b"\0\0\0\0":  # some lists end with padding
            return
        if clamp and size >= head:
            size = min(size, end - start)
        if size < head or start + size > end:
            raise BadFile("is damaged or truncated: one of its parts extends beyond its end")
        yield Box(kind, start + head, start + size)
        start += size


def file_boxes(data: Bytes) -> list[Box]:
    """The boxes of a picture file. Bytes after the last box that are no box are ignored; `BadFile` if the file is truncated."""
    found: list[Box] = []
    try:
        for box in boxes(data, 0, len(data)):
            found.append(box)  # noqa: PERF402  (those before the damage are needed)
    except BadFile:
        end = found[-1].end if found else 0
        if not found or data[end + 4 : end + 8] in _KINDS or not any(box.kind == b"meta" for box in found):
            raise
    return found


def find(data: Bytes, within: Box, *path: bytes, clamp: bool = False) -> Box | None:
    """The first box on a path of types; None if there is none."""
    for kind in path:
        inner = next((b for b in boxes(data, within.start, within.end, clamp=clamp) if b.kind == kind), None)
        if inner is None:
            return None
        within = inner
    return within
