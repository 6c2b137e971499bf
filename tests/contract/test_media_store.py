"""The contract of MediaStore: atomic writes, ranges and separate owners."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import pytest

from datasources.errors import Unavailable
from datasources.media.files import FileMediaStore
from datasources.media.port import MediaKey, MediaStore
from datasources.media.s3 import S3MediaStore
from tests.servers import aws_access

Maker = Callable[[Path], AbstractAsyncContextManager[MediaStore]]


@asynccontextmanager
async def files(folder: Path) -> AsyncIterator[MediaStore]:
    store = FileMediaStore(folder / "media")
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def s3(_: Path) -> AsyncIterator[MediaStore]:
    store = await S3MediaStore.open(aws_access("s3"), f"contract-{secrets.token_hex(6)}")
    await store.make_bucket()
    try:
        yield store
    finally:
        await store.close()


ADAPTERS: dict[str, Maker] = {"files": files, "s3": s3}
"""Add a new engine here; mark it `servers` if it needs a server."""
PARAMS = [pytest.param("files"), pytest.param("s3", marks=pytest.mark.servers)]
KEY = MediaKey("ana", "0123abcd")


@pytest.fixture(params=PARAMS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MediaStore]:
    async with ADAPTERS[request.param](tmp_path) as made:
        yield made


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def read_all(store: MediaStore, key: MediaKey, start: int = 0, end: int | None = None) -> bytes | None:
    found = await store.read(key, start, end)
    return None if found is None else b"".join([piece async for piece in found])


async def store_file(store: MediaStore, key: MediaKey, data: bytes) -> None:
    assert await store.put(key, pieces(data)) == len(data)


async def test_a_file_comes_back_as_it_was_put(store: MediaStore) -> None:
    assert await store.put(KEY, pieces(b"one", b"", b"two")) == 6
    assert await read_all(store, KEY) == b"onetwo"
    assert await store.sizes([KEY, MediaKey("ana", "absent")]) == {KEY: 6}


async def test_an_empty_file_is_a_file(store: MediaStore) -> None:
    assert await store.put(KEY, pieces()) == 0
    assert await store.sizes([KEY]) == {KEY: 0}
    assert await read_all(store, KEY) == b""


async def test_what_is_not_there_is_absent_and_no_error(store: MediaStore) -> None:
    assert await store.read(KEY) is None
    assert await store.sizes([KEY]) == {}
    assert await store.sizes([]) == {}
    await store.delete_many([KEY])
    assert await store.delete_owner("ana") == 0
    assert await store.names("ana") == []


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (0, None), (5, 5), (3, 9), (9, 3), (1 << 20, None), ((1 << 20) - 1, (1 << 20) + 1), (0, 9 << 20), (9 << 20, None)],
)
async def test_ranges_are_slices(store: MediaStore, start: int, end: int | None) -> None:
    data = os.urandom((2 << 20) + 17)
    await store_file(store, KEY, data)
    assert await read_all(store, KEY, start, end) == data[start:end]


async def test_reading_comes_in_bounded_pieces(store: MediaStore) -> None:
    await store_file(store, KEY, bytes(3 << 20))
    found = await store.read(KEY)
    assert found is not None
    assert max([len(piece) async for piece in found]) <= 1 << 20


async def test_owners_share_nothing(store: MediaStore) -> None:
    other = MediaKey("bob", KEY.name)
    await store_file(store, KEY, b"same")
    assert await store.read(other) is None
    await store_file(store, other, b"same")
    await store.delete_many([KEY])
    assert await read_all(store, other) == b"same"


async def test_the_later_file_takes_the_place_of_the_earlier(store: MediaStore) -> None:
    await store_file(store, KEY, b"long and old")
    await store_file(store, KEY, b"new")
    assert await read_all(store, KEY) == b"new"


@pytest.mark.parametrize("before", [None, b"old"])
async def test_what_breaks_off_leaves_no_half(store: MediaStore, before: bytes | None) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    if before is not None:
        await store_file(store, KEY, before)
    with pytest.raises(ConnectionResetError):
        await store.put(KEY, breaking())
    assert await read_all(store, KEY) == before
    assert await store.names("ana") == ([] if before is None else [KEY.name])


async def test_a_cancelled_write_leaves_no_half(store: MediaStore) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def waiting() -> AsyncIterator[bytes]:
        yield b"half"
        begun.set()
        await never.wait()

    writing = asyncio.create_task(store.put(KEY, waiting()))
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await store.read(KEY) is None
    assert await store.names("ana") == []


@pytest.mark.parametrize("steps", range(8))
async def test_one_who_is_cancelled_at_any_step_leaves_nothing_open(store: MediaStore, steps: int) -> None:
    """Also before a thread is available: an unclosed file causes a warning, which fails the test."""
    writing = asyncio.create_task(store.put(KEY, pieces(b"a", b"b")))
    for _ in range(steps):
        await asyncio.sleep(0)
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    assert await read_all(store, KEY) in {None, b"ab"}
    gc.collect()


async def test_of_two_who_put_at_once_one_wins_whole(store: MediaStore) -> None:
    versions = [bytes([n]) * 300_000 for n in range(4)]
    await asyncio.gather(*(store.put(KEY, pieces(*cut(v))) for v in versions))
    assert await read_all(store, KEY) in versions


def cut(data: bytes, size: int = 65_536) -> Iterable[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


async def test_everything_of_an_owner_goes_and_nothing_of_others(store: MediaStore) -> None:
    mine = [MediaKey("ana", f"{n:04x}") for n in range(7)]
    theirs = MediaKey("ana2", "0000")
    for key in (*mine, theirs):
        await store_file(store, key, b"x")
    assert await store.delete_owner("ana") == 7
    assert await store.sizes([*mine, theirs]) == {theirs: 1}


async def test_names_come_in_order_and_in_pages(store: MediaStore) -> None:
    names = [f"{n * 37 % 256:02x}-{n}" for n in range(12)]
    for name in names:
        await store_file(store, MediaKey("ana", name), b"x")
    first = await store.names("ana", limit=5)
    rest = await store.names("ana", after=first[-1])
    assert [*first, *rest] == sorted(names)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", "A", "é", "~x", "a" * 129, "a\n", "a\0", "-x"])
async def test_keys_cannot_climb(store: MediaStore, name: str) -> None:
    for key in (MediaKey("ana", name), MediaKey(name, "abc")):
        with pytest.raises(ValueError, match=r"invalid (owner|name) of a media file"):
            await store.read(key)
        with pytest.raises(ValueError, match=r"invalid (owner|name) of a media file"):
            await store.put(key, pieces(b"x"))


async def test_anyone_who_reads_a_file_that_goes_gets_the_old_bytes_or_a_failure(store: MediaStore) -> None:
    data = os.urandom(3 << 20)
    await store_file(store, KEY, data)
    found = await store.read(KEY)
    assert found is not None
    read = await anext(found)
    await store_file(store, KEY, bytes(3 << 20))
    with suppress(Unavailable):
        async for piece in found:
            read += piece
    assert data.startswith(read)
