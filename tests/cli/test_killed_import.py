"""An import of files that is killed several times and run again."""

from __future__ import annotations

import json
import signal
import time
import zipfile
from pathlib import Path

import pytest

from datasources.photo_key import PhotoKey
from indexing.open_stores import open_exclusive
from tests.cli.test_commands import run, started, summary
from tests.media.gateway import jpeg, picture

FILES = 600
KEPT = 40


def library(folder: Path) -> Path:
    """Many small files, so that the kill interrupts either phase of the import."""
    folder.mkdir()
    base = jpeg(picture(1, (64, 48)))
    for number in range(FILES):
        (folder / f"IMG_{number:04}.jpg").write_bytes(base + number.to_bytes(4))
    return folder


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir())[:KEPT]:
            archive.write(file, f"Takeout/Google Photos/Trip/{file.name}")
    return path


def written(data: Path) -> int:
    """The bytes in the data folder, as a measure of progress."""
    return sum(p.stat().st_size for p in data.rglob("*") if p.is_file() and "imports" not in p.parts) if data.exists() else 0


def killed(path: Path, data: Path, grown: int) -> None:
    """Starts the import and kills it after it has written so many bytes, unless it has ended."""
    process, before = started("import", path, "--owner", "ana", "--data", data), written(data)
    end = time.monotonic() + 60
    while process.poll() is None and written(data) < before + grown:
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "grown", "count"), [("folder", 100_000, FILES), ("zip", 50_000, KEPT)])
async def test_a_repeatedly_killed_import_completes(tmp_path: Path, kind: str, grown: int, count: int) -> None:
    folder = library(tmp_path / "library")
    path, data = folder if kind == "folder" else zipped(folder), tmp_path / "data"
    for more in (1, grown, 4 * grown):
        killed(path, data, more)
    ended = summary(run("import", path, "--owner", "ana", "--data", data))
    assert ended["rejected"] == 0
    again = summary(run("import", path, "--owner", "ana", "--data", data))
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, count)
    verified = json.loads(run("verify", "--data", data).stdout.splitlines()[0])
    assert (verified["agrees"], verified["photos"], verified["indexed"]) == (True, count, count)
    async with open_exclusive(data, "a test") as sources:
        owner = sources.ids.local_id("customer", "ana")
        records, more_of_them = await sources.pictures.of_owner(owner, limit=FILES + 1)
        assert (len(records), more_of_them) == (count, None)
        assert all(r.width == 64 and not r.waiting for r in records)
        for record in records[:3]:
            assert record.original is not None
            assert await sources.originals.has(owner, record.original)
        assert PhotoKey(owner, records[0].id) in await sources.photos.raw([PhotoKey(owner, records[0].id)])
    assert not list((data / "imports").glob("*")) if (data / "imports").exists() else True
