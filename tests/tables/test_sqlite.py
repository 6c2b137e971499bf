"""The SQLite engine beyond its contract: several processes, kills, cancellations, sick files."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from datasources.errors import Conflict, Corrupt, SourceError, Throttled, Unavailable
from datasources.tables.sqlite.store import SqliteTables
from datasources.tables.store import MAX_BODY, Item, Key, Put, Remove, Span
from datasources.tables.wrapping_keys import KEYS
from tests.tables.plain_tables import plain_table

PHOTOS = plain_table("photos", indexes=("timeline", "changes"), feed=True)
TABLES = (PHOTOS, KEYS)


def make_tables(path: Path, *, busy_timeout_s: float = 5.0) -> SqliteTables:
    return SqliteTables.open(path, TABLES, clock=lambda: 1_800_000_000.0, busy_timeout_s=busy_timeout_s)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tables.sqlite"


@pytest.fixture
async def tables(path: Path) -> AsyncIterator[SqliteTables]:
    opened = make_tables(path)
    yield opened
    await opened.close()


def put(sort: str, version: int = 1, if_version: int | None = None, *, body: bytes = b"x") -> Put:
    places = {"timeline": Key("ana", sort), "changes": Key("ana", f"{version}")}
    return Put(PHOTOS, Item(Key("ana", sort), version, body, places), if_version)


async def all_items(tables: SqliteTables) -> dict[str, Item]:
    found: dict[str, Item] = {}
    after: str | None = None
    while True:
        page = await tables.items.query(PHOTOS, "ana", Span(), limit=1000, after=after)
        found |= {i.key.sort: i for i in page.items}
        if (after := page.after) is None:
            return found


WRITER = """
import asyncio, sys
from pathlib import Path
from datasources.tables.sqlite.store import SqliteTables
from datasources.tables.store import Item, Key, Put
from datasources.tables.wrapping_keys import KEYS
from tests.tables.plain_tables import plain_table
PHOTOS = plain_table("photos", indexes=("timeline", "changes"), feed=True)
async def main():
    tables = SqliteTables.open(Path(sys.argv[1]), (PHOTOS, KEYS), clock=lambda: 1_800_000_000.0)
    for version in range(1, 10**9):
        done = await tables.items.write_each([
            Put(PHOTOS, Item(Key("ana", f"{n:03}"), version, b"%d" % version, {"timeline": Key("ana", f"{version}")}), version - 1)
            for n in range(50)])
        assert all(done)
        print(version, flush=True)
asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 7, 40])
async def test_a_kill_loses_nothing_acknowledged_and_items_feed_and_index_agree(path: Path, acknowledged: int) -> None:
    root = Path(__file__).parents[2]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(path), stdout=asyncio.subprocess.PIPE, cwd=root
    )
    assert child.stdout
    for _ in range(acknowledged):
        last = int(await child.stdout.readline())
    child.kill()
    rest = [int(line) for line in (await child.stdout.read()).split(b"\n")[:-1]]
    await child.wait()
    tables = make_tables(path)
    items = await all_items(tables)
    (version,) = {i.version for i in items.values()}
    assert version >= max([last, *rest])
    assert all(i.body == b"%d" % version for i in items.values())
    changes = await tables.feed.read(None, limit=1_000_000)
    assert len(changes) == version * 50
    assert {c.key.sort: c.version for c in changes} == dict.fromkeys(items, version)
    page = await tables.items.query_index(PHOTOS, "timeline", "ana", Span(), limit=100)
    assert {(e.sort, e.key.sort) for e in page.entries} == {(f"{version}", s) for s in items}
    assert await tables.items.write_each([put("000", version + 1, version)]) == [True]
    await tables.close()


async def test_two_that_hold_one_file_never_both_win(path: Path) -> None:
    one, other = make_tables(path), make_tables(path)
    for version in range(1, 60):
        done = await asyncio.gather(*(t.items.write_each([put("a", version, version - 1)]) for t in (one, other, one, other)))
        assert sorted(ok for (ok,) in done) == [False, False, False, True]
        outcomes = await asyncio.gather(
            *(t.items.transact([put("b", version, version - 1)]) for t in (one, other)), return_exceptions=True
        )
        assert [type(o) for o in outcomes if o] == [Conflict]
    assert len(await one.feed.read(None, limit=1000)) == len(await other.feed.read(None, limit=1000)) == 59 * 2
    await one.close()
    await other.close()


