"""How fast an import keeps files and looks at them, on one core: copied and sealed, hashed, decoded, printed, compared."""

from __future__ import annotations

import asyncio
import io
import random
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageDraw

from benchmarks.files import Quiet, one_core, processor_s
from indexing.change_feed_consumer import IndexFollower
from indexing.open_stores import open_exclusive
from ingest.readers.opening import open_reader
from ingest.run import ImportRun, ImportRequest

FILES = 300
SIZE = 1_600, 1_200


def photo(seed: int) -> bytes:
    """A picture like no other, of the size that phones sent ten years ago."""
    chance = random.Random(seed)
    made = Image.effect_noise(SIZE, 12).convert("RGB")
    draw = ImageDraw.Draw(made)
    for _ in range(30):
        x, y, r = chance.randrange(SIZE[0]), chance.randrange(SIZE[1]), chance.randrange(40, 300)
        color = tuple(chance.randrange(256) for _ in range(3))
        (draw.ellipse if chance.random() < 0.5 else draw.rectangle)((x - r, y - r, x + r, y + r), fill=color)
    out = io.BytesIO()
    made.save(out, "JPEG", quality=88)
    return out.getvalue()


def library(folder: Path) -> Path:
    path = folder / "library"
    path.mkdir()
    for number in range(FILES):
        (path / f"IMG_{number:05}.jpg").write_bytes(photo(number))
    return path


async def looked_at(folder: Path, path: Path, *, link: bool) -> tuple[float, float]:
    """Wall clock and processor time of the second part of an import, processes started for it included."""
    reader = open_reader(path, spool=folder)
    data = folder / f"data-{link}"
    async with open_exclusive(data, "a benchmark") as sources:
        job = ImportRun(sources, IndexFollower(sources), Quiet())
        await job.run(reader, ImportRequest(path, "bench", link=link), data)
        await job.wait_for_index(data)
        reader.close()
        began, before = time.perf_counter(), processor_s()
        await job.process_images()
        assert job.pictures is not None
        assert (job.pictures.stats.stored, job.pictures.stats.unrenderable) == (FILES, 0)
        return time.perf_counter() - began, processor_s() - before


def measure(folder: Path) -> None:
    one_core()
    path = library(folder)
    for what, link in (("copied and looked at", False), ("linked and looked at", True)):
        seconds, cpu = asyncio.run(looked_at(folder, path, link=link))
        width, height = SIZE
        told = f"{FILES} JPEG files of {width} x {height}, {what}"
        print(f"looking: {told}: {FILES / cpu:,.0f} files/s of one core ({FILES / seconds:,.0f} by the clock)")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        measure(Path(made))
