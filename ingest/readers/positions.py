"""The position of a file in an import, as checkpoints store it."""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

from ingest.readers.containers import PathParts

PositionKey = tuple[PathParts, bytes, int, int]
"""Folder, name, number of the container, and half of a live photo: the order of an import."""


def position_of(container: int, half: int, path: PathParts) -> str:
    """The position as text; bytes of the path that are not ASCII are quoted."""
    return f"{container}:{half}:{quote(b'/'.join(path), safe='/')}"


def parse_position(position: str | None) -> PositionKey | None:
    """The inverse of `position_of`, in the order of positions."""
    if position is None:
        return None
    container, half, path = position.split(":", 2)
    *folder, name = unquote_to_bytes(path).split(b"/")
    return tuple(folder), name, int(container), int(half)
