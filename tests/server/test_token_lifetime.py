"""Every transport that stays open ends when its caller's token expires. A new route must be added to `TRANSPORTS`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from datasources.data_folder import prepare
from identity.issuer import LocalIssuer
from server import create_app
from settings import Settings

NOW = 1_800_000_000.0
REMAINING_S = 3.0
SUBSCRIPTION = 'subscription { bulkOperationChanged(id: "x") { id } }'


@dataclass
class Opened:
    """The application, a client, and a token that expires in a moment."""

    app: Starlette
    client: httpx.AsyncClient
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


async def event_stream(opened: Opened) -> None:
    headers = {**opened.headers, "accept": "text/event-stream"}
    answer = await opened.client.post("/graphql", json={"query": SUBSCRIPTION}, headers=headers)
    events = answer.text.strip().split("\n\n")
    assert events[-1] == "event: complete\ndata:"
    (error,) = json.loads(events[-2].partition("data: ")[2])["errors"]
    assert (error["extensions"]["code"], error["extensions"]["reason"]) == ("UNAUTHENTICATED", "EXPIRED")


async def websocket(opened: Opened) -> None:
    sent, received = asyncio.Queue[Any](), asyncio.Queue[Any]()
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {opened.token}"}}
    operation = {"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIPTION}}
    await sent.put({"type": "websocket.connect"})
    for message in (init, operation):
        await sent.put({"type": "websocket.receive", "text": json.dumps(message)})
    scope = {"type": "websocket", "path": "/graphql", "scheme": "ws", "query_string": b"", "headers": [(b"host", b"x")], "subprotocols": ["graphql-transport-ws"], "client": ("127.0.0.1", 1)}  # fmt: skip
    await opened.app(scope, sent.get, received.put)
    messages = [received.get_nowait() for _ in range(received.qsize())]
    assert json.loads(messages[1]["text"]) == {"type": "connection_ack"}
    assert (messages[-1]["type"], messages[-1]["code"]) == ("websocket.close", 4403)


async def import_stream(opened: Opened) -> None:
    async def records() -> AsyncIterator[bytes]:
        for number in range(1_000):
            yield json.dumps({"sourceId": str(number)}).encode()[:5]  # never a whole batch, and never silent for long
            await asyncio.sleep(0.05)

    headers = {**opened.headers, "content-type": "application/jsonl"}
    answer = await opened.client.post("/import", content=records(), headers=headers)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["reason"] == "EXPIRED"


TRANSPORTS: dict[str, tuple[Callable[[Opened], Awaitable[None]], ...]] = {
    "/graphql": (event_stream, websocket),
    "/import": (import_stream,),
    # One response, which is complete before it is sent or ends at the deadline:
    "/graphiql/assets": (), "/graphiql/LICENSES.txt": (), "/graphiql/examples.json": (), "/guest": (), "/demo/identities": (), "/metrics": (), "/livez": (), "/readyz": (),
    # One file whose size is fixed when its URL is verified; it is read once and receives nothing new:
    "/media/{address}": (), "/results/{text}/{name}": (),
}  # fmt: skip


@pytest.fixture
async def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opened]:
    async def endless(_context: object, _id: str) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield None

    monkeypatch.setattr("schema.subscription.watch_job", endless)
    began = time.monotonic()
    settings = Settings(data=tmp_path / "data")
    prepare(settings.data)
    # The clock starts when little is left of the token that was issued at NOW.
    app = create_app(settings, lambda: NOW + 3_600 - REMAINING_S + time.monotonic() - began)
    token = LocalIssuer.development(settings.data, settings.audience, lambda: NOW).customer("ana")
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
    ):
        began = time.monotonic()
        yield Opened(app, client, token)


async def test_every_transport_that_stays_open_ends_with_its_token(opened: Opened) -> None:
    paths = {route.path for route in opened.app.routes}  # type: ignore[attr-defined]
    assert paths == set(TRANSPORTS), "say for the route whether it stays open, and how its lifetime is tested"
    async with asyncio.timeout(120):
        await asyncio.gather(*(check(opened) for checks in TRANSPORTS.values() for check in checks))
