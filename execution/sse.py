"""GraphQL over server-sent events, distinct connections mode: `next` for each response, then `complete`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from execution.request_lifetime import ClientDisconnected, cancel_on_disconnect

# Lines end in LF: urql splits events at LF LF and does not recognise CRLF CRLF.
COMPLETE: Final = b"event: complete\ndata:\n\n"
KEEP_ALIVE: Final = b":\n\n"
KEEP_ALIVE_S: Final = 12.0  # proxies may close connections that are idle for 15 s or longer
Encode = Callable[[Mapping[str, Any]], bytes]


class EventStream:
    """An ASGI response that sends each response as an event and closes the source when the client disconnects.

    A comment is sent after each `keep_alive_s` without an event.
    """

    def __init__(
        self,
        responses: AsyncGenerator[Mapping[str, Any], None],
        headers: Mapping[str, str],
        encode: Encode,
        *,
        keep_alive_s: float = KEEP_ALIVE_S,
    ) -> None:
        self._responses = responses
        self._encode = encode
        self._keep_alive_s = keep_alive_s
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

    async def _send_all(self, send: Send) -> None:
        while True:
            response = await self._next(send)
            if response is None:
                await send({"type": "http.response.body", "body": COMPLETE})
                return
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
