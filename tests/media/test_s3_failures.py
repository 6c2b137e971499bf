"""Failures of S3: slow, truncated and lost responses, and interrupted connections."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from datasources.errors import DeadlineExceeded, SourceError, Throttled, Unavailable
from datasources.media.port import MediaKey
from datasources.media.s3 import S3MediaStore
from datasources.retry import RetryPolicy
from tests.http_fault_proxy import CUT, Faults, Spoil, faults, silence
from tests.servers import aws_access, places_of
from tests.tcp_fault_proxy import RESET, SILENCE, cut_after, proxied

pytestmark = pytest.mark.servers
KEY = MediaKey("ana", "0123")
DATA = os.urandom(300_000)


async def no_pause(_: float) -> None:
    await asyncio.sleep(0)


async def pieces(data: bytes, size: int = 1 << 20) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def whole(store: S3MediaStore, start: int = 0, end: int | None = None) -> bytes | None:
    found = await store.read(KEY, start, end)
    return None if found is None else b"".join([piece async for piece in found])


@dataclass
class Failing:
    proxy: Faults
    store: S3MediaStore


@pytest.fixture
async def failing() -> AsyncIterator[Failing]:
    async with faults(places_of("s3").url("s3")) as proxy:
        retry_policy = RetryPolicy(deadline_s=30.0, sleep=no_pause)
        store = await S3MediaStore.open(aws_access("s3", url=proxy.url), f"sick-{secrets.token_hex(6)}", retry_policy)
        await store.make_bucket()
        await store.put(KEY, pieces(DATA))
        proxy.seen.clear()
        yield Failing(proxy, store)
        await store.close()


def refusal(code: str, status: int) -> Spoil:
    return lambda _s, _b: (status, f"<Error><Code>{code}</Code><Message>secret words</Message></Error>".encode())


async def test_a_short_slow_down_is_retried_and_a_long_one_is_an_error(failing: Failing) -> None:
    failing.proxy.next = [refusal("SlowDown", 503)]
    assert await whole(failing.store) == DATA
    failing.proxy.always = refusal("SlowDown", 503)
    for call in (whole(failing.store), failing.store.put(KEY, pieces(b"new")), failing.store.names("ana")):
        with pytest.raises(Throttled) as reported:
            await call
        assert "secret words" not in str(reported.value)
    # The put was carried out behind our backs: an error is no promise that nothing was done.
    failing.proxy.always = None
    assert await whole(failing.store) == b"new"


@pytest.mark.parametrize(("start", "end"), [(0, None), (1_000, 200_001)])
async def test_a_truncated_response_continues_at_its_byte(failing: Failing, start: int, end: int | None) -> None:
    failing.proxy.next = [CUT, CUT]
    assert await whole(failing.store, start, end) == DATA[start:end]
    assert len(failing.proxy.seen) == 3


async def test_a_repeatedly_truncated_response_is_an_error(failing: Failing) -> None:
    failing.proxy.always = CUT
    with pytest.raises(Unavailable, match="interrupted repeatedly"):
        await whole(failing.store)


async def test_a_file_that_changes_between_attempts_is_never_mixed(failing: Failing) -> None:
    direct = await S3MediaStore.open(aws_access("s3"), failing.store._bucket)
    failing.proxy.next = [CUT]
    found = await failing.store.read(KEY)
    assert found is not None
    await direct.put(KEY, pieces(os.urandom(len(DATA))))
    with pytest.raises(Unavailable, match="replaced"):
        _ = [piece async for piece in found]
    await direct.close()


async def test_a_put_whose_response_is_lost_is_done(failing: Failing) -> None:
    failing.proxy.next = [CUT]
    assert await failing.store.put(KEY, pieces(b"new")) == 3
    assert await whole(failing.store) == b"new"


async def test_a_multipart_upload_whose_last_response_is_lost_is_done(failing: Failing) -> None:
    data = os.urandom((17 << 20) + 5)
    assert await failing.store.put(KEY, pieces(data)) == len(data)
    assert await whole(failing.store) == data
    posts = [reported for reported, _ in failing.proxy.seen if reported.startswith("POST ")]
    assert len(posts) == 2

    def lost(status: int, body: bytes) -> tuple[int, bytes]:
        completing = (
            failing.proxy.seen[-1][0].startswith("POST ") and "uploadId" in failing.proxy.seen[-1][0] and not reported_lost
        )
        if completing:
            reported_lost.append(1)
            return 500, b""
        return status, body

    reported_lost: list[int] = []
    failing.proxy.always = lost
    other = os.urandom(9 << 20)
    assert await failing.store.put(KEY, pieces(other)) == len(other)
    failing.proxy.always = None
    assert await whole(failing.store) == other


async def test_silence_ends_at_the_deadline(failing: Failing) -> None:
    failing.proxy.always = silence
    failing.store._calls.retry_policy = RetryPolicy(deadline_s=0.3)
    with pytest.raises(DeadlineExceeded):
        await failing.store.sizes([KEY])


TOXICS = {"the connection is reset": RESET, "nothing comes": SILENCE, "the answer is cut": cut_after(1_000)}


@pytest.mark.parametrize("name", TOXICS)
async def test_broken_connections_are_source_errors_within_the_deadline(name: str) -> None:
    with proxied(places_of("s3").url("s3")) as proxy:
        retry_policy = RetryPolicy(deadline_s=2.0, base_delay_s=0.001)
        access = aws_access("s3", url=proxy.url, read_timeout_s=0.3)
        store = await S3MediaStore.open(access, f"toxic-{secrets.token_hex(6)}", retry_policy)
        await store.make_bucket()
        await store.put(KEY, pieces(DATA))
        proxy.sicken(TOXICS[name])
        with pytest.raises(SourceError):
            await whole(store)
        proxy.heal()
        assert await whole(store) == DATA
        await store.close()
