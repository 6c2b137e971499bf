"""GraphQL over server-sent events, the protocol's distinct connections: `next` for each answer, then `complete`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from execution.request_lifetime import ClientDisconnected, cancel_on_disconnect

# Lines end in LF: urql looks for LF LF between events and waits for ever on CRLF CRLF.
COMPLETE: Final = b"event: complete\ndata:\n\n"
STILL_THERE: Final = b":\n\n"
QUIET_S: Final = 12.0  # proxies close connections that are silent for longer than some fifteen seconds
Encode = Callable[[Mapping[str, Any]], bytes]


class EventStream:
    """An ASGI response that sends each answer as it comes and stops the source when the client goes away."""

    def __init__(self, answers: AsyncGenerator[Mapping[str, Any], None], headers: Mapping[str, str], encode: Encode) -> None:
        self._answers = answers
        self._encode = encode
        named = {**headers, "content-type": "text/event-stream; charset=utf-8"}
        self._headers = [(name.encode(), value.encode()) for name, value in named.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the source ends or nobody listens."""
        del scope
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        try:
            await cancel_on_disconnect(receive, self._send_all(send))
        except ClientDisconnected:
            return
        finally:
            await self._answers.aclose()

    async def _send_all(self, send: Send) -> None:
        while True:
            answer = await self._following(send)
            if answer is None:
                await send({"type": "http.response.body", "body": COMPLETE})
                return
            event = b"event: next\ndata: " + self._encode(answer) + b"\n\n"
            await send({"type": "http.response.body", "body": event, "more_body": True})

    async def _following(self, send: Send) -> Mapping[str, Any] | None:
        """The next answer; a comment goes out each time the wait for it grows long."""
        waiting = asyncio.ensure_future(anext(self._answers, None))
        try:
            while True:
                done, _ = await asyncio.wait({waiting}, timeout=QUIET_S)
                if done:
                    return waiting.result()
                await send({"type": "http.response.body", "body": STILL_THERE, "more_body": True})
        finally:
            if not waiting.done():
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
