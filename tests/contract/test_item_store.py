"""What every engine of the tables promises, run over a table of adapters."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from datasources.errors import Conflict, Corrupt
from datasources.tables.store import MAX_BODY, Item, ItemStore, Key, Put, Remove, Span, Table, Write
from tests.tables.engines import ADAPTERS, PARAMS, Clock, Tables
from tests.tables.plain_tables import plain_table

WHOLE = Span()
PLAIN = plain_table("plain")
INDEXED = plain_table("indexed", indexes=("by_time", "by_name"), feed=True)
FADING = plain_table("fading", indexes=("by_time",), expires=True)
TABLES = (PLAIN, INDEXED, FADING)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=PARAMS)
async def tables(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Tables]:
    async with ADAPTERS[request.param](tmp_path, TABLES, clock) as opened:
        yield opened


@pytest.fixture
def store(tables: Tables) -> ItemStore:
    return tables.items


def item(sort: str, version: int = 1, *, partition: str = "ana", body: bytes = b"x", **indexes: str) -> Item:
    places = {name: Key("ana", at) for name, at in indexes.items()}
    return Item(Key(partition, sort), version, body, places)


async def put(store: ItemStore, table: Table, *items: Item) -> None:
    assert all(await store.write_each([Put(table, i, None) for i in items]))


async def sorts(store: ItemStore, span: Span = WHOLE, *, limit: int = 3, table: Table = PLAIN) -> list[str]:
    """All sort keys of ana's partition, page by page."""
    found: list[str] = []
    after: str | None = None
    while True:
        page = await store.query(table, "ana", span, limit=limit, after=after)
        assert len(page.items) <= limit
        found += [i.key.sort for i in page.items]
        after = page.after
        if after is None:
            return found


async def entries(store: ItemStore, index: str = "by_time", span: Span = WHOLE, *, limit: int = 3) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    after: str | None = None
    while True:
        page = await store.query_index(INDEXED, index, "ana", span, limit=limit, after=after)
        assert len(page.entries) <= limit
        found += [(e.sort, e.key.sort) for e in page.entries]
        after = page.after
        if after is None:
            return found


async def test_an_item_comes_back_as_it_was_written(store: ItemStore) -> None:
    written = Item(Key("ana", "日本"), 7, bytes(range(256)), {"by_name": Key("bob", "\U0001f600\x00\"'\\")})
    await put(store, INDEXED, written, item("empty", body=b""))
    found = await store.get_many(INDEXED, [written.key, Key("ana", "empty")])
    assert found == {written.key: written, Key("ana", "empty"): item("empty", body=b"")}
    assert list((await store.query(INDEXED, "ana", Span(start="日"), limit=5)).items) == [written]