async def test_many_may_make_the_same_new_file_at_once(path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(lambda _: make_tables(path), range(16)))
    token = None
    await opened[0].items.write_each([put("a"), put("b")])
    for tables in opened:
        page = await tables.items.query(PHOTOS, "ana", Span(), limit=1, after=token)
        token = token or page.after
        assert len(page.items) == 1
    for tables in opened:
        await tables.close()


async def test_a_writer_that_waits_too_long_is_throttled_and_readers_go_on(path: Path, tables: SqliteTables) -> None:
    hasty = make_tables(path, busy_timeout_s=0.01)
    await tables.items.write_each([put("a")])
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Throttled):
            await hasty.items.write_each([put("b")])
        assert list(await all_items(hasty)) == ["a"]
        holder.execute("ROLLBACK")
    assert await hasty.items.write_each([put("b")]) == [True]
    await hasty.close()


async def test_a_full_disk_is_unavailable_and_leaves_no_half_of_a_batch(tables: SqliteTables) -> None:
    await tables.items.write_each([put("a")])
    connection = tables._store._threads._writer
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(Unavailable, match="SQLITE_FULL"):
        await tables.items.write_each([put(f"{n}", body=b"x" * 10_000) for n in range(400)])
    assert list(await all_items(tables)) == ["a"]
    assert len(await tables.feed.read(None, limit=10)) == 1
    connection.execute("PRAGMA max_page_count = 1000000")
    assert all(await tables.items.write_each([put(f"{n}", body=b"x" * 10_000) for n in range(400)]))
    assert await tables.feed.lag("index") == 401


