"""What worker processes do with pictures: look at a file once, make renditions, draw. Plain values in and out."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

from PIL import Image

from datasources.pictures.decoding import opened, pixels, upright_size
from datasources.pictures.drawing import Subject
from datasources.pictures.film import still
from datasources.pictures.likeness import print_of
from datasources.pictures.rendering import drawn, encoded, rendered
from datasources.pictures.rungs import RUNGS, Size
from datasources.pictures.thumbhash import thumbhash

WORK: Final = "ingest.pictures.work:work"
_SEEN: Final = Size(512, 512)
"""Enough for placeholders and prints: a JPEG of a camera is decoded at an eighth."""


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
        picture = opened(file)
        size = upright_size(picture)
        return {**_seen(pixels(picture, _SEEN), size), "poster": None}


def _seen(picture: Image.Image, size: Size) -> dict[str, Any]:
    known = print_of(picture)
    return {"size": list(size), "thumbhash": thumbhash(picture), "hashes": known.hashes, "sketch": known.sketch}


def _render(job: dict[str, Any]) -> bytes:
    file: BinaryIO = BytesIO(job["data"])
    return rendered(file, Size(*job["size"]), job["encoding"])


def _draw(job: dict[str, Any]) -> bytes:
    subject = Subject(job["seed"], job["concepts"], job["hour"])
    return drawn(subject, Size(*job["whole"]), Size(*job["size"]), job["encoding"])
