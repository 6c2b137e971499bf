"""Jobs of worker processes on pictures: inspect a file at import, make a rendition. Arguments and results are plain values."""

from __future__ import annotations

import mmap
import os
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

from PIL import Image

from pictures.decoding import opened, pixels, upright_size
from pictures.formats.embedded_previews import preview_of
from pictures.formats.media_types import kind_of_start
from pictures.likeness import fingerprint_of
from pictures.rendering import encoded, rendered
from pictures.size_ladder import RUNGS, Size
from pictures.thumbhash import thumbhash
from pictures.video_still import still

WORK: Final = "pictures.worker_jobs:work"
_INSPECTED_SIZE: Final = Size(256, 256)
"""Enough for placeholders and fingerprints, so that a JPEG of a camera is decoded at an eighth of its size."""

_MAY_BE_RAW: Final = frozenset({"tiff", "orf", "rw2", "raf", "cr3"})


def work(job: dict[str, Any]) -> Any:
    """Runs the job whose name is `job["do"]`."""
    return {"inspect": _inspect, "render": _render}[job["do"]](job)


def _inspect(job: dict[str, Any]) -> dict[str, Any]:
    """The upright size, ThumbHash and fingerprint of a picture or of a still of a video.

    `poster` is the still, or the picture turned by the orientation of its sidecar, as a JPEG.
    """
    path = Path(os.fsdecode(job["path"]))  # bytes, because the names of files may have any
    if job["video"]:
        return _with_poster(still(str(path)))
    with path.open("rb") as file:
        picture = opened(_renderable_file(file))
        if orientation := job.get("orientation", 0):
            return _with_poster(pixels(picture, Size(RUNGS[-1], RUNGS[-1]), orientation))
        size = upright_size(picture)
        return {**_inspected(pixels(picture, _INSPECTED_SIZE), size), "poster": None}


def _with_poster(picture: Image.Image) -> dict[str, Any]:
    """The result with a JPEG from which renditions are made instead of from the file."""
    picture.thumbnail((RUNGS[-1], RUNGS[-1]))
    return {**_inspected(picture, Size(*picture.size)), "poster": encoded(picture.convert("RGB"), "JPEG")}


def _inspected(picture: Image.Image, size: Size) -> dict[str, Any]:
    fingerprint = fingerprint_of(picture)
    return {"size": list(size), "thumbhash": thumbhash(picture), "hashes": fingerprint.hashes, "sketch": fingerprint.sketch}


def _render(job: dict[str, Any]) -> bytes:
    return rendered(_renderable_data(job["data"]), Size(*job["size"]), job["encoding"])


def _renderable_file(file: BinaryIO) -> BinaryIO:
    """The file, or the embedded preview of a raw file."""
    start = file.read(64)
    file.seek(0)
    if kind_of_start(start) not in _MAY_BE_RAW:
        return file
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        preview = preview_of(data)
    return file if preview is None else BytesIO(preview)


def _renderable_data(data: bytes) -> BinaryIO:
    preview = preview_of(data) if kind_of_start(data[:64]) in _MAY_BE_RAW else None
    return BytesIO(data if preview is None else preview)
