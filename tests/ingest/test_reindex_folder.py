"""Rebuilds the index of a data folder and replaces the old one."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from benchmarks.reindex import library
from commands.progress import PlainProgress
from datasources import Sources
from datasources.data_folder import IndexLock, UnusableFolder, prepare
from datasources.photo_key import PhotoKey
from datasources.search.port import Removal, SearchRequest
from datasources.search.tantivy.index import TantivyIndex
from indexing.index_switch import rebuild_folder
from indexing.open_stores import open_exclusive
from indexing.reindex import is_consistent
from tests.search.makers import photo, scope_of

DISPLAY = PlainProgress(io.StringIO())


async def saved_photos(sources: Sources, owner: str, count: int) -> list[PhotoKey]:
    return [PhotoKey(owner, photo_id) for photo_id in await library(sources, owner, count)]


@pytest.mark.parametrize(
    ("before", "found", "after", "expected"),
    [
        (3, 3, 3, True), (3, 2, 3, False), (3, 4, 3, False), (3, 4, 4, True), (3, 3, 4, True), (3, 5, 4, False),
        (None, None, None, True), (None, 1, None, False), (3, None, 3, False), (3, None, None, True), (3, 3, None, True),
        (None, 7, 7, True), (None, None, 7, True),
    ],
)  # fmt: skip
def test_a_version_is_consistent_if_the_tables_had_it_between_two_reads(
    before: int | None, found: int | None, after: int | None, expected: bool
) -> None:
    assert is_consistent(before, found, after) is expected


async def test_the_rebuilt_index_has_no_wrong_entries(tmp_path: Path) -> None:
    async with open_exclusive(tmp_path, "a test") as sources:
        keys = await saved_photos(sources, "ana", 30)
        await sources.index.write([photo(9_000), Removal(keys[0], 99)])
        await sources.index.refresh()
    summary = json.loads(await rebuild_folder(tmp_path, DISPLAY))
    assert (summary["photos"], summary["written"], summary["customers"]) == (30, 30, 1)
    async with open_exclusive(tmp_path, "a test") as sources:
        assert (await sources.index.search(scope_of("ana"), SearchRequest(total=True))).total == 30
        assert set(await sources.index.versions("ana")) == {key.id for key in keys}
    assert sorted(p.name for p in tmp_path.glob("index*")) == ["index", "index.lock"]  # noqa: ASYNC240 - a test


async def test_an_interrupted_rebuild_is_resumed(tmp_path: Path) -> None:
    async with open_exclusive(tmp_path, "a test") as sources:
        keys = await saved_photos(sources, "ana", 30)
    half = TantivyIndex.open(tmp_path / "index.next")
    await half.write([photo(n, version=1) for n in range(3)])
    await half.refresh()
    await half.close()
    summary = json.loads(await rebuild_folder(tmp_path, DISPLAY))
    assert summary["photos"] == 30
    async with open_exclusive(tmp_path, "a test") as sources:
        assert set(await sources.index.versions("ana")) == {key.id for key in keys}


async def test_a_folder_in_use_is_not_changed(tmp_path: Path) -> None:
    prepare(tmp_path)
    with IndexLock.take(tmp_path, "a server") or pytest.fail("no lock"), pytest.raises(UnusableFolder, match="a server"):
        await rebuild_folder(tmp_path, DISPLAY)
