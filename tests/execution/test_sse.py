"""Keep-alive comments of an event stream; the wait is replaced, so no test waits for real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Any

import orjson
import pytest

from execution.sse import COMPLETE, KEEP_ALIVE, KEEP_ALIVE_S, EventStream


async def responses(released: asyncio.Event) -> AsyncGenerator[dict[str, Any], None]:
    await released.wait()
    yield {"data": 1}


async def sent_with_timeouts(
    monkeypatch: pytest.MonkeyPatch, timeouts: int, keep_alive_s: float | None = None
) -> tuple[list[bytes], list[float | None]]:
    """The bodies that were sent, and the timeout of each wait: the first `timeouts` waits time out at once."""
    released = asyncio.Event()
    bodies: list[bytes] = []
    waits: list[float | None] = []
    real_wait = asyncio.wait

    async def wait(tasks: Iterable[asyncio.Future[Any]], *, timeout: float | None = None, **options: Any) -> Any:  # noqa: ASYNC109 - the signature of asyncio.wait
        waiting = set(tasks)
        if timeout is None:
            return await real_wait(waiting, **options)
        waits.append(timeout)
        if len(waits) <= timeouts:
            return set[asyncio.Future[Any]](), waiting
        released.set()
        return await real_wait(waiting, **options)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            bodies.append(message["body"])

    monkeypatch.setattr("execution.sse.asyncio.wait", wait)
    given: dict[str, Any] = {} if keep_alive_s is None else {"keep_alive_s": keep_alive_s}
    stream = EventStream(responses(released), {}, orjson.dumps, **given)
    await stream({"type": "http"}, asyncio.Event().wait, send)  # type: ignore[arg-type]
    return bodies, waits


async def test_a_comment_is_sent_after_each_interval_without_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies, waits = await sent_with_timeouts(monkeypatch, 3, keep_alive_s=7.0)
    assert bodies == [KEEP_ALIVE] * 3 + [b'event: next\ndata: {"data":1}\n\n', COMPLETE]
    assert set(waits) == {7.0}


async def test_the_default_interval_is_shorter_than_the_idle_timeout_of_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    _, waits = await sent_with_timeouts(monkeypatch, 1)
    assert set(waits) == {KEEP_ALIVE_S}
    assert 1 <= KEEP_ALIVE_S < 15