@pytest.mark.parametrize("count", [0, 1, 2, 99, 100, 101, 400, 401, 1_000])
async def test_any_number_of_keys_is_got_with_repeats_and_absent_ones(store: ItemStore, count: int) -> None:
    written = {i.key: i for i in (item(f"{n}", partition=f"o{n % 7}") for n in range(count))}
    await put(store, PLAIN, *written.values())
    keys = [*written, *list(written)[: count // 2], Key("o1", "absent"), Key("nobody", "0")]
    assert await store.get_many(PLAIN, keys) == written


async def test_tables_and_partitions_are_apart(store: ItemStore) -> None:
    await put(store, PLAIN, item("a"), item("a", partition="bob"))
    assert await store.get_many(INDEXED, [Key("ana", "a")]) == {}
    assert [i.key for i in (await store.query(PLAIN, "ana", Span(), limit=9)).items] == [Key("ana", "a")]


@pytest.mark.parametrize(
    ("stored", "condition", "holds"),
    [(0, 0, True), (0, None, True), (0, 1, False), (3, 0, False), (3, None, True), (3, 3, True), (3, 2, False), (3, 4, False)],
)
@pytest.mark.parametrize("alone", [True, False])
async def test_a_condition_on_the_version_decides(
    store: ItemStore, stored: int, condition: int | None, holds: bool, alone: bool
) -> None:
    if stored:
        await put(store, PLAIN, item("a", stored, body=b"old"), item("gone", stored))
    others = [] if alone else [Put(PLAIN, item(f"other{n}"), 0) for n in range(3)]
    writes: list[Write] = [
        *others,
        Put(PLAIN, item("a", 9, body=b"new"), condition),
        Remove(PLAIN, Key("ana", "gone"), condition),
    ]
    *rest, done, removed = await store.write_each(writes)
    found = await store.get_many(PLAIN, [Key("ana", "a"), Key("ana", "gone")])
    after = found.get(Key("ana", "a"))
    assert (done, removed, all(rest)) == (holds, holds, True)
    assert (after.version if after else 0) == (9 if holds else stored)
    assert (Key("ana", "gone") in found) == (not holds and stored > 0)


async def test_write_each_answers_for_each_in_order(store: ItemStore) -> None:
    await put(store, INDEXED, *(item(f"{n:04}", by_time=f"{n}") for n in range(0, 1200, 3)))
    done = await store.write_each([Put(INDEXED, item(f"{n:04}", 2, by_time="new"), 0) for n in range(1200)])
    assert done == [n % 3 != 0 for n in range(1200)]
    assert (await store.get_many(INDEXED, [Key("ana", "0003")]))[Key("ana", "0003")].version == 1
    again = await store.write_each([Put(INDEXED, item(f"{n:04}", 3), 2) for n in range(1200)])
    assert again == done
    assert len(await entries(store, limit=500)) == 400


async def test_a_transaction_is_all_or_nothing(store: ItemStore) -> None:
    await put(store, PLAIN, item("a"), item("b"))
    with pytest.raises(Conflict):
        await store.transact([
            Put(PLAIN, item("a", 2), 1), Put(INDEXED, item("c"), 0), Remove(PLAIN, Key("ana", "b"), 1), Put(PLAIN, item("d"), 5),
        ])  # fmt: skip
    assert {k.sort: i.version for k, i in (await store.get_many(PLAIN, [Key("ana", s) for s in "abd"])).items()} == {
        "a": 1,
        "b": 1,
    }
    assert await store.get_many(INDEXED, [Key("ana", "c")]) == {}
    await store.transact([Put(PLAIN, item("a", 2), 1), Put(INDEXED, item("c"), 0), Remove(PLAIN, Key("ana", "b"), 1)])
    assert await sorts(store) == ["a"]
    await store.transact([])


async def test_a_transaction_of_more_than_100_is_refused(store: ItemStore) -> None:
    writes = [Put(PLAIN, item(f"{n:03}"), 0) for n in range(101)]
    with pytest.raises(ValueError, match="at most 100"):
        await store.transact(writes)
    assert await sorts(store) == []
    await store.transact(writes[:100])
    assert len(await sorts(store, limit=33)) == 100


async def test_the_same_item_twice_is_refused(store: ItemStore) -> None:
    writes: list[Write] = [Put(PLAIN, item("a"), 0), Remove(PLAIN, Key("ana", "a"), None)]
    for call in (store.transact, store.write_each):
        with pytest.raises(ValueError, match="twice"):
            await call(writes)
    await store.transact([Put(PLAIN, item("a"), 0), Put(INDEXED, item("a"), 0)])


BAD_KEYS = [Key("", "a"), Key("a", ""), Key("a", "\ud800"), Key("p" * 2049, "a"), Key("a", "s" * 1025), Key("a", "é" * 513)]


@pytest.mark.parametrize("key", BAD_KEYS, ids=range(len(BAD_KEYS)))
async def test_keys_that_an_engine_cannot_hold_are_refused(store: ItemStore, key: Key) -> None:
    with pytest.raises(ValueError):
        await store.write_each([Put(PLAIN, Item(key, 1, b""), None)])
    with pytest.raises(ValueError):
        await store.write_each([Put(INDEXED, Item(Key("ana", "a"), 1, b"", {"by_time": key}), None)])
    with pytest.raises(ValueError):
        await store.write_each([Remove(PLAIN, key, None)])
    with pytest.raises(ValueError):
        await store.get_many(PLAIN, [key])


async def test_what_does_not_fit_the_table_is_refused(store: ItemStore) -> None:
    for table, bad in (
        (PLAIN, item("a", body=b"x" * (MAX_BODY + 1))),
        (PLAIN, item("a", 0)),
        (PLAIN, item("a", by_time="1")),
        (PLAIN, Item(Key("ana", "a"), 1, b"", {}, 2_000_000_000)),
        (plain_table("unknown"), item("a")),
    ):
        with pytest.raises(ValueError):
            await store.write_each([Put(table, bad, None)])
    with pytest.raises(ValueError):
        await store.query(PLAIN, "ana", Span(), limit=0)
    with pytest.raises(ValueError):
        await store.query_index(PLAIN, "by_time", "ana", Span(), limit=1)
    await put(store, PLAIN, item("a", body=b"x" * MAX_BODY))
    assert len((await store.get_many(PLAIN, [Key("ana", "a")]))[Key("ana", "a")].body) == MAX_BODY


TEXTS = [
    "A",
    "Z",
    "a",
    "z",
    "zz",
    "é",
    "e\u0301",
    "ß",
    "Ω",
    "日本",
    "日本語",
    "\uffff",
    "\U0001f600",
    "\U0001f600a",
    "1",
    "10",
    "2",
    " ",
    "\x01",
]


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_sort_keys_are_ordered_by_their_utf8_bytes(store: ItemStore, limit: int) -> None:
    await put(store, PLAIN, *(item(t) for t in TEXTS))
    await put(store, INDEXED, *(item(t, by_time=t) for t in TEXTS))
    expected = sorted(TEXTS, key=str.encode)
    assert await sorts(store, limit=limit) == expected
    assert await sorts(store, Span(descending=True), limit=limit) == expected[::-1]
    assert [s for s, _ in await entries(store, limit=limit)] == expected
    assert [s for s, _ in await entries(store, span=Span(descending=True), limit=limit)] == expected[::-1]


@pytest.mark.parametrize("descending", [True, False])
async def test_a_span_includes_its_start_and_excludes_its_end(store: ItemStore, descending: bool) -> None:
    await put(store, INDEXED, *(item(t, by_time=t) for t in TEXTS))
    ordered = sorted(TEXTS, key=str.encode)
    for start, end in ((None, "a"), ("a", None), ("a", "é"), ("B", "C"), ("é", "a"), ("a", "a"), ("", "z")):
        span = Span(start, end, descending)
        low, high = (start or "").encode(), b"\xff" if end is None else end.encode()
        expected = [t for t in ordered if low <= t.encode() < high][:: -1 if descending else 1]
        assert await sorts(store, span, table=INDEXED) == expected
        assert [s for s, _ in await entries(store, span=span)] == expected


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("by_index", [True, False])
async def test_paging_beside_writers_neither_repeats_nor_skips_what_stays(
    store: ItemStore, descending: bool, by_index: bool
) -> None:
    seed = random.Random(7)
    stays = [f"{n:04}" for n in range(0, 400, 2)]
    await put(store, INDEXED, *(item(s, by_time=s) for s in stays))
    span, seen, after = Span(descending=descending), list[str](), None
    while True:
        if by_index:
            page = await store.query_index(INDEXED, "by_time", "ana", span, limit=10, after=after)
            seen += [e.sort for e in page.entries]
        else:
            items = await store.query(INDEXED, "ana", span, limit=10, after=after)
            seen += [i.key.sort for i in items.items]
        after = page.after if by_index else items.after
        if after is None:
            break
        comes = {f"{seed.randrange(200) * 2 + 1:04}" for _ in range(9)}
        await put(store, INDEXED, *(item(s, by_time=s) for s in comes))
        # The very item that the token names may go as well.
        await store.write_each([Remove(INDEXED, Key("ana", s), None) for s in set(seen[-3:]) | set(list(comes)[:2])])
    assert seen == sorted(set(seen), reverse=descending)
    assert set(seen) >= set(stays)
    assert len(seen) > len(stays)


@pytest.mark.parametrize("limit", [1, 2, 7, 50])
async def test_equal_index_keys_are_ordered_by_the_items_own(store: ItemStore, limit: int) -> None:
    await put(store, INDEXED, *(item(f"{n:02}", by_time=f"t{n % 3}") for n in range(30)))
    # Two partitions may stand in one place of an index with the same sort key of their own.
    await put(store, INDEXED, *(Item(Key(p, "05"), 1, b"", {"by_time": Key("ana", "t2")}) for p in ("bob", "cy")))
    expected = sorted([(f"t{n % 3}", f"{n:02}") for n in range(30)] + [("t2", "05")] * 2)
    assert await entries(store, limit=limit) == expected
    assert await entries(store, span=Span(descending=True), limit=limit) == expected[::-1]


async def test_an_index_follows_its_items(store: ItemStore) -> None:
    await put(store, INDEXED, item("a", by_time="1", by_name="x"), item("b"))
    assert (await entries(store), await entries(store, "by_name")) == ([("1", "a")], [("x", "a")])
    await put(store, INDEXED, item("a", 2, by_time="2"), item("b", 2, by_name="y"))
    assert (await entries(store), await entries(store, "by_name")) == ([("2", "a")], [("y", "b")])
    assert await store.write_each([Put(INDEXED, item("a", 3, by_time="3"), 1)]) == [False]
    assert await entries(store) == [("2", "a")]
    await store.transact([Remove(INDEXED, Key("ana", "a"), 2), Put(INDEXED, item("b", 3), 2)])
    assert (await entries(store), await entries(store, "by_name")) == ([], [])


async def test_a_token_goes_on_only_where_it_was_given(store: ItemStore) -> None:
    await put(store, INDEXED, *(item(f"{n}", by_time=f"{n}", by_name=f"{n}") for n in range(9)))
    await put(store, INDEXED, *(item(f"{n}", partition="bob") for n in range(9)))
    await put(store, PLAIN, *(item(f"{n}") for n in range(9)))
    token = (await store.query(INDEXED, "ana", Span(), limit=2)).after
    by_time = (await store.query_index(INDEXED, "by_time", "ana", Span(), limit=2)).after
    assert token
    assert by_time
    changed = ("A" if token[0] != "A" else "B") + token[1:]
    for table, partition, span, after in (
        (PLAIN, "ana", Span(), token), (INDEXED, "bob", Span(), token), (INDEXED, "ana", Span(descending=True), token),
        (INDEXED, "ana", Span(), by_time), (INDEXED, "ana", Span(), changed), (INDEXED, "ana", Span(), token[:-4]),
        (INDEXED, "ana", Span(), ""), (INDEXED, "ana", Span(), "5"), (INDEXED, "ana", Span(), "日本"), (INDEXED, "ana", Span(), "====") ,
    ):  # fmt: skip
        with pytest.raises(Corrupt):
            await store.query(table, partition, span, limit=2, after=after)
    for index, after in (("by_name", by_time), ("by_time", token)):
        with pytest.raises(Corrupt):
            await store.query_index(INDEXED, index, "ana", Span(), limit=2, after=after)


async def test_an_expired_item_is_seen_by_nobody_swept_or_not(tables: Tables, clock: Clock) -> None:
    store, key = tables.items, Key("ana", "a")
    fading = Item(key, 1, b"x", {"by_time": Key("ana", "1")}, int(clock.now) + 60)
    await put(store, FADING, fading, Item(Key("ana", "b"), 1, b"", {}, None))
    clock.now += 59
    assert await store.get_many(FADING, [key]) == {key: fading}
    clock.now += 1
    for _ in range(2):
        assert await store.get_many(FADING, [key]) == {}
        assert [i.key.sort for i in (await store.query(FADING, "ana", Span(), limit=5)).items] == ["b"]
        assert (await store.query_index(FADING, "by_time", "ana", Span(), limit=5)).entries == []
        assert await store.write_each([Put(FADING, fading, 1)]) == [False]
        await tables.sweep()
    assert await tables.sweep() == 0
    await put(store, FADING, fading)
    assert await store.write_each([Put(FADING, Item(key, 1, b"new", {}, int(clock.now) + 9), 0)]) == [True]


async def test_a_scan_finds_every_item_once_also_expired_ones(store: ItemStore, clock: Clock) -> None:
    items = [item(f"{n:04}", partition=f"p{n % 3}") for n in range(250)]
    await store.write_each([Put(PLAIN, i, None) for i in items])
    expiring = Item(Key("ana", "x"), 1, b"x", {}, int(clock()) + 1)
    await store.write_each([Put(FADING, expiring, None)])
    found: list[Item] = []
    after: Key | None = None
    while True:
        page = await store.scan(PLAIN, limit=100, after=after)
        found += page.items
        after = page.after
        if after is None:
            break
    assert sorted(found, key=lambda i: i.key) == sorted(items, key=lambda i: i.key)
    assert (await store.scan(FADING, limit=100)).items == [expiring]
