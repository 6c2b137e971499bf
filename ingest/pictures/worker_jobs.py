"""What worker processes do with pictures: look at a file once, make renditions, draw. Plain values in and out."""

from __future__ import annotations

import mmap
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

from PIL import Image

from ingest.formats.embedded_previews import preview_of
from ingest.formats.media_types import kind_of_start
from pictures.decoding import opened, pixels, upright_size
from pictures.drawing import Subject
from pictures.film import still
from pictures.likeness import print_of
from pictures.rendering import drawn, encoded, rendered
from pictures.size_ladder import RUNGS, Size
from pictures.thumbhash import thumbhash

WORK: Final = "ingest.pictures.worker_jobs:work"
_SEEN: Final = Size(256, 256)
"""Enough for placeholders and prints: a JPEG of a camera is decoded at an eighth."""

_MAY_BE_RAW: Final = frozenset({"tiff", "orf", "rw2", "raf", "cr3"})


def work(job: dict[str, Any]) -> Any:
    """One job by its name."""
    return {"look": _look, "render": _render, "draw": _draw}[job["do"]](job)


def _look(job: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a picture: its size as shown, a ThumbHash, a print, and of a film also a still."""
    path = Path(job["path"])
    if job["film"]:
        poster = still(str(path))
        poster.thumbnail((RUNGS[-1], RUNGS[-1]))
        return {**_seen(poster, Size(*poster.size)), "poster": encoded(poster.convert("RGB"), "JPEG")}
    with path.open("rb") as file:
        picture = opened(_shown(file))
        size = upright_size(picture)
        return {**_seen(pixels(picture, _SEEN), size), "poster": None}


def _seen(picture: Image.Image, size: Size) -> dict[str, Any]:
    known = print_of(picture)
    return {"size": list(size), "thumbhash": thumbhash(picture), "hashes": known.hashes, "sketch": known.sketch}


def _render(job: dict[str, Any]) -> bytes:
    return rendered(_shown_of(job["data"]), Size(*job["size"]), job["encoding"])


def _shown(file: BinaryIO) -> BinaryIO:
    """The file itself, or the picture that a camera put into its raw file."""
    start = file.read(64)
    file.seek(0)
    if kind_of_start(start) not in _MAY_BE_RAW:
        return file
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        preview = preview_of(data)
    return file if preview is None else BytesIO(preview)


def _shown_of(data: bytes) -> BinaryIO:
    preview = preview_of(data) if kind_of_start(data[:64]) in _MAY_BE_RAW else None
    return BytesIO(data if preview is None else preview)


def _draw(job: dict[str, Any]) -> bytes:
    subject = Subject(job["seed"], job["concepts"], job["hour"])
    return drawn(subject, Size(*job["whole"]), Size(*job["size"]), job["encoding"])
