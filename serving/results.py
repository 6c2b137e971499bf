"""Files that jobs left, by signed URLs: whole or in ranges, checked again at each request."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from access.viewer import Viewer
from datasources import Sources
from datasources.errors import SourceError
from datasources.media.port import MediaKey
from execution.errors import GraphQLProblem
from resolvers.jobs.job_run import folder_of
from resolvers.jobs.links import ROUTE, Fetched, fetched

Identify = Callable[[HTTPConnection, Mapping[str, Any] | None], Awaitable[Viewer]]
TYPES: Final = {
    ".jsonl": "application/jsonl",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".zip": "application/zip",
    ".parquet": "application/vnd.apache.parquet",
    ".arrow": "application/vnd.apache.arrow.file",
}
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_GONE: Final = {"error": "NOT_FOUND"}


def results_route(sources: Sources, identify: Identify) -> Route:
    """GET and HEAD. Whatever may not be fetched looks like what does not exist; a bearer token is not needed, but one of
    somebody else, or one that is not good, makes it so.
    """

    async def answer(request: Request) -> Response:
        try:
            viewer = await identify(request, None) if "authorization" in request.headers else None
            found = await fetched(sources, request.path_params["text"], viewer)
            if found is None or found.file.name != request.path_params["name"]:
                return JSONResponse(_GONE, 404)
            return await _served(sources, found, request)
        except GraphQLProblem:
            return JSONResponse({"error": "UNAUTHENTICATED"}, 401)
        except SourceError:
            return JSONResponse({"error": "UNAVAILABLE"}, 503)

    return Route(ROUTE + "/{text}/{name}", answer, methods=["GET", "HEAD"])


async def _served(sources: Sources, found: Fetched, request: Request) -> Response:
    size, tag = found.file.size, f'"{found.file.sha256.hex()}"'
    headers = {
        "etag": tag,
        "accept-ranges": "bytes",
        "cache-control": "private, no-store",
        "content-disposition": f'attachment; filename="{found.file.name}"',
        "content-type": TYPES.get(found.file.name[found.file.name.rfind(".") :], "application/octet-stream"),
    }
    same = request.headers.get("if-range", tag) == tag
    asked = _RANGE.fullmatch(request.headers.get("range", "")) if same else None
    span = (0, size) if asked is None else span_of(asked[1], asked[2], size)
    if span is None:
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
    start, end = span
    headers["content-length"] = str(end - start)
    status = 200 if asked is None else 206
    if asked is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    pieces = await sources.results.read(MediaKey(folder_of(sources, found.record), found.file.name), start, end)
    return JSONResponse(_GONE, 404) if pieces is None else StreamingResponse(_each(pieces), status, headers)


async def _each(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield piece


def span_of(first: str, last: str, size: int) -> tuple[int, int] | None:
    """From and before which byte a range goes (RFC 9110, 14.1.2); None where nothing of it is there."""
    if not first:
        start, end = size - min(int(last or 0), size), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None
