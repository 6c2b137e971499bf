"""Result files of jobs by signed URL, entirely or in ranges. Permissions are checked at every request."""

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
from resolvers.jobs.links import ROUTE, LinkedFile, resolve_link

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
_NOT_FOUND: Final = {"error": "NOT_FOUND"}


def results_route(sources: Sources, identify: Identify) -> Route:
    """The route for GET and HEAD.

    A bearer token is optional. The response is 404 if the file does not exist or the token belongs to another viewer, and 401
    if the token is invalid.
    """

    async def answer(request: Request) -> Response:
        try:
            viewer = await identify(request, None) if "authorization" in request.headers else None
            linked = await resolve_link(sources, request.path_params["text"], viewer)
            if linked is None or linked.file.name != request.path_params["name"]:
                return JSONResponse(_NOT_FOUND, 404)
            return await _response(sources, linked, request)
        except GraphQLProblem:
            return JSONResponse({"error": "UNAUTHENTICATED"}, 401)
        except SourceError:
            return JSONResponse({"error": "UNAVAILABLE"}, 503)

    return Route(ROUTE + "/{text}/{name}", answer, methods=["GET", "HEAD"])


async def _response(sources: Sources, linked: LinkedFile, request: Request) -> Response:
    size, tag = linked.file.size, f'"{linked.file.sha256.hex()}"'
    headers = {
        "etag": tag,
        "accept-ranges": "bytes",
        "cache-control": "private, no-store",
        "content-disposition": f'attachment; filename="{linked.file.name}"',
        "content-type": TYPES.get(linked.file.name[linked.file.name.rfind(".") :], "application/octet-stream"),
    }
    unchanged = request.headers.get("if-range", tag) == tag
    requested = _RANGE.fullmatch(request.headers.get("range", "")) if unchanged else None
    span = (0, size) if requested is None else span_of(requested[1], requested[2], size)
    if span is None:
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
    start, end = span
    headers["content-length"] = str(end - start)
    status = 200 if requested is None else 206
    if requested is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    pieces = await sources.results.read(MediaKey(folder_of(sources, linked.record), linked.file.name), start, end)
    return JSONResponse(_NOT_FOUND, 404) if pieces is None else StreamingResponse(_iterated(pieces), status, headers)


async def _iterated(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield piece


def span_of(first: str, last: str, size: int) -> tuple[int, int] | None:
    """The first byte of a range and the byte after its last (RFC 9110, 14.1.2); None if it is outside the file."""
    if not first:
        start, end = size - min(int(last or 0), size), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None
