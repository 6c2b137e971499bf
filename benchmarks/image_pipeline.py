"""Measures how fast an import stores, decodes, fingerprints and compares files on one core."""

from __future__ import annotations

import asyncio
import io
import random
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageDraw

from benchmarks.files import NoProgress, one_core, processor_s
from indexing.change_feed_consumer import IndexFollower
from indexing.open_stores import open_exclusive
from ingest.readers.opening import open_reader
from ingest.run import ImportRequest, ImportRun

FILES = 300
SIZE = 1_600, 1_200


def photo(seed: int) -> bytes:
    """A JPEG file with random content and a typical resolution."""
    rng = random.Random(seed)
    picture = Image.effect_noise(SIZE, 12).convert("RGB")
    draw = ImageDraw.Draw(picture)
    for _ in range(30):
        x, y, r = rng.randrange(SIZE[0]), rng.randrange(SIZE[1]), rng.randrange(40, 300)
        color = tuple(rng.randrange(256) for _ in range(3))
        (draw.ellipse if rng.random() < 0.5 else draw.rectangle)((x - r, y - r, x + r, y + r), fill=color)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()


def library(folder: Path) -> Path:
    path = folder / "library"
    path.mkdir()
    for number in range(FILES):
        (path / f"IMG_{number:05}.jpg").write_bytes(photo(number))
    return path


async def processed(folder: Path, path: Path, *, link: bool) -> tuple[float, float]:
    """Elapsed and CPU seconds of the second phase of an import, including its worker processes."""
    reader = open_reader(path, spool=folder)
    data = folder / f"data-{link}"
    async with open_exclusive(data, "a benchmark") as sources:
        job = ImportRun(sources, IndexFollower(sources), NoProgress())
        await job.run(reader, ImportRequest(path, "bench", link=link), data)
        await job.wait_for_index(data)
        reader.close()
        start_s, before = time.perf_counter(), processor_s()
        await job.process_images()
        assert job.pictures is not None
        assert (job.pictures.stats.stored, job.pictures.stats.unrenderable) == (FILES, 0)
        return time.perf_counter() - start_s, processor_s() - before


def measure(folder: Path) -> None:
    one_core()
    path = library(folder)
    for mode, link in (("copied and decoded", False), ("linked and decoded", True)):
        seconds, cpu = asyncio.run(processed(folder, path, link=link))
        width, height = SIZE
        files = f"{FILES} JPEG files of {width} x {height}, {mode}"
        print(f"images: {files}: {FILES / cpu:,.0f} files per CPU second ({FILES / seconds:,.0f} per elapsed second)")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        measure(Path(scratch))
