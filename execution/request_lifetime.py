"""Cancels an execution at its deadline or when its client disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from starlette.types import Receive

from execution.errors import RequestError

T = TypeVar("T")


class ClientDisconnected(Exception):
    """The client closed the connection before the response was sent."""


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """Cancels the body of the `with` statement after the time; raises RequestError."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise RequestError(
            "DEADLINE_EXCEEDED", "The operation exceeded its deadline and was cancelled. Request less, or retry later."
        ) from None


async def cancel_on_disconnect(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Returns the result of the work; cancels it and raises ClientDisconnected if the client disconnects first.

    The request's body must have been read, because messages other than the disconnect are discarded.
    """
    running = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({running, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            raise ClientDisconnected
        return running.result()
    finally:
        for task in (running, watching):
            task.cancel()
        await asyncio.gather(running, watching, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
