"""JSON responses above 1,000 bytes are compressed for clients that accept gzip; nothing else is."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from server import create_app
from serving.compression import MIN_BYTES, JsonCompression
from settings import Settings
from tests.wire.toy import app as toy_app

ROOT = Path(__file__).parents[2]
LARGE = {"text": "word " * 1_000}
NEW = "application/graphql-response+json"


async def large(_request: Any) -> Response:
    return JSONResponse(LARGE, headers={"vary": "Accept"})


async def of_size(request: Any) -> Response:
    return Response(b"x" * int(request.query_params["size"]), media_type="application/json")


async def typed(request: Any) -> Response:
    return Response(b"x" * 5_000, media_type=request.query_params["type"])


async def streamed(_request: Any) -> Response:
    return StreamingResponse(iter([b"x" * 5_000, b"y" * 5_000]), media_type="application/json")


async def tagged(_request: Any) -> Response:
    return Response(b"x" * 5_000, media_type="application/json", headers={"etag": '"1"'})


async def encoded(_request: Any) -> Response:
    return Response(gzip.compress(b"x" * 50_000, 0), media_type="application/json", headers={"content-encoding": "gzip"})


APP = Starlette(
    routes=[Route(f"/{f.__name__}", f) for f in (large, of_size, typed, streamed, tagged, encoded)],
    middleware=[Middleware(JsonCompression)],
)


async def raw(path: str, accept: str | None = "gzip", **params: Any) -> tuple[httpx.Headers, bytes]:
    """The headers and the bytes as they were sent."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://x") as client:
        client.headers.pop("accept-encoding")
        headers: Mapping[str, str] = {} if accept is None else {"accept-encoding": accept}
        async with client.stream("GET", path, params=params, headers=headers) as response:
            return response.headers, b"".join([piece async for piece in response.aiter_raw()])


async def test_a_large_json_response_is_smaller_and_has_the_same_content() -> None:
    headers, body = await raw("/large")
    plain_headers, plain = await raw("/large", accept=None)
    assert gzip.decompress(body) == plain
    assert len(body) < len(plain) / 10
    assert (headers["content-encoding"], headers["content-length"]) == ("gzip", str(len(body)))
    assert "content-encoding" not in plain_headers
    assert headers["vary"] == plain_headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize(
    ("accept", "compressed"),
    [
        ("gzip", True), ("gzip, deflate, br", True), ("GZIP;q=0.5", True), ("*", True), ("br;q=1, gzip;q=0.2", True), ("x-gzip", True),
        (None, False), ("", False), ("identity", False), ("br", False), ("gzip;q=0", False), ("gzip;q=0, *", False),
        ("identity, gzip;q=0.5", False), ("*;q=0", False), ("gzip;q=x", False), ("notgzip", False),
    ],
)  # fmt: skip
async def test_the_client_decides_by_accept_encoding(accept: str | None, compressed: bool) -> None:
    headers, _ = await raw("/large", accept)
    assert ("content-encoding" in headers) is compressed


async def test_small_responses_are_not_compressed_and_vary_nevertheless() -> None:
    for size, compressed in ((0, False), (MIN_BYTES - 1, False), (MIN_BYTES, True), (500_000, True)):
        headers, body = await raw("/of_size", size=size)
        assert ("content-encoding" in headers) is compressed
        assert headers["vary"] == "Accept-Encoding"
        assert (gzip.decompress(body) if compressed else body) == b"x" * size


@pytest.mark.parametrize("kind", ["text/event-stream", "image/jpeg", "image/heic", "image/avif", "application/zip", "application/jsonl", "application/octet-stream", "text/html", "text/plain"])  # fmt: skip
async def test_other_types_are_sent_as_they_are(kind: str) -> None:
    headers, body = await raw("/typed", type=kind)
    assert (body, "content-encoding" in headers, "vary" in headers) == (b"x" * 5_000, False, False)


@pytest.mark.parametrize(("path", "size"), [("/streamed", 10_000), ("/tagged", 5_000)])
async def test_streams_and_files_with_a_tag_are_sent_as_they_are(path: str, size: int) -> None:
    headers, body = await raw(path)
    assert (len(body), "content-encoding" in headers) == (size, False)


async def test_a_compressed_response_is_not_compressed_again() -> None:
    _, body = await raw("/encoded")
    assert gzip.decompress(body) == b"x" * 50_000


async def test_events_of_graphql_arrive_one_by_one() -> None:
    sent: list[dict[str, Any]] = []
    app = JsonCompression(toy_app())
    body = b'{"query": "subscription { count(to: 3) }"}'
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": [(b"accept", b"text/event-stream"), (b"accept-encoding", b"gzip"), (b"content-type", b"application/json")]}  # fmt: skip
    messages = iter([{"type": "http.request", "body": body}])

    async def receive() -> Any:
        found = next(messages, None)
        return found if found is not None else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert b"content-encoding" not in dict(sent[0]["headers"])
    assert len([m for m in sent if b"event: next" in m.get("body", b"")]) == 3


def test_no_code_of_the_server_reads_or_sets_a_cookie() -> None:
    """Otherwise a foreign page could cause requests with an identity and measure the compressed responses (decision 046)."""
    files = [
        f
        for folder in ("access", "execution", "identity", "resolvers", "schema", "serving")
        for f in (ROOT / folder).rglob("*.py")
    ]
    assert [f.name for f in [*files, ROOT / "server.py"] if "cookie" in f.read_text("utf-8").lower()] == []


def test_the_server_compresses(tmp_path: Any) -> None:
    assert JsonCompression in {m.cls for m in create_app(Settings(data=tmp_path)).user_middleware}  # type: ignore[comparison-overlap]
