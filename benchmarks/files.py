"""Measures how fast files in the page cache are imported on one core, and parsing and hashing alone."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import resource
import tempfile
import time
from pathlib import Path

from PIL import Image

from indexing.change_feed_consumer import IndexFollower
from indexing.open_stores import open_exclusive
from indexing.progress import ProgressDisplay
from ingest.formats.file_references import FileLocation
from ingest.formats.worker_jobs import FileJob, work
from ingest.readers.opening import open_reader
from ingest.run import ImportRequest, ImportRun

FILES = 4_000
HASHED = 64 << 20


class NoProgress(ProgressDisplay):
    def update(self, records: int, done: int, total: int) -> None:
        pass

    def print_line(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass


def photo() -> bytes:
    """A small JPEG with the metadata of a phone: EXIF with time, offset, position, camera and exposure; XMP."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Google", "Pixel 8", 6
    exif.get_ifd(0x8769).update(
        {0x9003: "2024:05:01 10:00:00", 0x9011: "+02:00", 0x829A: 0.004, 0x829D: 1.7, 0x8827: 64, 0x920A: 6.9}
    )
    exif.get_ifd(0x8825).update({1: "N", 2: (41.0, 53.0, 24.0), 3: "E", 4: (12.0, 29.0, 0.0), 5: b"\0", 6: 37.5})
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
        b' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmp:Rating="4">'
        b"<dc:subject><rdf:Bag><rdf:li>beach</rdf:li><rdf:li>nonna</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    out = io.BytesIO()
    Image.effect_noise((400, 300), 60).convert("RGB").save(out, "JPEG", exif=exif, xmp=xmp)
    return out.getvalue()


def library(folder: Path) -> Path:
    """Files in a hundred folders that differ only in their last bytes."""
    content = photo()
    for number in range(FILES):
        path = folder / "library" / f"{number % 100:02}" / f"IMG_{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content + number.to_bytes(4))
    return folder / "library"


def one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def processor_s() -> float:
    """CPU seconds of this process and of its ended workers, which do not depend on other processes."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


async def imported(folder: Path, path: Path) -> tuple[float, float]:
    """Elapsed and CPU seconds of the first phase of an import, which does not decode pictures."""
    start_s, before = time.perf_counter(), processor_s()
    reader = open_reader(path, spool=folder)
    async with open_exclusive(folder / "data", "a benchmark") as sources:
        job = ImportRun(sources, IndexFollower(sources), NoProgress())
        await job.run(reader, ImportRequest(path, "bench"), folder / "data")
        await job.wait_for_index(folder / "data")
    reader.close()
    assert job.counters.imported == FILES, job.counters.rejections
    return time.perf_counter() - start_s, processor_s() - before


def measure(folder: Path) -> None:
    one_core()
    path = library(folder)
    for kind in ("JPEG with EXIF and XMP, including indexing", "of them again, unchanged"):
        seconds, cpu = asyncio.run(imported(folder, path))
        print(f"files: {FILES:,} {kind}: {FILES / cpu:,.0f} files per CPU second ({FILES / seconds:,.0f} per elapsed second)")
    jobs = [FileJob(FileLocation(os.fsencode(p)), p.name) for p in sorted(path.rglob("*.jpg"))]
    start_s = time.perf_counter()
    for job in jobs:
        work({"do": "read", "with": job})
    print(f"files: parsing only: {FILES / (time.perf_counter() - start_s):,.0f} files/s")
    start_s = time.perf_counter()
    hashlib.sha256(bytes(HASHED)).hexdigest()
    print(f"files: hashing: {HASHED / (time.perf_counter() - start_s) / 1e6:,.0f} MB/s")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder))
