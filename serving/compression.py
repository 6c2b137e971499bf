"""Middleware that compresses JSON responses by gzip (docs/decisions/046-json-responses-are-compressed.md).

Event streams, files and pictures are sent as they are: streams must not wait in a buffer, files are read in ranges, and
pictures are compressed already.
"""

from __future__ import annotations

import asyncio
import gzip
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from execution.negotiation import GRAPHQL, JSON, accepts_gzip

MIN_BYTES: Final = 1_000  # a smaller response fits into one packet anyway
_THREAD_BYTES: Final = 64 * 1024  # compressing more takes longer than a millisecond, so it happens in a thread
_LEVEL: Final = 4
_TYPES: Final = frozenset({GRAPHQL, JSON})


class JsonCompression:
    """Compresses complete JSON responses of at least 1,000 bytes if the client accepts gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request."""
        if scope["type"] == "http":
            send = _Response(send, compress=accepts_gzip(Headers(scope=scope))).send
        await self._app(scope, receive, send)


class _Response:
    """One response. The start of a JSON response waits for the body, whose size decides about the headers."""

    def __init__(self, send: Send, *, compress: bool) -> None:
        self._send = send
        self._compress = compress
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_json(message):
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            if self._compress and not message.get("more_body", False) and len(message.get("body", b"")) >= MIN_BYTES:
                message = {**message, "body": await _compressed(message["body"])}
                headers = MutableHeaders(scope=start)
                headers["content-encoding"] = "gzip"
                headers["content-length"] = str(len(message["body"]))
            await self._send(start)
        await self._send(message)


def _is_json(start: Message) -> bool:
    """Whether the response may be compressed; such responses vary by Accept-Encoding, compressed or not."""
    headers = MutableHeaders(scope=start)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TYPES or "content-encoding" in headers or "etag" in headers:
        return False
    headers.add_vary_header("Accept-Encoding")
    return True


async def _compressed(body: bytes) -> bytes:
    if len(body) < _THREAD_BYTES:
        return gzip.compress(body, _LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)
