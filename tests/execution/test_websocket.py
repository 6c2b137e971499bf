from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from starlette.requests import HTTPConnection

from execution.document_cache import DocumentCache
from execution.runner import Runner
from execution.websocket import GraphQLSocket, SocketSettings
from tests.wire.toy import CLASSES, ToyContext, decide, make_context, toy_schema

INIT = {"type": "connection_init"}
ENDLESS = {"query": "subscription { endless }"}


class Client:
    """A client of a connection, without a network."""

    remaining_s: float | None = None

    def __init__(self, origin: str | None, protocols: list[str]) -> None:
        self.to_server: asyncio.Queue[Any] = asyncio.Queue()
        self.from_server: asyncio.Queue[Any] = asyncio.Queue()
        self.contexts: list[ToyContext] = []
        self.to_server.put_nowait({"type": "websocket.connect"})
        headers = [(b"host", b"toy")] + ([(b"origin", origin.encode())] if origin else [])
        self.scope = {"type": "websocket", "path": "/graphql", "scheme": "ws", "query_string": b"", "headers": headers, "subprotocols": protocols}  # fmt: skip

    async def make_context(self, connection: HTTPConnection, payload: Mapping[str, Any] | None) -> ToyContext:
        context = await make_context(connection, payload)
        context.remaining_s = self.remaining_s
        self.contexts.append(context)
        return context

    async def event(self) -> Any:
        async with asyncio.timeout(5):
            return await self.from_server.get()

    def send(self, *messages: Any) -> None:
        for message in messages:
            text = message if isinstance(message, str) else orjson.dumps(message).decode()
            self.to_server.put_nowait({"type": "websocket.receive", "text": text})

    async def received(self) -> Any:
        return orjson.loads((await self.event())["text"])

    async def closed_with(self) -> int:
        while (event := await self.event())["type"] != "websocket.close":
            pass
        return int(event["code"])


@asynccontextmanager
async def connected(
    *messages: Any,
    origin: str | None = None,
    protocols: tuple[str, ...] = ("graphql-transport-ws",),
    remaining_s: float | None = None,
    **settings: Any,
) -> AsyncIterator[Client]:
    client = Client(origin, list(protocols))
    client.remaining_s = remaining_s
    schema = toy_schema()
    runner: Runner[str] = Runner(schema, decide=decide)
    documents = DocumentCache(schema, classify=CLASSES.get)
    socket = GraphQLSocket(documents, runner, client.make_context, settings=SocketSettings(**settings))
    serving = asyncio.create_task(socket(client.scope, client.to_server.get, client.from_server.put))
    client.send(*messages)
    yield client
    client.to_server.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await serving
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def ready(client: Client) -> None:
    assert (await client.event())["subprotocol"] == "graphql-transport-ws"
    assert await client.received() == {"type": "connection_ack"}


def subscribe(key: str, query: str, **payload: Any) -> dict[str, Any]:
    return {"id": key, "type": "subscribe", "payload": {"query": query, **payload}}


async def test_serves_queries_mutations_and_subscriptions() -> None:
    async with connected(INIT) as client:
        await ready(client)
        client.send(subscribe("1", "query ($n: String) { hello(name: $n) }", variables={"n": "you"}))
        assert (await client.received())["payload"]["data"] == {"hello": "hello you"}
        assert await client.received() == {"id": "1", "type": "complete"}
        client.send(subscribe("1", 'mutation { rename(id: 1, name: "x") { name } }'))
        assert (await client.received())["payload"]["data"] == {"rename": {"name": "x"}}
        assert await client.received() == {"id": "1", "type": "complete"}
        client.send(subscribe("2", "subscription { count(to: 2) }"))
        assert [(await client.received())["payload"]["data"] for _ in range(2)] == [{"count": 1}, {"count": 2}]
        assert await client.received() == {"id": "2", "type": "complete"}


