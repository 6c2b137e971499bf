"""How long an execution may live: until its deadline, until its client goes away, and what is closed at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from starlette.types import Receive

from execution.errors import RequestError

T = TypeVar("T")


class ClientDisconnected(Exception):
    """Nobody waits for the answer any more."""


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """Cancels what runs inside when the time is over; raises RequestError."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise RequestError("DEADLINE_EXCEEDED", "The answer took too long and was given up.") from None


async def cancel_on_disconnect(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """What the work returns; cancels it and raises ClientGone when the client disconnects first.

    The request's body must have been read: whatever still comes is only the news of the disconnect.
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


async def close(context: Any) -> None:
    """Close a request's context where it can be closed: its loaders' batches must not outlive it."""
    aclose = getattr(context, "aclose", None)
    if aclose is not None:
        await aclose()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
