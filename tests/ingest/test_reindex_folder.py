"""The index of a data folder, built beside the old one and put in its place."""

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

SCREEN = PlainProgress(io.StringIO())


async def saved_photos(sources: Sources, owner: str, count: int) -> list[PhotoKey]:
    return [PhotoKey(owner, photo_id) for photo_id in await library(sources, owner, count)]


@pytest.mark.parametrize(
    ("before", "found", "after", "right"),
    [
        (3, 3, 3, True), (3, 2, 3, False), (3, 4, 3, False), (3, 4, 4, True), (3, 3, 4, True), (3, 5, 4, False),
        (None, None, None, True), (None, 1, None, False), (3, None, 3, False), (3, None, None, True), (3, 3, None, True),
        (None, 7, 7, True), (None, None, 7, True),
    ],
)  # fmt: skip
def test_a_photo_agrees_with_what_the_tables_had_between_two_looks(
    before: int | None, found: int | None, after: int | None, right: bool
) -> None:
    assert is_consistent(before, found, after) is right


async def test_the_index_is_made_anew_and_what_was_wrong_in_it_is_gone(tmp_path: Path) -> None:
    async with open_exclusive(tmp_path, "a test") as sources:
        keys = await saved_photos(sources, "ana", 30)
        await sources.index.write([photo(9_000), Removal(keys[0], 99)])
        await sources.index.refresh()
    told = json.loads(await rebuild_folder(tmp_path, SCREEN))
    assert (told["photos"], told["written"], told["customers"]) == (30, 30, 1)
    async with open_exclusive(tmp_path, "a test") as sources:
        assert (await sources.index.search(scope_of("ana"), SearchRequest(total=True))).total == 30
        assert set(await sources.index.versions("ana")) == {key.id for key in keys}
    assert sorted(p.name for p in tmp_path.glob("index*")) == ["index", "index.lock"]  # noqa: ASYNC240 - a test


async def test_one_that_was_stopped_goes_on_with_what_is_left(tmp_path: Path) -> None:
    async with open_exclusive(tmp_path, "a test") as sources:
        keys = await saved_photos(sources, "ana", 30)
    half = TantivyIndex.open(tmp_path / "index.next")
    await half.write([photo(n, version=1) for n in range(3)])
    await half.refresh()
    await half.close()
    told = json.loads(await rebuild_folder(tmp_path, SCREEN))
    assert told["photos"] == 30
    async with open_exclusive(tmp_path, "a test") as sources:
        assert set(await sources.index.versions("ana")) == {key.id for key in keys}


async def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    prepare(tmp_path)
    with IndexLock.take(tmp_path, "a server") or pytest.fail("no lock"), pytest.raises(UnusableFolder, match="a server"):
        await rebuild_folder(tmp_path, SCREEN)
