"""POST /import: JSON Lines as a stream, the same record and the same rules as the import of a file.

A batch is written before the next is read, so whoever sends is slowed down to what can be written, and the memory needed
does not grow with the body. Sending again changes nothing, so a stream that was cut is simply sent again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from access.viewer import Viewer
from datasources import Sources
from datasources.errors import SourceError
from execution.errors import ErrorMapper, GraphQLProblem
from indexing.change_feed_consumer import index_position_reached
from indexing.index_lag import IndexLag
from resolvers.importing.record_reading import UnknownKeys, read_record
from resolvers.importing.records import BadRecord, ImportRecord
from resolvers.importing.upsert import customer_for, may_write, upsert_verified
from resolvers.importing.writer import Writer
from schema.errors import problem_of
from serving.import_report import Report
from serving.ndjson import BadStream, NdjsonDecoder, inflated

Identify = Callable[[HTTPConnection, Mapping[str, Any] | None], Awaitable[Viewer]]
TYPES: Final = frozenset({"application/jsonl", "application/x-ndjson", "application/x-jsonlines", "application/json-lines"})
BATCH: Final = 100
"""Small: between two batches others get their turn, and a batch is some ten milliseconds of work."""
MOST_BYTES: Final = 4 << 20
"""Of the lines of a batch."""
AT_ONCE: Final = 4
SILENT_S: Final = 60.0
INDEXED_S: Final = 5.0
_STATUS: Final = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "RATE_LIMITED": 429,
    "DEADLINE_EXCEEDED": 408,
    "UNAVAILABLE": 503,
    "CONFLICT": 503,
    "CONTENT_TYPE": 415,
    "CONTENT_ENCODING": 415,
    "RATIO": 413,
}
_LOOK_S: Final = 0.05
_WHO: Final = "only a customer, or a service with the scope photos:write, may import"
_TYPE: Final = "the body must be application/jsonl or application/x-ndjson"


class Importing:
    """One route. At most four streams at a time, one for each customer."""

    def __init__(self, sources: Sources, identify: Identify, freshness: IndexLag) -> None:
        self._sources = sources
        self._freshness = freshness
        self._identify = identify
        self._running: set[str] = set()
        self._errors = ErrorMapper()

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        try:
            viewer = await self._identify(request, None)
            owner = await self._owner(request, viewer)
            pieces = _plain(request)
            self._enter(owner)
        except GraphQLProblem as problem:
            return self._refusal(problem)
        except SourceError as e:
            return self._refusal(problem_of(e))
        try:
            return await self._answer(_beaten(pieces), owner, viewer)
        finally:
            self._running.discard(owner)

    async def _answer(self, pieces: AsyncIterator[bytes], owner: str, viewer: Viewer) -> Response:
        """What was written before something went wrong stays, and is told with it."""
        report, began = Report(), time.monotonic()
        try:
            await self._take(pieces, owner, viewer, report)
            indexed = await self._indexed()
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except BadStream as e:
            problem = GraphQLProblem("BAD_USER_INPUT", e.message, reason=e.reason)
        except SourceError as e:
            problem = problem_of(e)
        except GraphQLProblem as e:
            problem = e
        else:
            return JSONResponse(report.shown(time.monotonic() - began, indexed=indexed))
        return self._refusal(problem, {"report": report.shown(time.monotonic() - began, indexed=False)})

    async def _owner(self, request: Request, viewer: Viewer) -> str:
        named = request.query_params.get("customer")
        if not may_write(viewer, viewer.customer or ""):
            raise GraphQLProblem("FORBIDDEN", _WHO, reason="SCOPE")
        if named is None:
            if viewer.customer is None:
                raise GraphQLProblem("BAD_USER_INPUT", "a service says whose photos they are: ?customer=ID", reason="CUSTOMER")
            return viewer.customer
        owner = await customer_for(self._sources, viewer, named)
        if owner is None:
            raise GraphQLProblem("NOT_FOUND", "there is no such customer, or they are not for this caller")
        return owner

    def _enter(self, owner: str) -> None:
        if owner in self._running or len(self._running) >= AT_ONCE:
            raise GraphQLProblem(
                "RATE_LIMITED", "an import of this library, or enough others, are running", extensions={"retryAfterSeconds": 5}
            )
        self._running.add(owner)

    async def _take(self, pieces: AsyncIterator[bytes], owner: str, viewer: Viewer, report: Report) -> None:
        writer, lines, batch, size = Writer(self._sources, owner), NdjsonDecoder(), list[tuple[int, bytes]](), 0
        async for piece in pieces:
            for line in lines.feed(piece):
                size += self._kept(line, batch, report)
                if len(batch) >= BATCH or size >= MOST_BYTES:
                    await self._write(writer, batch, viewer, report)
                    batch, size = [], 0
        for line in lines.rest():
            self._kept(line, batch, report)
        await self._write(writer, batch, viewer, report)

    def _kept(self, line: bytes | None, batch: list[tuple[int, bytes]], report: Report) -> int:
        """Puts a line in the batch, unless it is blank or too long; its size."""
        report.lines += 1
        if line is None:
            report.refuse(report.lines, BadRecord("is longer than 1 MiB"))
            return 0
        text = (line.removeprefix(b"\xef\xbb\xbf") if report.lines == 1 else line).strip()
        if text:
            batch.append((report.lines, text))
        return len(text)

    async def _write(self, writer: Writer, batch: list[tuple[int, bytes]], viewer: Viewer, report: Report) -> None:
        if viewer.expires_at and self._sources.now_ms() >= viewer.expires_at * 1_000:
            raise GraphQLProblem("UNAUTHENTICATED", "the token has ended: send it again with a new one", reason="EXPIRED")
        read = [(line, _read(text, report.unknown)) for line, text in batch]
        good = [(line, r) for line, r in read if isinstance(r, ImportRecord)]
        done = await upsert_verified(writer, [r for _, r in good], self._sources, self._freshness)
        wrong = {line: r for line, r in read if isinstance(r, BadRecord)}
        wrong |= {line: BadRecord(d) for (line, _), d in zip(good, done, strict=True) if isinstance(d, str)}
        for line, bad in sorted(wrong.items()):
            report.refuse(line, bad)
        for d in done:
            if not isinstance(d, str):
                report.counts[d.outcome.value] += 1
        await asyncio.sleep(0)

    async def _indexed(self) -> bool:
        """Whether the index has all of it; the server's own follower brings it along, and is waited for a moment."""
        head = await self._sources.feed.head()
        until = time.monotonic() + INDEXED_S
        while not (there := await index_position_reached(self._sources, head)) and time.monotonic() < until:  # noqa: ASYNC110 - a mark in a table
            await asyncio.sleep(_LOOK_S)
        return there

    def _refusal(self, problem: GraphQLProblem, more: Mapping[str, Any] | None = None) -> Response:
        headers = {"www-authenticate": "Bearer"} if problem.code == "UNAUTHENTICATED" else {}
        retry = problem.extensions.get("retryAfterSeconds")
        headers |= {} if retry is None else {"retry-after": str(retry)}
        status = _STATUS.get(problem.reason or "") or _STATUS.get(problem.code, 400)
        return JSONResponse({"errors": self._errors.refusal(problem), **(more or {})}, status, headers)


def _plain(request: Request) -> AsyncIterator[bytes]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # Browsers send none of these across origins without asking first.
    if kind not in TYPES:
        raise GraphQLProblem("BAD_USER_INPUT", _TYPE, reason="CONTENT_TYPE")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return request.stream()
    if encoding == "gzip":
        return inflated(request.stream())
    raise GraphQLProblem("BAD_USER_INPUT", "the body may be gzip, and nothing else", reason="CONTENT_ENCODING")


async def _beaten(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same; a sender that is silent for a minute is given up."""
    while True:
        try:
            async with asyncio.timeout(SILENT_S):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise GraphQLProblem("DEADLINE_EXCEEDED", "nothing came for a minute", reason="SILENT") from None
        if piece is None:
            return
        yield piece


def _read(text: bytes, unknown: UnknownKeys) -> ImportRecord | BadRecord:
    try:
        return read_record(text, unknown)
    except BadRecord as bad:
        return bad


def import_route(sources: Sources, identify: Identify, freshness: IndexLag) -> Route:
    """See the module."""
    return Route("/import", Importing(sources, identify, freshness).__call__, methods=["POST"])
