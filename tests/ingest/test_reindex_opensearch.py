"""Switches to a new index in OpenSearch and back: searches have correct results meanwhile."""

from __future__ import annotations

import io
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from benchmarks.reindex import Load, library
from commands.progress import PlainProgress
from datasources import Sources
from datasources.data_folder import prepare
from datasources.errors import Unavailable
from datasources.search.opensearch.index import OpenSearchIndex
from datasources.search.opensearch.indices import IndexShape, Indices
from datasources.search.read_only_stub import ReadOnlyIndexStub
from datasources.wiring import embedded
from indexing.index_switch import build_and_switch, drop_old, roll_back
from indexing.reindex import IndexMismatch
from tests.search.engines import cluster, dropped

pytestmark = pytest.mark.servers
NAME = f"reindex-{os.getpid()}"
DISPLAY = PlainProgress(io.StringIO())


@dataclass
class Stack:
    sources: Sources
    indices: Indices
    load: Load


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """A library of 1,200 photos in the tables and in the index."""
    tables = await embedded(prepare(tmp_path / "data"), index=ReadOnlyIndexStub())
    indices = Indices.connect(cluster(), NAME, IndexShape(shards=1, replicas=0))
    sources = replace(tables, index=OpenSearchIndex.connect(cluster(), NAME))
    try:
        records = await library(sources, "ana", 1_200)
        await build_and_switch(sources, indices, DISPLAY)
        await drop_old(sources, indices, DISPLAY)
        yield Stack(sources, indices, Load(sources, "ana", records))
    finally:
        await sources.index.close()
        await indices.close()
        await tables.close()
        dropped(NAME)


async def test_searches_are_correct_while_the_index_is_switched_and_switched_back(stack: Stack) -> None:
    before = await stack.indices.index_of(NAME)
    async with stack.load.running(readers=3, writers=2, rate_each=None):
        summary = json.loads(await build_and_switch(stack.sources, stack.indices, DISPLAY))
        assert summary["index"] == await stack.indices.index_of(NAME) != before
        assert json.loads(await roll_back(stack.sources, stack.indices, DISPLAY))["index"] == before
        assert await stack.indices.index_of(NAME) == before
        await roll_back(stack.sources, stack.indices, DISPLAY)
        await drop_old(stack.sources, stack.indices, DISPLAY)
    assert stack.load.wrong == []
    assert stack.load.reads > 20
    assert stack.load.writes > 10
    assert list(await stack.indices.counts()) == [summary["index"]]
    live = {p: r.version for p, r in stack.load.records.items() if not r.deleted}
    assert await stack.sources.index.versions("ana") == live


async def test_an_interrupted_fill_is_resumed(stack: Stack) -> None:
    created = await stack.indices.create_second()
    second = stack.indices.second()
    real, written = second.write, 0

    async def half(entries: object) -> None:
        nonlocal written
        written += 1
        if written > 1:
            raise Unavailable("search", "killed")
        await real(entries)  # type: ignore[arg-type]

    second.write = half  # type: ignore[method-assign]
    stack.indices.second = lambda: second  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        await build_and_switch(stack.sources, stack.indices, DISPLAY)
    assert await stack.indices.index_of(NAME) != created
    second.write = real  # type: ignore[method-assign]
    summary = json.loads(await build_and_switch(stack.sources, stack.indices, DISPLAY))
    assert (summary["index"], summary["photos"], summary["written"]) == (created, 1_200, 700)


async def test_wrong_entries_of_the_new_index_are_repaired_before_the_switch(stack: Stack) -> None:
    from tests.search.makers import photo

    await stack.indices.create_second()
    second = stack.indices.second()
    await second.write([photo(5_000, "ana", version=3)])
    summary = json.loads(await build_and_switch(stack.sources, stack.indices, DISPLAY))
    assert summary["mended"] == 1
    assert len(await stack.sources.index.versions("ana")) == 1_200


async def test_a_reindex_does_not_start_while_the_previous_index_exists(stack: Stack) -> None:
    await build_and_switch(stack.sources, stack.indices, DISPLAY)
    with pytest.raises(IndexMismatch, match="--finish"):
        await build_and_switch(stack.sources, stack.indices, DISPLAY)
    await drop_old(stack.sources, stack.indices, DISPLAY)
    with pytest.raises(IndexMismatch, match="no previous index"):
        await roll_back(stack.sources, stack.indices, DISPLAY)


async def test_an_index_that_loses_writes_is_never_switched_to(stack: Stack) -> None:
    before = await stack.indices.index_of(NAME)
    second = stack.indices.second()

    async def lost(_: object) -> None:
        """Succeeds without writing."""

    second.write = lost  # type: ignore[method-assign,assignment]
    stack.indices.second = lambda: second  # type: ignore[method-assign]
    with pytest.raises(IndexMismatch, match="1200 photos"):
        await build_and_switch(stack.sources, stack.indices, DISPLAY)
    assert await stack.indices.index_of(NAME) == before
