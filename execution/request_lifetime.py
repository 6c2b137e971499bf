"""Cancels an execution at its deadline, when its client disconnects, or when the caller's token expires."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from starlette.types import Receive

from execution.errors import GraphQLProblem, RequestError

T = TypeVar("T")


class ClientDisconnected(Exception):
    """The client closed the connection before the response was sent."""


class TokenExpired(GraphQLProblem):
    """The caller's token expired while the connection was open."""

    def __init__(self) -> None:
        super().__init__("UNAUTHENTICATED", "The token has expired. Continue with a new token.", reason="EXPIRED")


class TokenLifetime:
    """Cancels the body of the `with` statement when the caller's token expires; raises TokenExpired.

    Every transport that stays open uses it: event streams, WebSocket connections and import streams.
    """

    def __init__(self, remaining_s: float | None = None) -> None:
        self._limit = asyncio.timeout_at(_moment(remaining_s))

    def begin(self, remaining_s: float | None) -> None:
        """Sets the remaining seconds of the token, which became known inside the `with` statement; None: it does not expire."""
        self._limit.reschedule(_moment(remaining_s))

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError:
            raise TokenExpired from None


def _moment(remaining_s: float | None) -> float | None:
    return None if remaining_s is None else asyncio.get_running_loop().time() + max(remaining_s, 0.0)


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
