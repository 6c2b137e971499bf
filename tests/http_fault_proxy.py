"""A proxy that spoils answers of an HTTP server: what no real server can be made to say, said on purpose.

Each request meets the next fault of the list, or passes when the list is empty. `seen` tells every request.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

Head = list[bytes]
Spoil = Callable[[int, bytes], tuple[int, bytes] | None]
"""Of status and body of the real answer, those to give instead; None: nothing is ever answered."""


def status(code: int, kind: str = "es_rejected_execution_exception") -> Spoil:
    """The server says no, in the form of OpenSearch."""
    return lambda _s, _b: (code, json.dumps({"error": {"type": kind, "reason": "secret words"}, "status": code}).encode())


def garbage(_status: int, _body: bytes) -> tuple[int, bytes]:
    return 200, b"<html>welcome</html>"


def silence(_status: int, _body: bytes) -> None:
    return None


def rewritten(change: Callable[[Any], None]) -> Spoil:
    """The real answer with a change."""

    def spoil(code: int, body: bytes) -> tuple[int, bytes]:
        reported = json.loads(body)
        change(reported)
        return code, json.dumps(reported).encode()

    return spoil


CUT = "cut"
"""Half of the real answer, and the connection is gone."""


@dataclass
class Faults:
    """The proxy: its address, the faults to come, the requests that came."""

    upstream: str | None
    url: str = ""
    next: list[Spoil | str] = field(default_factory=list)
    always: Spoil | str | None = None
    among: bytes = b""
    """Only requests in whose body this stands meet a fault."""
    seen: list[tuple[str, bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _message(reader, writer)) is not None:
                head, body = request
                self.seen.append((head[0].decode(), body))
                fault = (self.next.pop(0) if self.next else self.always) if self.among in body else None
                code, answer, reported_head = (
                    (0, b"", []) if self.upstream is None else await _forwarded(self.upstream, head, body)
                )
                if fault == CUT:
                    writer.write(_answer(code, answer, reported_head)[: -max(1, len(answer) // 2)])
                    await writer.drain()
                    return
                reported = fault(code, answer) if callable(fault) else (code, answer)
                if reported is None:
                    await reader.read()
                    return
                writer.write(_answer(*reported, reported_head if reported == (code, answer) else []))
                await writer.drain()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def faults(upstream: str | None = None) -> AsyncIterator[Faults]:
    """A proxy before a server, or before none."""
    proxy = Faults(upstream)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(proxy.serve(reader, writer))
        tasks.add(task)
        await asyncio.wait([task])

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _message(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None = None, *, head_only: bool = False
) -> tuple[Head, bytes] | None:
    """A request or an answer; whoever waits for leave to send a body gets it."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    if head_only:
        return head, b""
    if writer is not None and any(line.lower().startswith(b"expect:") for line in head):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    lengths = [int(line.split(b":")[1]) for line in head if line.lower().startswith(b"content-length:")]
    return head, await reader.readexactly(lengths[0]) if lengths else b""


async def _forwarded(upstream: str, head: Head, body: bytes) -> tuple[int, bytes, Head]:
    """Status, body, and the headers that say something of the body."""
    where = urlsplit(upstream)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        kept = [line for line in head if not line.lower().startswith((b"connection:", b"accept-encoding:", b"expect:"))]
        kept.insert(1, b"Connection: close")
        writer.write(b"\r\n".join(kept) + body)
        only = head[0].startswith(b"HEAD ")
        answer = await _message(reader, head_only=only)
        assert answer is not None
        reported = [
            line
            for line in answer[0][1:]
            if line.lower().startswith((b"etag:", b"content-range:", *([b"content-length:"] if only else [])))
        ]
        return int(answer[0][0].split()[1]), answer[1], reported
    finally:
        writer.close()


def _answer(code: int, body: bytes, head: Head) -> bytes:
    length = (
        [] if any(line.lower().startswith(b"content-length:") for line in head) else [f"Content-Length: {len(body)}".encode()]
    )
    lines = [f"HTTP/1.1 {code} -".encode(), b"Content-Type: application/json", *head, *length]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
