"""Sealed files open in any range, and not at all when a byte of them is not as it was."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from access.seals import Binding, DataKey, OwnerKeys, SealError
from access.streams import CHUNK_BYTES, HEADER, SealedRange, StreamDecryptor, plain_size, seal_stream

KEY = DataKey(b"k" * 8, b"s" * 32)
KEYS = OwnerKeys("ana", KEY, {KEY.id: KEY})
BINDING = Binding("media", "ana", "file")
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5]


async def sealed(plain: bytes, step: int = 10_007, binding: Binding = BINDING) -> bytes:
    async def chunks() -> AsyncIterator[bytes]:
        for i in range(0, len(plain), step):
            yield plain[i : i + step]

    return b"".join([piece async for piece in seal_stream(KEYS, binding, chunks())])


def opened(data: bytes, start: int = 0, end: int = 1 << 40, *, binding: Binding = BINDING, keys: OwnerKeys = KEYS) -> bytes:
    size = plain_size(len(data))
    part = SealedRange.of(size, start, end)
    opener = StreamDecryptor(keys, binding, data[:HEADER], size, part)
    taken = data[part.start : part.end]
    plain = [p for i in range(0, len(taken), 7_001) for p in opener.feed(taken[i : i + 7_001])]
    return b"".join([*plain, *opener.finish()])


@pytest.mark.parametrize("size", SIZES)
async def test_a_file_opens_whole_and_in_any_range(size: int) -> None:
    plain = os.urandom(size)
    data = await sealed(plain)
    assert plain_size(len(data)) == size
    assert opened(data) == plain
    for start in (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, size - 1, size, size + 9):
        for end in (0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, size, size + 1):
            if start >= 0:
                assert opened(data, start, end) == plain[start:end], (start, end)


async def test_nothing_of_the_file_is_to_be_seen_in_it() -> None:
    data = await sealed(b"canary" * 40_000)
    assert b"canary" not in data
    assert data != await sealed(b"canary" * 40_000)


@pytest.mark.parametrize("size", [0, 100, CHUNK_BYTES, 2 * CHUNK_BYTES + 3])
async def test_a_changed_bit_anywhere_is_refused(size: int) -> None:
    data = await sealed(bytes(size))
    for at in {0, 1, 9, HEADER, HEADER + 50, len(data) // 2, len(data) - 1} & set(range(len(data))):
        broken = bytearray(data)
        broken[at] ^= 1
        with pytest.raises(SealError):
            opened(bytes(broken))


async def test_what_was_cut_off_lengthened_or_swapped_is_refused() -> None:
    piece = CHUNK_BYTES + 16
    data = await sealed(os.urandom(3 * CHUNK_BYTES))
    second = HEADER + piece
    for broken in (
        data[:-1],
        data[:-piece],
        data[: HEADER + 5],
        data[:10],
        b"",
        data + bytes(16),
        data + data[-piece:],
        data[:HEADER] + data[second : second + piece] + data[HEADER:second] + data[second + piece :],
    ):
        with pytest.raises(SealError):
            opened(broken)


async def test_it_opens_only_where_it_belongs() -> None:
    data = await sealed(b"x")
    for binding in (Binding("media", "bob", "file"), Binding("media", "ana", "other"), Binding("photos", "ana", "file")):
        with pytest.raises(SealError):
            opened(data, binding=binding)
    with pytest.raises(SealError):
        opened(data, keys=OwnerKeys("ana", KEY, {}))
