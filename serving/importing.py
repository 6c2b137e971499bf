"""`POST /import`: a stream of import records in JSON Lines, with the rules of `photos-gateway import`.

A batch is written before the next one is read. The client is thereby slowed down to the speed of the writes, and the memory
does not grow with the body. Records that were imported before change nothing, so an interrupted stream can be sent again.
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
from access.write_permission import may_write
from datasources import Sources
from datasources.errors import SourceError
from execution.errors import ErrorMapper, GraphQLProblem
from execution.request_lifetime import TokenExpired, TokenLifetime
from indexing.change_feed_consumer import index_position_reached
from indexing.index_lag import IndexLag
from resolvers.importing.record_reading import UnknownKeys, read_record
from resolvers.importing.records import BadRecord, ImportRecord
from resolvers.importing.upsert import customer_for, upsert_verified
from resolvers.importing.writer import RecordWriter
from schema.errors import problem_of
from serving.import_report import Report
from serving.ndjson import BadStream, NdjsonDecoder, inflated

Identify = Callable[[HTTPConnection, Mapping[str, Any] | None], Awaitable[Viewer]]
TYPES: Final = frozenset({"application/jsonl", "application/x-ndjson", "application/x-jsonlines", "application/json-lines"})
BATCH: Final = 100
"""Records in a batch. A batch takes about ten milliseconds, between which other requests are served."""
MAX_BATCH_BYTES: Final = 4 << 20
MAX_STREAMS: Final = 4
READ_TIMEOUT_S: Final = 60.0
MIN_BYTES_PER_S: Final = 100
"""The lowest mean rate of a stream, after the first minute."""
INDEX_WAIT_S: Final = 5.0
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
_POLL_S: Final = 0.05
_FORBIDDEN: Final = "only a customer, or a service with the scope photos:write, may import"
_UNSUPPORTED_TYPE: Final = "the body must be application/jsonl or application/x-ndjson"


class Importing:
    """The handler of `/import`. At most four streams run concurrently, one for each customer."""

    def __init__(self, sources: Sources, identify: Identify, index_lag: IndexLag) -> None:
        self._sources = sources
        self._index_lag = index_lag
        self._identify = identify
        self._running: set[str] = set()
        self._errors = ErrorMapper()

    async def __call__(self, request: Request) -> Response:
        """Handles a request."""
        try:
            viewer = await self._identify(request, None)
            owner = await self._owner(request, viewer)
            pieces = _body(request)
            self._reserve(owner)
        except GraphQLProblem as problem:
            return self._error_response(problem)
        except SourceError as e:
            return self._error_response(problem_of(e))
        try:
            return await self._answer(_with_timeout(pieces, lambda: self._remaining_s(viewer)), owner, viewer)
        finally:
            self._running.discard(owner)

    async def _answer(self, pieces: AsyncIterator[bytes], owner: str, viewer: Viewer) -> Response:
        """Imports the stream. After an error, records that are already written stay, and the response reports them."""
        report, start_s = Report(), time.monotonic()
        try:
            await self._take(pieces, owner, viewer, report)
            indexed = await self._indexed()
        except ClientDisconnect:
            return Response(status_code=400)  # the client is disconnected
        except BadStream as e:
            problem = GraphQLProblem("BAD_USER_INPUT", e.message, reason=e.reason)
        except SourceError as e:
            problem = problem_of(e)
        except GraphQLProblem as e:
            problem = e
        else:
            return JSONResponse(report.to_json(time.monotonic() - start_s, indexed=indexed))
        return self._error_response(problem, {"report": report.to_json(time.monotonic() - start_s, indexed=False)})

    async def _owner(self, request: Request, viewer: Viewer) -> str:
        customer = request.query_params.get("customer")
        if not may_write(viewer, viewer.customer or ""):
            raise GraphQLProblem("FORBIDDEN", _FORBIDDEN, reason="SCOPE")
        if customer is None:
            if viewer.customer is None:
                raise GraphQLProblem("BAD_USER_INPUT", "a service must name the customer: add ?customer=ID", reason="CUSTOMER")
            return viewer.customer
        owner = await customer_for(self._sources, viewer, customer)
        if owner is None:
            raise GraphQLProblem("NOT_FOUND", "the customer does not exist, or this caller may not write for them")
        return owner

    def _reserve(self, owner: str) -> None:
        if owner in self._running or len(self._running) >= MAX_STREAMS:
            raise GraphQLProblem(
                "RATE_LIMITED",
                "another import of this customer, or four of others, are running: retry later",
                extensions={"retryAfterSeconds": 5},
            )
        self._running.add(owner)

    async def _take(self, pieces: AsyncIterator[bytes], owner: str, viewer: Viewer, report: Report) -> None:
        writer, lines, batch, size = RecordWriter(self._sources, owner), NdjsonDecoder(), list[tuple[int, bytes]](), 0
        async for piece in pieces:
            for line in lines.feed(piece):
                size += self._add(line, batch, report)
                if len(batch) >= BATCH or size >= MAX_BATCH_BYTES:
                    await self._write(writer, batch, viewer, report)
                    batch, size = [], 0
        for line in lines.rest():
            self._add(line, batch, report)
        await self._write(writer, batch, viewer, report)

    def _add(self, line: bytes | None, batch: list[tuple[int, bytes]], report: Report) -> int:
        """Adds a line to the batch, unless it is blank or too long; returns its size."""
        report.lines += 1
        if line is None:
            report.refuse(report.lines, BadRecord("is longer than 1 MiB"))
            return 0
        text = (line.removeprefix(b"\xef\xbb\xbf") if report.lines == 1 else line).strip()
        if text:
            batch.append((report.lines, text))
        return len(text)

    async def _write(self, writer: RecordWriter, batch: list[tuple[int, bytes]], viewer: Viewer, report: Report) -> None:
        remaining_s = self._remaining_s(viewer)
        if remaining_s is not None and remaining_s <= 0:
            raise TokenExpired
        read = [(line, _read(text, report.unknown)) for line, text in batch]
        valid = [(line, r) for line, r in read if isinstance(r, ImportRecord)]
        done = await upsert_verified(writer, [r for _, r in valid], self._sources, self._index_lag)
        rejected = {line: r for line, r in read if isinstance(r, BadRecord)}
        rejected |= {line: BadRecord(d) for (line, _), d in zip(valid, done, strict=True) if isinstance(d, str)}
        for line, bad in sorted(rejected.items()):
            report.refuse(line, bad)
        for d in done:
            if not isinstance(d, str):
                report.counts[d.outcome.value] += 1
        await asyncio.sleep(0)

    def _remaining_s(self, viewer: Viewer) -> float | None:
        return viewer.expires_at - self._sources.now_ms() / 1_000 if viewer.expires_at else None

    async def _indexed(self) -> bool:
        """Whether the index contains all written records; waits up to five seconds for the consumer of the change feed."""
        head = await self._sources.feed.head()
        deadline_s = time.monotonic() + INDEX_WAIT_S
        while not (reached := await index_position_reached(self._sources, head)) and time.monotonic() < deadline_s:  # noqa: ASYNC110 - the position is in a table
            await asyncio.sleep(_POLL_S)
        return reached

    def _error_response(self, problem: GraphQLProblem, more: Mapping[str, Any] | None = None) -> Response:
        headers = {"www-authenticate": "Bearer"} if problem.code == "UNAUTHENTICATED" else {}
        retry = problem.extensions.get("retryAfterSeconds")
        headers |= {} if retry is None else {"retry-after": str(retry)}
        status = _STATUS.get(problem.reason or "") or _STATUS.get(problem.code, 400)
        return JSONResponse({"errors": self._errors.request_errors(problem), **(more or {})}, status, headers)


def _body(request: Request) -> AsyncIterator[bytes]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    # Browsers send these types across origins only after a preflight.
    if kind not in TYPES:
        raise GraphQLProblem("BAD_USER_INPUT", _UNSUPPORTED_TYPE, reason="CONTENT_TYPE")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return request.stream()
    if encoding == "gzip":
        return inflated(request.stream())
    raise GraphQLProblem("BAD_USER_INPUT", "the Content-Encoding must be gzip or identity", reason="CONTENT_ENCODING")


async def _with_timeout(pieces: AsyncIterator[bytes], remaining_s: Callable[[], float | None]) -> AsyncIterator[bytes]:
    """The pieces of the stream; raises DEADLINE_EXCEEDED if none arrives for a minute or too slowly, and TokenExpired.

    Only the time in which the server waits for the client counts: a stream that arrives byte by byte would occupy one of the
    four places for hours.
    """
    received, waited_s = 0, 0.0
    while True:
        start_s = time.monotonic()
        try:
            async with TokenLifetime(remaining_s()), asyncio.timeout(READ_TIMEOUT_S):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise GraphQLProblem(
                "DEADLINE_EXCEEDED", "no data arrived for a minute: send the stream again", reason="SILENT"
            ) from None
        if piece is None:
            return
        received, waited_s = received + len(piece), waited_s + time.monotonic() - start_s
        if waited_s > READ_TIMEOUT_S and received < waited_s * MIN_BYTES_PER_S:
            raise GraphQLProblem("DEADLINE_EXCEEDED", "the data arrives too slowly: send the stream again", reason="SLOW")
        yield piece


def _read(text: bytes, unknown: UnknownKeys) -> ImportRecord | BadRecord:
    try:
        return read_record(text, unknown)
    except BadRecord as bad:
        return bad


def import_route(sources: Sources, identify: Identify, index_lag: IndexLag) -> Route:
    """The route `POST /import`."""
    return Route("/import", Importing(sources, identify, index_lag).__call__, methods=["POST"])
