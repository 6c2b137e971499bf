"""An export that somebody else prepared: it reads, writes and removes nothing outside its folder and the folder of copies."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ingest.readers.opening import open_reader
from ingest.readers.reading import ImportItem
from resolvers.exporting.readme import FORMAT

SECRET = "what belongs to another"


def row(source_id: str, member: str, **more: Any) -> bytes:
    return json.dumps({"sourceId": source_id, "original": member, **more}).encode() + b"\n"


def export(folder: Path, photos: bytes, name: str = "photos-000001.jsonl", members: dict[str, bytes] | None = None) -> Path:
    """The folder of an export with one file of photos and the archive that belongs to it."""
    folder.mkdir()
    if photos:
        (folder / "photos-000001.jsonl").write_bytes(photos)
    with zipfile.ZipFile(folder / "files-000001.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in (members or {"a": b"bytes of mine"}).items():
            archive.writestr(member, content)
    listed = {"name": name, "path": "photos", "bytes": len(photos), "sha256": hashlib.sha256(photos).hexdigest()}
    albums = {**listed, "name": "albums.jsonl", "path": "albums"}
    (folder / "manifest.json").write_text(json.dumps({"format": FORMAT, "version": 1, "files": [listed, albums]}))
    return folder


def read(folder: Path, spool: Path) -> list[Any]:
    reader = open_reader(folder, spool=spool)
    try:
        found = [*reader.read()]
        return [*found, *reader.section("albums")]  # type: ignore[attr-defined]
    finally:
        reader.close()


@pytest.mark.parametrize("way", ["parent", "absolute"])
@pytest.mark.parametrize("exists", [True, False])
def test_a_source_id_with_a_path_writes_and_removes_nothing(tmp_path: Path, way: str, exists: bool) -> None:
    victim = tmp_path / "victim"
    if exists:
        victim.write_text(SECRET)
    path = str(victim) if way == "absolute" else "../../victim"
    spool = tmp_path / "imports"
    spool.mkdir()
    found = read(export(tmp_path / "export", row(f"sha256:{path}", "a")), spool)
    assert (victim.read_text() if exists else victim.exists()) == (SECRET if exists else False)
    assert [i.original for i in found if isinstance(i, ImportItem)] == [None]


@pytest.mark.parametrize(
    "name", ["../outside.jsonl", "/etc/hostname", "..", ".", "", "a/../../outside.jsonl", "photos-1.jsonl\0"]
)
def test_a_manifest_that_names_a_file_outside_of_its_folder_reads_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.jsonl").write_bytes(row("outside", "a", caption=SECRET))
    assert SECRET not in repr(read(export(tmp_path / "export", b"", name), tmp_path / "imports"))


@pytest.mark.parametrize("file", ["photos-000001.jsonl", "albums.jsonl", "files-000001.zip", "manifest.json"])
def test_a_link_to_a_file_outside_is_not_followed(tmp_path: Path, file: str) -> None:
    content = b"bytes of another"
    source_id = f"sha256:{hashlib.sha256(content).hexdigest()}"
    other = export(tmp_path / "other", row(source_id, "a", caption=SECRET), members={"a": content})
    (other / "albums.jsonl").write_bytes(json.dumps({"title": SECRET}).encode() + b"\n")
    folder = export(tmp_path / "export", row(source_id, "a"))
    (folder / file).unlink(missing_ok=True)
    (folder / file).symlink_to(other / file)
    try:
        found = read(folder, tmp_path)
    except Exception as e:  # noqa: BLE001 - a refusal is a valid answer
        found = [e]
    assert SECRET not in repr(found)
    assert all(i.original is None for i in found if isinstance(i, ImportItem))


def test_a_pipe_in_an_export_does_not_stop_the_import(tmp_path: Path) -> None:
    folder = export(tmp_path / "export", b"")
    os.mkfifo(folder / "photos-000001.jsonl")
    assert "is missing or damaged" in repr(read(folder, tmp_path))


def test_a_member_that_expands_beyond_all_measure_is_not_copied(tmp_path: Path) -> None:
    bomb = bytes(80 << 20)
    source_id = f"sha256:{hashlib.sha256(bomb).hexdigest()}"
    found = read(export(tmp_path / "export", row(source_id, "a"), members={"a": bomb}), tmp_path)
    assert [i.original for i in found if isinstance(i, ImportItem)] == [None]