def scribble(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff\xfe secret" * (len(whole) // 20) + whole[4096 + 9 * (len(whole) // 20) :])


async def test_a_damaged_file_is_corrupt_and_nothing_stored_is_quoted(path: Path) -> None:
    tables = make_tables(path)
    await tables.items.write_each([put(f"secret{n}", body=b"secret" * 500) for n in range(300)])
    await tables.close()
    scribble(path)
    with pytest.raises(Corrupt) as failure:
        await all_items(make_tables(path))
    response: BaseException | None = failure.value
    while response:
        assert "secret" not in str(response)
        response = response.__cause__


async def test_a_file_of_another_version_is_refused_in_one_sentence(path: Path) -> None:
    await make_tables(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 2")
    with pytest.raises(Unavailable, match=r"^tables: the file is of version 2, and this program reads version 1$"):
        make_tables(path)


def test_a_file_that_is_not_ours_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(Unavailable):
        make_tables(path)
    path.write_bytes(b"a letter to grandmother" * 300)
    with pytest.raises(Corrupt):
        make_tables(path)
    assert path.read_bytes() == b"a letter to grandmother" * 300


async def test_a_table_with_other_indexes_is_refused(path: Path) -> None:
    await make_tables(path).close()
    with pytest.raises(Unavailable, match="photos with other indexes"):
        SqliteTables.open(path, [plain_table("photos", indexes=("timeline",), feed=True)], clock=lambda: 0.0)
    more = SqliteTables.open(path, [*TABLES, plain_table("more")], clock=lambda: 0.0)
    await more.close()


async def test_a_path_that_cannot_be_is_unavailable(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent" / "tables.sqlite"):
        with pytest.raises(Unavailable):
            make_tables(path)


async def test_a_cancelled_call_leaves_nothing_open(tables: SqliteTables) -> None:
    for turn in range(30):
        calls: list[asyncio.Task[object]] = [
            asyncio.create_task(tables.items.write_each([put(f"{turn}-{n}-{i}") for i in range(100)])) for n in range(4)
        ]
        whole = asyncio.create_task(tables.items.transact([put(f"{turn}-t{i}") for i in range(50)]))
        reads = [asyncio.create_task(all_items(tables)) for _ in range(4)]
        for _ in range(turn % 5):
            await asyncio.sleep(0)
        for task in (*calls, whole, *reads):
            task.cancel()
        await asyncio.gather(*calls, whole, *reads, return_exceptions=True)
        assert await tables.items.write_each([put("after", turn + 1, turn)]) == [True]
    assert not tables._store._threads._writer.in_transaction
    items = await all_items(tables)
    assert len(items) == len({c.key for c in await tables.feed.read(None, limit=1_000_000)})
    for turn in range(30):
        assert sum(s.startswith(f"{turn}-t") for s in items) in (0, 50)


async def test_after_closing_no_thread_is_left_and_every_call_is_unavailable(path: Path) -> None:
    before = set(threading.enumerate())
    tables = make_tables(path)
    running = [asyncio.create_task(tables.items.write_each([put(f"{n}")])) for n in range(20)]
    await asyncio.sleep(0)
    await asyncio.gather(tables.close(), tables.items.close())
    assert [await task for task in running] == [[True]] * 20
    await tables.close()
    assert not [t for t in set(threading.enumerate()) - before if t.name.startswith("sqlite")]
    for call in (
        tables.items.get_many(PHOTOS, [Key("ana", "a")]), tables.items.write_each([put("a")]), tables.feed.head(), tables.sweep(),
    ):  # fmt: skip
        with pytest.raises(Unavailable, match="closed"):
            await call
    assert not path.with_name("tables.sqlite-wal").exists()


async def test_the_files_are_their_owners_alone(path: Path, tables: SqliteTables) -> None:
    await tables.items.write_each([put("a")])
    assert {p.name: p.stat().st_mode & 0o777 for p in path.parent.iterdir()} == {
        f"tables.sqlite{end}": 0o600 for end in ("", "-wal", "-shm")
    }


@pytest.mark.parametrize("how", ["remove", "replace"])
async def test_what_was_in_a_table_without_recovery_is_in_no_file_any_more(path: Path, tables: SqliteTables, how: str) -> None:
    key, secret = Key("ana", "k"), b"wrapped-key-bytes" * 400
    await tables.items.write_each([Put(KEYS, Item(key, 1, secret), 0), put("a")])
    assert any(b"wrapped-key-bytes" in p.read_bytes() for p in path.parent.iterdir())
    if how == "remove":
        await tables.items.transact([Remove(KEYS, key, 1)])
    else:
        await tables.items.write_each([Put(KEYS, Item(key, 2, b"gone"), 1)])
    assert not any(b"wrapped-key-bytes" in p.read_bytes() for p in path.parent.iterdir())


async def test_a_page_of_large_items_ends_early_and_goes_on(tables: SqliteTables) -> None:
    for n in range(0, 210, 7):
        await tables.items.write_each([put(f"{n + i:03}", body=bytes([i]) * (MAX_BODY // 4)) for i in range(7)])
    page = await tables.items.query(PHOTOS, "ana", Span(), limit=1000)
    assert len(page.items) < 210
    assert page.after
    items = await all_items(tables)
    assert list(items) == [f"{n:03}" for n in range(210)]
    assert all(i.body == bytes([n % 7]) * (MAX_BODY // 4) for n, i in enumerate(items.values()))


async def test_durable_means_synced_at_every_commit(tmp_path: Path) -> None:
    for durable, level in ((True, 2), (False, 1)):
        tables = SqliteTables.open(tmp_path / f"{durable}", TABLES, clock=lambda: 0.0, durable=durable)
        assert tables._store._threads._writer.execute("PRAGMA synchronous").fetchone() == (level,)
        await tables.close()


async def test_pages_are_read_along_an_index(tables: SqliteTables) -> None:
    """A scan would give the same answers, only later and later."""
    statements = tables._store._statements["photos"]
    connection = tables._store._threads._writer
    page = (
        f"SELECT timeline_sk, sk, pk FROM {statements.name} WHERE timeline_pk = ? AND (timeline_sk, sk, pk) < (?, ?, ?)"
        " AND (expires IS NULL OR expires > ?) ORDER BY timeline_sk DESC, sk DESC, pk DESC"
    )
    for sql, expected in (
        (page, "COVERING INDEX items_photos_timeline (timeline_pk=? AND (timeline_sk"),
        (statements.many(statements.update, 3), "PRIMARY KEY (pk=? AND sk=?)"),
    ):
        rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", [1] * sql.count("?")).fetchall()
        plan = "; ".join(row[3] for row in rows)
        assert expected in plan
        assert "TEMP B-TREE" not in plan


async def test_every_failure_of_the_engine_is_one_of_ours(tables: SqliteTables) -> None:
    threads = tables._store._threads
    for broken in (lambda c: c.execute("SELECT nothing"), lambda c: c.execute("INSERT INTO marks VALUES ('a', 'b')")):
        with pytest.raises(SourceError):
            await threads.write(broken)
        with pytest.raises(SourceError):
            await threads.read(broken)