async def test_refusals_and_broken_sources_are_errors_that_end_their_operation_only() -> None:
    async with connected(INIT) as client:
        await ready(client)
        client.send(subscribe("1", "{ nope }"), subscribe("2", "subscription { broken }"))
        received = [await client.received() for _ in range(3)]
        text = orjson.dumps(received).decode()
        assert "GRAPHQL_VALIDATION_FAILED" in text
        assert "INTERNAL" in text
        assert "swordfish" not in text
        client.send({"type": "ping"})
        assert await client.received() == {"type": "pong"}


async def test_complete_stops_the_source_and_a_closed_connection_stops_all() -> None:
    async with connected(INIT) as client:
        await ready(client)
        client.send(subscribe("1", **ENDLESS), subscribe("2", **ENDLESS))
        assert {(await client.received())["id"], (await client.received())["id"]} == {"1", "2"}
        client.send({"id": "1", "type": "complete"}, {"type": "ping"})
        assert await client.received() == {"type": "pong"}
    logs = [context.log for context in client.contexts[1:]]
    assert logs == [["began", "closed", "context closed"]] * 2


@pytest.mark.parametrize(
    ("code", "messages"),
    [
        (4401, [subscribe("1", "{ hello }")]),
        (4429, [INIT, INIT]),
        (4409, [INIT, subscribe("1", **ENDLESS), subscribe("1", **ENDLESS)]),
        (4403, [{**INIT, "payload": {"authorization": "Bearer wrong"}}]),
        (4400, ["no json"]),
        (4400, ["[]"]),
        (4400, ["{}"]),
        (4400, ["[" * 100_000]),
        (4400, [{"type": "start"}]),
        (4400, [{**INIT, "payload": 1}]),
        (4400, [INIT, {"type": "subscribe", "payload": {"query": "{ hello }"}}]),
        (4400, [INIT, {"type": "subscribe", "id": "1", "payload": None}]),
        (4400, [INIT, subscribe("x" * 1_000, "{ hello }")]),
        (4400, [INIT, "x" * 300_000]),
    ],
)
async def test_breaches_of_the_protocol_close_the_connection_with_its_code(code: int, messages: list[Any]) -> None:
    async with connected(*messages, max_operations=2) as client:
        assert await client.closed_with() == code


async def test_an_operation_above_the_limit_is_refused_and_the_others_continue() -> None:
    async with connected(INIT, max_operations=2) as client:
        await ready(client)
        client.send(*(subscribe(str(n), **ENDLESS) for n in range(5)))
        received = [await client.received() for _ in range(5)]
        assert {r["id"] for r in received if r["type"] == "next"} == {"0", "1"}
        refused = {r["id"]: r["payload"][0]["extensions"] for r in received if r["type"] == "error"}
        assert {key: (found["code"], found["reason"]) for key, found in refused.items()} == dict.fromkeys(
            ("2", "3", "4"), ("RATE_LIMITED", "OPERATIONS")
        )
        client.send({"id": "0", "type": "complete"}, subscribe("2", "{ hello }"))
        assert (await client.received())["payload"]["data"] == {"hello": "hello world"}
        assert await client.received() == {"id": "2", "type": "complete"}


async def test_silence_at_the_beginning_closes_the_connection() -> None:
    async with connected(init_timeout_s=0.01) as client:
        assert await client.closed_with() == 4408


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",)])
async def test_the_legacy_protocol_is_refused(protocols: tuple[str, ...]) -> None:
    async with connected(INIT, protocols=protocols) as client:
        assert await client.closed_with() == 4406


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [(None, True), ("http://toy", True), ("http://app.example", True), ("https://toy", False), ("http://evil", False), ("null", False)],
)  # fmt: skip
async def test_only_our_own_and_allowed_origins_may_connect(origin: str | None, welcome: bool) -> None:
    async with connected(INIT, origin=origin, origins=["http://app.example"]) as client:
        assert (await client.event())["type"] == ("websocket.accept" if welcome else "websocket.close")


async def test_the_identity_is_judged_again_for_each_operation() -> None:
    async with connected({**INIT, "payload": {"authorization": "Bearer without LOCATION"}}) as client:
        await ready(client)
        client.send(subscribe("1", "{ photos { gps } }"))
        refused = await client.received()
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")
        assert len(client.contexts) == 2
