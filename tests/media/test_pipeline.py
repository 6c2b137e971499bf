"""The second phase of an import, which stores and decodes the files."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import struct
from pathlib import Path

import pytest

from commands.progress import PlainProgress
from datasources import Sources
from datasources.tables.pictures import PictureRecord
from indexing.open_stores import open_exclusive
from ingest.pictures.pipeline import ImagePipeline
from ingest.run import ImportRequest, run_import
from tests.media.gateway import imported, jpeg, picture


async def records(sources: Sources, owner: str = "ana") -> list[PictureRecord]:
    found, _ = await sources.pictures.of_owner(sources.ids.local_id("customer", owner))
    return list(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


async def test_near_duplicates_are_stored_with_both_photos_of_the_same_owner(tmp_path: Path, folder: Path) -> None:
    original = picture(1)
    small = original.resize((200, 150))
    cropped = original.crop((20, 15, 780, 585))
    for name, made in {"a": original, "b": small, "c": cropped, "d": picture(2), "e": picture(3)}.items():
        (folder / f"{name}.jpg").write_bytes(jpeg(made, 60))
    await imported(tmp_path / "data", folder)
    others = tmp_path / "others"
    others.mkdir()
    shutil.copy(folder / "a.jpg", others)
    await imported(tmp_path / "data", others, "bob")
    async with open_exclusive(tmp_path / "data", "a test") as sources:
        found = await records(sources)
        near_duplicates = sorted(sorted({r.id, *r.near_duplicates}) for r in found if r.near_duplicates)
        assert [len(t) for t in near_duplicates] == [3, 3, 3]
        assert near_duplicates[0] == near_duplicates[1] == near_duplicates[2]
        (bobs,) = await records(sources, "bob")
        assert bobs.near_duplicates == ()
        assert bobs.original not in {r.original for r in found}


@pytest.mark.slow
async def test_a_stopped_import_continues_and_stores_no_file_twice(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.pictures.pipeline._BATCH", 2)
    for n in range(5):
        (folder / f"{n}.jpg").write_bytes(jpeg(picture(n, (160, 120))))
    stop, real = asyncio.Event(), ImagePipeline._process_batch

    async def stopping(self: ImagePipeline, batch) -> None:
        await real(self, batch)
        stop.set()

    ImagePipeline._process_batch = stopping  # type: ignore[method-assign]
    try:
        ended = await run_import(tmp_path / "data", ImportRequest(folder, "ana"), PlainProgress(io.StringIO()), stop)
    finally:
        ImagePipeline._process_batch = real  # type: ignore[method-assign]
    assert not ended.is_complete
    again = await imported(tmp_path / "data", folder)
    assert again.is_complete
    assert again.counters.counts["unchanged"] == 5
    assert again.image_stats is not None
    assert ended.image_stats is not None
    assert 0 < ended.image_stats.stored < 5
    assert ended.image_stats.stored + again.image_stats.stored == 5
    third = await imported(tmp_path / "data", folder)
    assert third.image_stats is not None
    assert third.image_stats.stored == 0
    async with open_exclusive(tmp_path / "data", "a test") as sources:
        found = await records(sources)
        assert [(r.waiting, r.width, r.height) for r in found] == [(False, 160, 120)] * 5


async def test_damaged_and_malicious_pictures_only_lack_renditions(tmp_path: Path, folder: Path) -> None:
    good, broken = jpeg(picture(1)), bytearray(jpeg(picture(2)))
    table = broken.index(b"\xff\xc4") + 5
    broken[table : table + 16] = b"\xff" * 16
    huge = bytearray(jpeg(picture(3)))
    at = huge.index(b"\xff\xc0") + 5
    huge[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    for name, data in {"good": good, "broken": broken, "huge": huge}.items():
        (folder / f"{name}.jpg").write_bytes(bytes(data))
    ended = await imported(tmp_path / "data", folder)
    assert ended.image_stats is not None
    assert (ended.image_stats.stored, ended.image_stats.unrenderable) == (3, 2)
    async with open_exclusive(tmp_path / "data", "a test") as sources:
        assert sorted(r.width or 0 for r in await records(sources)) == [0, 0, 800]


@pytest.mark.slow
async def test_referenced_files_are_not_moved_and_a_second_import_may_copy_them(tmp_path: Path, folder: Path) -> None:
    (folder / "a.jpg").write_bytes(jpeg(picture(1)))
    await imported(tmp_path / "data", folder, link=True)
    kept = sum(p.stat().st_size for p in (tmp_path / "data" / "media").rglob("*") if p.is_file())
    assert kept < 1_000
    moved = Path(shutil.move(folder, tmp_path / "moved"))
    await imported(tmp_path / "data", moved, link=True)
    async with open_exclusive(tmp_path / "data", "a test") as sources:
        (record,) = await records(sources)
        assert record.linked
        assert record.original is not None
        assert await sources.originals.has(record.owner, record.original)
    await imported(tmp_path / "data", moved)
    shutil.rmtree(moved)
    async with open_exclusive(tmp_path / "data", "a test") as sources:
        (record,) = await records(sources)
        assert (record.linked, record.width) == (False, 800)
    kept = sum(p.stat().st_size for p in (tmp_path / "data" / "media").rglob("*") if p.is_file())
    assert kept > 10_000


async def test_a_file_that_changes_before_it_is_stored_is_not_stored(tmp_path: Path, folder: Path) -> None:
    file = folder / "a.jpg"
    file.write_bytes(jpeg(picture(1)))
    real = ImagePipeline._process_batch

    async def changing(self: ImagePipeline, batch) -> None:
        file.write_bytes(jpeg(picture(2)))
        await real(self, batch)

    ImagePipeline._process_batch = changing  # type: ignore[method-assign]
    try:
        ended = await imported(tmp_path / "data", folder)
    finally:
        ImagePipeline._process_batch = real  # type: ignore[method-assign]
    assert ended.image_stats is not None
    assert (ended.image_stats.stored, ended.image_stats.lost) == (0, 1)
    assert not [p for p in (tmp_path / "data" / "media").rglob("*") if p.is_file()]


@pytest.mark.slow
async def test_deleted_photos_get_no_file_by_another_import_unless_restored(tmp_path: Path, folder: Path) -> None:
    from datasources.tables.photos import Draft, tombstone
    from indexing.documents import index_photos

    (folder / "a.jpg").write_bytes(jpeg(picture(1)))
    await imported(tmp_path / "data", folder)
    async with open_exclusive(tmp_path / "data", "a test") as sources:
        (record,) = await records(sources)
        photo = (await sources.photos.raw([record.key]))[record.key]
        await sources.photos.save([Draft(tombstone(photo))], now_ms=1)
        await index_photos(sources, [record.key])
        assert await records(sources) == []
    await imported(tmp_path / "data", folder)
    async with open_exclusive(tmp_path / "data", "a test") as sources:
        assert await records(sources) == []
    await imported(tmp_path / "data", folder, restore=True)
    async with open_exclusive(tmp_path / "data", "a test") as sources:
        assert [r.width for r in await records(sources)] == [800]


def test_paths_of_files_are_stored_only_encrypted(tmp_path: Path, folder: Path) -> None:
    (folder / "canary-name.jpg").write_bytes(jpeg(picture(1)))
    asyncio.run(imported(tmp_path / "data", folder, link=True))
    stored = b"".join(p.read_bytes() for p in (tmp_path / "data").rglob("*") if p.is_file() and "index" not in p.parts)
    assert b"canary-name" not in stored
    assert os.fsencode(folder) not in stored
