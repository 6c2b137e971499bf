"""Erasure over HTTP, and the responses to the token of the erased customer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.makers import Served, served

ME = "{ viewer { customer { id } } photos { nodes { id } } }"
ERASE = "mutation($id: ID!) { eraseMyData(input: {confirmCustomerId: $id}) { bulkOperation { id status } userErrors { code } } }"
STATE = "query($id: ID!) { bulkOperation(id: $id) { status errorCode files { path url } } }"
LINES = {"content-type": "application/jsonl"}


@pytest.fixture
async def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr("resolvers.erasing.erase.SURE_MS", 0)
    async with served(tmp_path / "data") as made:
        yield made


async def test_an_erased_customer_can_only_fetch_the_certificate(gateway: Served) -> None:
    ana, etl = gateway.customer("ana"), gateway.service("photos:write")
    sent = await gateway.client.post("/import", content=b'{"sourceId": "a", "caption": "one"}', headers=ana | LINES)
    assert sent.status_code == 200
    me = (await gateway.ask(ME, ana))["viewer"]["customer"]["id"]
    job = (await gateway.ask(ERASE, ana, id=me))["eraseMyData"]["bulkOperation"]["id"]
    async with asyncio.timeout(30):
        while (found := (await gateway.ask(STATE, ana, id=job))["bulkOperation"])["status"] in {"QUEUED", "RUNNING"}:  # noqa: ASYNC110 - as a client polls
            await asyncio.sleep(0.05)
    assert found["status"] == "COMPLETED", found
    (file,) = found["files"]
    certificate = (await gateway.client.get(file["url"].removeprefix("http://127.0.0.1:8000"))).json()
    assert certificate["stores"]["tables/photos"]["removed"] == 1

    seen = (await gateway.client.post("/graphql", json={"query": ME}, headers=ana)).json()
    assert seen["data"] == {"viewer": {"customer": None}, "photos": {"nodes": []}}
    assert seen["extensions"]["erased"] is True
    for who, where in ((ana, "/import"), (etl, "/import?customer=ana"), (etl, f"/import?customer={me}")):
        again = await gateway.client.post(where, content=b'{"sourceId": "a"}', headers=who | LINES)
        reported = again.json()["errors"][0]["extensions"]
        assert (again.status_code, reported["code"], reported["reason"]) == (403, "FORBIDDEN", "ERASED")
    sources = gateway.app.state.running.sources
    assert [c async for c in sources.customers.everyone()] == []
