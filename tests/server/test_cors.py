"""Pages of allowed origins may send any header and read what they need; pages of other origins may not."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from server import create_app
from settings import Settings

OURS = "https://app.example"
CLIENT_HEADERS = (
    "authorization", "content-type", "accept-language", "x-denied", "x-request-id", "x-trace", "router-authorization",
    "apollographql-client-name", "apollographql-client-version", "apollo-require-preflight", "x-apollo-operation-name",
    "graphql-client-name", "graphql-client-version", "graphql-preflight", "x-graphql-client-name",
    "traceparent", "tracestate", "baggage", "sentry-trace", "b3", "x-b3-traceid", "x-datadog-trace-id", "x-amzn-trace-id",
    "x-requested-with", "idempotency-key", "if-none-match", "range", "cache-control",
)  # fmt: skip


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    """A client of the server before its start: a preflight needs no data."""
    app = create_app(Settings(data=tmp_path, allowed_origins=(OURS,)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")


async def preflight(client: httpx.AsyncClient, origin: str, headers: str, method: str = "POST") -> httpx.Response:
    asks = {"origin": origin, "access-control-request-method": method, "access-control-request-headers": headers}
    return await client.options("/graphql", headers=asks)


async def test_an_allowed_origin_may_send_the_headers_of_clients_and_of_tracing(client: httpx.AsyncClient) -> None:
    for header in CLIENT_HEADERS:
        answer = await preflight(client, OURS, f"authorization,{header}")
        assert answer.status_code == 200, header
        assert header in answer.headers["access-control-allow-headers"].split(",")
        assert answer.headers["access-control-allow-origin"] == OURS
    assert "access-control-allow-credentials" not in answer.headers
    assert "Access-Control-Request-Headers" in answer.headers["vary"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://app.example", "https://app.example.evil", "https://APP.example"])  # fmt: skip
async def test_another_origin_may_send_nothing(client: httpx.AsyncClient, origin: str) -> None:
    answer = await preflight(client, origin, "traceparent")
    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers


async def test_only_methods_that_the_server_has_are_allowed(client: httpx.AsyncClient) -> None:
    allowed = {
        m: (await preflight(client, OURS, "authorization", m)).status_code == 200
        for m in ("GET", "HEAD", "POST", "PUT", "DELETE")
    }
    assert allowed == {"GET": True, "HEAD": True, "POST": True, "PUT": False, "DELETE": False}


async def test_a_page_may_read_when_to_retry_and_the_id_of_the_request(client: httpx.AsyncClient) -> None:
    exposed = (await client.get("/nothing", headers={"origin": OURS})).headers["access-control-expose-headers"]
    assert {"x-request-id", "retry-after"} <= {name.strip() for name in exposed.split(",")}
