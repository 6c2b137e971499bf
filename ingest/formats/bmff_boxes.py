"""Boxes of the ISO base media format: films, HEIF, AVIF and Canon's CR3 are trees of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ingest.formats.metadata import BadFile
from ingest.formats.tiff import Bytes

_MOST = 10_000


class Box(NamedTuple):
    """Four letters, and where the content lies."""

    kind: bytes
    start: int
    end: int


def boxes(data: Bytes, start: int, end: int) -> Iterator[Box]:
    """Of one level. Raises BadFile where a box reaches beyond `end`."""
    for _ in range(_MOST):
        if start + 8 > end:
            return
        size, kind, head = int.from_bytes(data[start : start + 4]), data[start + 4 : start + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16]), 16
        elif size == 0:
            size = end - start
        if kind == b"\0\0\0\0":  # padding ends some lists
            return
        if size < head or start + size > end:
            raise BadFile("is damaged or cut off: one of its parts reaches beyond its end")
        yield Box(kind, start + head, start + size)
        start += size


def find(data: Bytes, within: Box, *path: bytes) -> Box | None:
    """The first box on a path of kinds."""
    for kind in path:
        inner = next((b for b in boxes(data, within.start, within.end) if b.kind == kind), None)
        if inner is None:
            return None
        within = inner
    return within
