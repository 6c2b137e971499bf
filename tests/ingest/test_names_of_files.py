"""Names of files and folders may be any bytes; folders of deleted files are left alone; the report can be complete."""

from __future__ import annotations

import asyncio
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from commands.progress import PlainProgress
from ingest.pictures.pipeline import ImagePipeline
from ingest.readers.reading import ImportItem, RejectedItem
from ingest.run import ImportRequest, run_import
from tests.cli.test_commands import run, summary
from tests.ingest import makers
from tests.ingest.files import readings
from tests.ingest.makers import exif, picture

PLAIN = picture("JPEG", exif=exif())
NAMES = (b"a.jpg", b"caf\xe9.jpg", b"sub\xff/\xe9t\xe9.jpg", b"sub\xff/plain.jpg", b"sub\xff/clip\xfe.mov", b"z.jpg")


def library(root: Path, names: tuple[bytes, ...] = NAMES) -> Path:
    for number, name in enumerate(names):
        path = os.path.join(os.fsencode(root), name)  # noqa: PTH118  (bytes)
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        content = makers.video(seconds=number + 9) if name.endswith(b".mov") else PLAIN + bytes([number])
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(content)
    return root


@pytest.mark.parametrize("options", [(), ("--link",)])
def test_an_import_reads_files_whose_names_are_not_utf8(tmp_path: Path, options: tuple[str, ...]) -> None:
    folder, data = library(tmp_path / "library"), tmp_path / "data"
    for outcome in ("added", "unchanged") if options else ("added",):
        done = run("import", folder, "--owner", "ana", "--data", data, *options)
        found = summary(done)
        assert (found[outcome], found["rejected"]) == (len(NAMES), 0), done.stderr
        assert "changed or removed" not in done.stderr


def test_a_folder_and_an_archive_whose_own_names_are_not_utf8_are_imported(tmp_path: Path) -> None:
    folder = library(Path(os.fsdecode(os.fsencode(tmp_path) + b"/f\xf6lder")), (b"a\xe9.jpg", b"cut.png"))
    (folder / "cut.png").write_bytes(b"nothing")
    done = run("import", folder, "--owner", "ana", "--data", tmp_path / "data")
    assert (summary(done)["added"], summary(done)["rejected"]) == (1, 1)
    archive = Path(os.fsdecode(os.fsencode(tmp_path) + b"/f\xf6lder.tar"))
    with tarfile.open(archive, "w") as tar:
        info = tarfile.TarInfo("\udce9\udcff.jpg")
        info.size = len(PLAIN)
        tar.addfile(info, io.BytesIO(PLAIN))
    assert summary(run("import", archive, "--owner", "ben", "--data", tmp_path / "data"))["added"] == 1
    missing = run("import", Path(os.fsdecode(b"/caf\xe9")), "--owner", "ben", "--data", tmp_path / "data")
    assert "/caf\\xe9 cannot be opened" in missing.stderr


def test_reports_show_such_names_readably_in_one_line(tmp_path: Path) -> None:
    library(tmp_path, (b"caf\xe9.jpg", b"new\nline\x1b[31m.jpg", "schön.jpg".encode()))
    found = readings(tmp_path)
    assert [r.where for r in found] == ["caf\\xe9.jpg", "new\\nline\\x1b[31m.jpg", "schön.jpg"]
    assert [r.record.file_name for r in found if isinstance(r, ImportItem)] == ["caf\\xe9.jpg", "new line[31m.jpg", "schön.jpg"]


def test_reading_continues_after_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    found = readings(library(tmp_path))
    for number, result in enumerate(found):
        assert [r.where for r in readings(tmp_path, after=result.position)] == [r.where for r in found[number + 1 :]]


TRASH = ("#recycle", "@Recycle", "$RECYCLE.BIN", ".Trash", ".Trash-1000", ".Trashes", "RECYCLER", "System Volume Information")


def test_folders_of_deleted_files_are_left_alone(tmp_path: Path) -> None:
    library(tmp_path, (*(f"{name}/S-1-5/r.jpg".encode() for name in TRASH), b"deep/#recycle/r.jpg", b"Recycled art/a.jpg"))
    found = readings(tmp_path)
    assert [r.where for r in found if isinstance(r, ImportItem)] == ["Recycled art/a.jpg"]
    assert {r.where for r in found if isinstance(r, RejectedItem) and r.skipped} == {*TRASH, "deep/#recycle"}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_report_file_has_every_rejection_remark_and_skipped_file(tmp_path: Path) -> None:
    folder, report = library(tmp_path / "library"), tmp_path / "report.jsonl"
    for number in range(120):
        (folder / f"bad{number:03}.jpg").write_bytes(b"no picture")
    (folder / "old.bmp").write_bytes(b"BM" + bytes(60))
    (folder / "notes.txt").write_text("x")
    (folder / "gps.jpg").write_bytes(picture("JPEG", exif=exif(gps={1: "N", 2: (95.0, 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)})))
    (folder / "flat.png").write_bytes(picture("PNG")[:45] + bytes(40) + picture("PNG")[45:])
    report.write_text("the report of an earlier import\n")
    done = run("import", folder, "--owner", "ana", "--data", tmp_path / "data", "--report", report)
    found = lines(report)
    assert [sum(f["kind"] == kind for f in found) for kind in ("unsupported", "skipped")] == [1, 1]
    assert sum(f["kind"] == "rejected" for f in found) == summary(done)["rejected"] - 1 >= 120
    assert {"kind": "remark", "where": "gps.jpg", "reason": "its GPS position is invalid and was left out"} in found
    assert "and 7" in done.stderr  # the report on the terminal is still limited


def test_a_report_that_cannot_be_written_ends_the_import_before_it_begins(tmp_path: Path) -> None:
    library(tmp_path / "library")
    done = run(
        "import", tmp_path / "library", "--owner", "ana", "--data", tmp_path / "data", "--report", tmp_path / "no" / "report"
    )
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert not (tmp_path / "data" / "photos").exists()


async def test_the_seconds_are_those_of_the_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library(tmp_path / "library", (b"a.jpg",))
    clock = [0.0]

    async def slow(_pipeline: ImagePipeline, _stop: asyncio.Event, _on_progress: object) -> bool:
        clock[0] += 100
        return True

    monkeypatch.setattr(ImagePipeline, "run", slow)
    request = ImportRequest(tmp_path / "library", "ana")
    ended = await run_import(tmp_path / "data", request, PlainProgress(io.StringIO()), asyncio.Event(), lambda: clock[0])
    assert ended.seconds == 100
