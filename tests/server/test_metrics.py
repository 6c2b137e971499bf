"""The route `/metrics` and traces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from server import create_app
from settings import Settings
from tests.server.makers import Served, served

PAGE = "{ photos(first: 5) { nodes { caption } total { count } } }"
SECRET = "a secret caption"
TOKEN = "t" * 32


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path / "data") as opened:
        yield opened


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(text)
    return {(s.name, frozenset(s.labels.items())): s.value for f in families for s in f.samples}


def value(reported: dict[Any, float], name: str, **labels: str) -> float:
    return sum(v for (n, has), v in reported.items() if n == name and set(labels.items()) <= has)


async def test_metrics_count_requests_sources_and_batches_without_values(server: Served) -> None:
    ana = server.customer("ana")
    await server.ask(PAGE, ana)
    await server.ask(f'{{ searchPhotos(query: "{SECRET}", first: 5) {{ nodes {{ id }} }} }}', ana)
    refused = await server.client.post("/graphql", json={"query": "{ nothing }"}, headers=ana)
    assert refused.json()["errors"]
    text = (await server.client.get("/metrics")).text
    reported = samples(text)
    assert value(reported, "photos_requests_total", operation="query", outcome="whole", status="200") == 2
    assert value(reported, "photos_requests_total", outcome="refused") == 1
    assert value(reported, "photos_refusals_total", code=refused.json()["errors"][0]["extensions"]["code"]) == 1
    assert value(reported, "photos_documents_total", document="unlisted") == 2
    assert value(reported, "photos_source_calls_total", source="tables", part="photos.timeline", operation="query_index") >= 1
    assert value(reported, "photos_source_calls_total", source="search", operation="search_many") >= 2
    assert value(reported, "photos_loader_batch_keys_count") >= 2
    assert value(reported, "photos_audit_failures_total") == 0
    assert value(reported, "photos_index_lag_changes") == 0
    assert SECRET not in text
    assert "ana" not in {v for _, labels in reported for _, v in labels}


async def test_metrics_require_loopback_or_the_token(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as opened:
        far = httpx.ASGITransport(opened.app, client=("10.0.0.9", 1))
        async with httpx.AsyncClient(transport=far, base_url="http://photos.example") as client:
            assert (await client.get("/metrics")).status_code == 404
    app = create_app(Settings(data=tmp_path / "data", metrics_token=SecretStr(TOKEN)))
    far = httpx.ASGITransport(app, client=("10.0.0.9", 1))
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=far, base_url="http://photos.example") as client:
        for given, status in ((None, 404), ("x" * 32, 404), ("\u00e9" * 20, 404), (TOKEN, 200)):
            headers = [] if given is None else [(b"authorization", f"Bearer {given}".encode())]
            assert (await client.get("/metrics", headers=headers)).status_code == status


async def test_a_trace_is_returned_only_on_request(server: Served) -> None:
    ana = server.customer("ana")
    plain = (await server.client.post("/graphql", json={"query": PAGE}, headers=ana)).json()
    assert "trace" not in plain["extensions"]
    traced = (await server.client.post("/graphql", json={"query": PAGE}, headers={**ana, "x-trace": "1"})).json()
    assert traced["data"] == plain["data"]
    trace = {t["source"]: t for t in traced["extensions"]["trace"]}
    assert set(trace["search"]) == {"source", "calls", "keys", "ms", "bytes"}
    assert trace["search"]["calls"] == 1
    assert trace["search"]["bytes"] is None
    assert trace["tables.photos.timeline"]["calls"] == 1
    assert all(t["ms"] >= 0 for t in trace.values())
    again = (await server.client.post("/graphql", json={"query": PAGE}, headers=ana)).json()
    assert "trace" not in again["extensions"]
