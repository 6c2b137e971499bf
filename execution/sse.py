"""GraphQL over server-sent events, distinct connections mode: `next` for each response, then `complete`.

A stream ends with its caller's token; its last event is then an error with the code UNAUTHENTICATED.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from execution.errors import ErrorMapper
from execution.request_lifetime import ClientDisconnected, TokenExpired, TokenLifetime, cancel_on_disconnect

# Lines end in LF: urql splits events at LF LF and does not recognise CRLF CRLF.
COMPLETE: Final = b"event: complete\ndata:\n\n"
KEEP_ALIVE: Final = b":\n\n"
KEEP_ALIVE_S: Final = 12.0  # proxies may close connections that are idle for 15 s or longer
LAST_EVENT_S: Final = 5.0  # a client that does not read cannot keep the stream of an expired token open
Encode = Callable[[Mapping[str, Any]], bytes]


class EventStream:
    """An ASGI response that sends each response as an event and closes the source when the client disconnects.

    A comment is sent after each `keep_alive_s` without an event. The stream ends with `lifetime`,
    and `close` is called when it has ended.
    """

    def __init__(
        self,
        responses: AsyncGenerator[Mapping[str, Any], None],
        headers: Mapping[str, str],
        encode: Encode,
        *,
        lifetime: TokenLifetime | None = None,
        close: Callable[[], Awaitable[None]] | None = None,
        keep_alive_s: float = KEEP_ALIVE_S,
    ) -> None:
        self._responses = responses
        self._encode = encode
        self._keep_alive_s = keep_alive_s
        self._lifetime = lifetime or TokenLifetime()
        self._close = close
        all_headers = {**headers, "content-type": "text/event-stream; charset=utf-8"}
        self._headers = [(name.encode(), value.encode()) for name, value in all_headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streams until the source ends or the client disconnects."""
        del scope
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        try:
            await cancel_on_disconnect(receive, self._send_all(send))
        except ClientDisconnected:
            return
        finally:
            await self._responses.aclose()
            if self._close is not None:
                await self._close()

    async def _send_all(self, send: Send) -> None:
        try:
            async with self._lifetime:
                while (response := await self._next(send)) is not None:
                    await self._send_event(send, response)
                await send({"type": "http.response.body", "body": COMPLETE})
        except TokenExpired as expired:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_EVENT_S):
                    await self._send_event(send, {"errors": ErrorMapper().request_errors(expired)})
                    await send({"type": "http.response.body", "body": COMPLETE})

    async def _send_event(self, send: Send, response: Mapping[str, Any]) -> None:
        event = b"event: next\ndata: " + self._encode(response) + b"\n\n"
        await send({"type": "http.response.body", "body": event, "more_body": True})

    async def _next(self, send: Send) -> Mapping[str, Any] | None:
        """Returns the next response, None at the end; sends keep-alive comments while it waits."""
        waiting = asyncio.ensure_future(anext(self._responses, None))
        try:
            while True:
                done, _ = await asyncio.wait({waiting}, timeout=self._keep_alive_s)
                if done:
                    return waiting.result()
                await send({"type": "http.response.body", "body": KEEP_ALIVE, "more_body": True})
        finally:
            if not waiting.done():
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
