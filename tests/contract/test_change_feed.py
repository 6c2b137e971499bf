"""What every change feed promises, run over a table of adapters."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from datasources.errors import Conflict, Corrupt
from datasources.tables.changes import Change, ChangeFeed
from datasources.tables.store import Item, Key, Put, Remove, Table
from tests.tables.engines import ADAPTERS, PARAMS, Clock, Tables
from tests.tables.plain_tables import plain_table

FED = plain_table("fed", indexes=("by_time",), feed=True, expires=True)
QUIET = plain_table("quiet")


# DynamoDB sweeps and forgets by its own clock, within days: nothing that a test can wait for.
SWEPT_BY_US = pytest.mark.parametrize("tables", ["sqlite"], indirect=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=PARAMS)
async def tables(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Tables]:
    async with ADAPTERS[request.param](tmp_path, (FED, QUIET), clock) as opened:
        yield opened


def put(sort: str, version: int, if_version: int | None = None, *, table: Table = FED) -> Put:
    return Put(table, Item(Key("ana", sort), version, b"x"), if_version)


async def everything(feed: ChangeFeed, *, limit: int = 7) -> list[Change]:
    found: list[Change] = []
    while some := await feed.read(found[-1].position if found else None, limit=limit):
        assert len(some) <= limit
        found += some
    return found


def said(changes: list[Change]) -> list[tuple[str, int]]:
    return [(c.key.sort, c.version) for c in changes]


async def test_a_new_feed_is_empty(tables: Tables) -> None:
    feed = tables.feed
    assert (await feed.head(), await feed.mark("index"), await feed.lag("index"), await everything(feed)) == (None, None, 0, [])


async def test_every_write_that_was_made_is_fed_and_no_other(tables: Tables) -> None:
    store = tables.items
    await store.write_each([put("a", 1, 0), put("b", 1, 0), put("q", 1, table=QUIET)])
    await store.write_each([put("a", 2, 1), put("b", 2, 9), put("c", 1, 0)])
    with pytest.raises(Conflict):
        await store.transact([put("d", 1, 0), put("e", 2, 1)])
    await store.transact([put("a", 3, 2), Remove(FED, Key("ana", "b"), 1)])
    await store.write_each([Remove(FED, Key("ana", "nothing"), None), Remove(FED, Key("ana", "c"), 4)])
    changes = await everything(tables.feed)
    assert sorted(said(changes)) == sorted([("a", 1), ("b", 1), ("a", 2), ("c", 1), ("a", 3), ("b", 1)])
    assert {c.table for c in changes} == {"fed"}
    assert changes[-1].position == await tables.feed.head()


async def test_changes_of_an_item_are_in_order(tables: Tables) -> None:
    seed = random.Random(3)
    versions = dict.fromkeys("abcdefgh", 0)
    for _ in range(60):
        some = seed.sample(sorted(versions), 4)
        done = await tables.items.write_each([put(s, versions[s] + 1, versions[s] + seed.choice([0, 0, 1])) for s in some])
        for sort, ok in zip(some, done, strict=True):
            versions[sort] += ok
    changes = said(await everything(tables.feed))
    for sort, last in versions.items():
        assert [v for s, v in changes if s == sort] == list(range(1, last + 1))


async def test_marks_are_kept_by_consumer_and_never_go_back(tables: Tables) -> None:
    feed = tables.feed
    await tables.items.write_each([put(f"{n}", 1) for n in range(10)])
    at = [c.position for c in await everything(feed)]
    assert await feed.lag("index") == 10
    await feed.set_mark("index", at[5])
    await feed.set_mark("index", at[2])
    assert (await feed.mark("index"), await feed.lag("index")) == (at[5], 4)
    assert (await feed.mark("lake"), await feed.lag("lake")) == (None, 10)
    assert [c.position for c in await feed.read(at[5], limit=2)] == at[6:8]
    await feed.set_mark("index", at[9])
    assert await feed.lag("index") == 0
    assert await feed.read(at[9], limit=5) == []


@pytest.mark.parametrize("position", ["", "x", "0", "-1", "11", "1.5", "٣", "9" * 40])
async def test_a_position_that_was_never_given_is_refused(tables: Tables, position: str) -> None:
    await tables.items.write_each([put(f"{n}", 1) for n in range(10)])
    with pytest.raises(Corrupt):
        await tables.feed.read(position, limit=1)
    with pytest.raises(Corrupt):
        await tables.feed.set_mark("index", position)
    assert await tables.feed.mark("index") is None


@SWEPT_BY_US
async def test_what_expires_is_fed_when_it_is_swept(tables: Tables, clock: Clock) -> None:
    await tables.items.write_each([Put(FED, Item(Key("ana", f"{n}"), 4, b"", {}, int(clock.now) + 9), 0) for n in range(1100)])
    head = await tables.feed.head()
    clock.now += 10
    assert await tables.sweep() == 1100
    assert {(c.key.sort, c.version) for c in await tables.feed.read(head, limit=2000)} == {(f"{n}", 4) for n in range(1100)}


@SWEPT_BY_US
async def test_changes_are_kept_for_a_day_and_until_every_consumer_has_them(tables: Tables, clock: Clock) -> None:
    feed = tables.feed
    await tables.items.write_each([put(f"{n}", 1) for n in range(4)])
    at = [c.position for c in await everything(feed)]
    await feed.set_mark("index", at[3])
    await feed.set_mark("lake", at[1])
    await tables.sweep()
    assert len(await everything(feed)) == 4
    clock.now += 86_400
    await tables.sweep()
    assert [c.position for c in await everything(feed)] == at[2:]
    assert (await feed.head(), await feed.lag("lake"), await feed.lag("index")) == (at[3], 2, 0)
    with pytest.raises(Corrupt, match="no longer kept"):
        await feed.read(at[0], limit=5)


WRITER = """
import asyncio, sys
from pathlib import Path
from tests_feed import FED, QUIET, Clock, ADAPTERS, put
async def main(name, folder, who, count):
    async with ADAPTERS[name](Path(folder), (FED, QUIET), Clock()) as tables:
        for n in range(int(count)):
            assert all(await tables.items.write_each([put(f"{who}{n}-{i}", 1, 0) for i in range(5)]))
asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("name", PARAMS)
async def test_two_processes_that_write_are_read_in_order_without_a_gap(name: str, tmp_path: Path) -> None:
    """A reader that goes on from where it was sees everything, though writers elsewhere commit all the time."""
    async with ADAPTERS[name](tmp_path, (FED, QUIET), Clock()) as tables:
        await _two_write_while_one_reads(name, tmp_path, tables.feed)


async def _two_write_while_one_reads(name: str, folder: Path, feed: ChangeFeed) -> None:
    code = WRITER.replace("from tests_feed import", _load(Path(__file__)) + "\nfrom tests_feed import")
    call = (sys.executable, "-c", code, name, str(folder))
    batches_each = 60 if name == "sqlite" else 12
    writers = [await asyncio.create_subprocess_exec(*call, who, str(batches_each), cwd=_ROOT) for who in "ab"]
    seen: list[Change] = []
    try:
        while len(seen) < 10 * batches_each and all(w.returncode in (None, 0) for w in writers):
            seen += await feed.read(seen[-1].position if seen else None, limit=50)
            await asyncio.sleep(0)
        assert [await w.wait() for w in writers] == [0, 0]
        seen += await feed.read(seen[-1].position, limit=50)
        assert len({c.key.sort for c in seen}) == 10 * batches_each
        for who in "ab":
            batches = [int(c.key.sort[1:].split("-")[0]) for c in seen if c.key.sort[0] == who]
            assert batches == sorted(batches)
        assert seen == await everything(feed, limit=100)
    finally:
        for writer in writers:
            if writer.returncode is None:
                writer.kill()
                await writer.wait()


_ROOT = Path(__file__).parents[2]


def _load(path: Path) -> str:
    """Code that loads this file under a name: tests are no packages."""
    return (
        "import importlib.util\n"
        f"spec = importlib.util.spec_from_file_location('tests_feed', {str(path)!r})\n"
        "module = importlib.util.module_from_spec(spec); sys.modules['tests_feed'] = module; spec.loader.exec_module(module)"
    )
