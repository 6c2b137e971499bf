"""The second part of an import: files are kept once, looked at once, and whatever they are costs nothing else."""

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
from ingest.run import Order, run_import
from tests.media.gateway import imported, jpeg, picture


async def records(sources: Sources, owner: str = "ana") -> list[PictureRecord]:
    found, _ = await sources.pictures.of_owner(sources.ids.local_id("customer", owner))
    return list(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


async def test_the_same_picture_again_is_told_of_on_both_sides_and_of_nobody_elses(tmp_path: Path, folder: Path) -> None:
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
        twins = sorted(sorted({r.id, *r.twins}) for r in found if r.twins)
        assert [len(t) for t in twins] == [3, 3, 3]
        assert twins[0] == twins[1] == twins[2]
        (bobs,) = await records(sources, "bob")
        assert bobs.twins == ()
        assert bobs.original not in {r.original for r in found}


@pytest.mark.slow
async def test_an_import_that_was_stopped_goes_on_and_keeps_nothing_twice(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.pictures.pipeline._BATCH", 2)
    for n in range(5):
        (folder / f"{n}.jpg").write_bytes(jpeg(picture(n, (160, 120))))
    stop, real = asyncio.Event(), ImagePipeline._look

    async def stopping(self: ImagePipeline, batch) -> None:
        await real(self, batch)
        stop.set()

    ImagePipeline._look = stopping  # type: ignore[method-assign]
    try:
        ended = await run_import(tmp_path / "data", Order(folder, "ana"), PlainProgress(io.StringIO()), stop)
    finally:
        ImagePipeline._look = real  # type: ignore[method-assign]
    assert not ended.whole
    again = await imported(tmp_path / "data", folder)
    assert again.whole
    assert again.tally.counts["unchanged"] == 5
    assert again.looked is not None
    assert ended.looked is not None
    assert 0 < ended.looked.kept < 5
    assert ended.looked.kept + again.looked.kept == 5
    third = await imported(tmp_path / "data", folder)
    assert third.looked is not None
    assert third.looked.kept == 0
    async with open_exclusive(tmp_path / "data", "a test") as sources:
        found = await records(sources)
        assert [(r.waiting, r.width, r.height) for r in found] == [(False, 160, 120)] * 5


async def test_a_broken_picture_and_a_bomb_cost_their_picture_and_nothing_else(tmp_path: Path, folder: Path) -> None:
    good, broken = jpeg(picture(1)), bytearray(jpeg(picture(2)))
    table = broken.index(b"\xff\xc4") + 5
    broken[table : table + 16] = b"\xff" * 16
    huge = bytearray(jpeg(picture(3)))
    at = huge.index(b"\xff\xc0") + 5
    huge[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    for name, data in {"good": good, "broken": broken, "huge": huge}.items():
        (folder / f"{name}.jpg").write_bytes(bytes(data))
    ended = await imported(tmp_path / "data", folder)
    assert ended.looked is not None
    assert (ended.looked.kept, ended.looked.unshowable) == (3, 2)
    async with open_exclusive(tmp_path / "data", "a test") as sources:
        assert sorted(r.width or 0 for r in await records(sources)) == [0, 0, 800]


@pytest.mark.slow
async def test_linked_files_stay_where_they_are_and_a_second_import_may_copy_them(tmp_path: Path, folder: Path) -> None:
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


async def test_a_file_that_changes_before_it_is_kept_is_not_kept_as_what_it_was(tmp_path: Path, folder: Path) -> None:
    file = folder / "a.jpg"
    file.write_bytes(jpeg(picture(1)))
    real = ImagePipeline._look

    async def changing(self: ImagePipeline, batch) -> None:
        file.write_bytes(jpeg(picture(2)))
        await real(self, batch)

    ImagePipeline._look = changing  # type: ignore[method-assign]
    try:
        ended = await imported(tmp_path / "data", folder)
    finally:
        ImagePipeline._look = real  # type: ignore[method-assign]
    assert ended.looked is not None
    assert (ended.looked.kept, ended.looked.lost) == (0, 1)
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


def test_where_a_file_lies_is_nowhere_in_clear(tmp_path: Path, folder: Path) -> None:
    (folder / "canary-name.jpg").write_bytes(jpeg(picture(1)))
    asyncio.run(imported(tmp_path / "data", folder, link=True))
    stored = b"".join(p.read_bytes() for p in (tmp_path / "data").rglob("*") if p.is_file() and "index" not in p.parts)
    assert b"canary-name" not in stored
    assert os.fsencode(folder) not in stored
