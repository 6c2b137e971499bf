"""Requests that mean harm by their shape, and not by their document: each is refused with its status and reason."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from execution.http import HttpSettings
from tests.execution.test_http import JSON, request
from tests.execution.test_websocket import INIT, connected

HELLO = json.dumps({"query": "{ hello }"}).encode()
DEEP = b'{"query": "{ hello }", "variables": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}"
DEEPER = b'{"query": "{ hello }", "variables": ' + b'{"a":' * 40_000
FORM = {"content-type": "multipart/form-data; boundary=x"}
PART = b'--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n{"query": "{ hello }"}\r\n--x--\r\n'

REQUESTS: list[tuple[str, bytes, dict[str, str], int, str]] = [
    ("a batch", b"[" + HELLO + b"," + HELLO + b"]", JSON, 400, "BATCH"),
    ("a batch of a thousand", b"[" + b",".join([HELLO] * 1_000) + b"]", JSON, 400, "BATCH"),
    ("a batch of nothing", b"[]", JSON, 400, "BATCH"),
    ("a number", b"7", JSON, 400, "BODY"),
    ("null", b"null", JSON, 400, "BODY"),
    ("nothing", b"", JSON, 400, "JSON"),
    ("no JSON", b"{ hello }", JSON, 400, "JSON"),
    ("JSON nested beyond reading", DEEPER, JSON, 400, "JSON"),
    ("JSON nested beyond bounds", DEEP, JSON, 200, "VALUE_DEPTH"),
    ("not a number", b'{"query": "{ hello }", "variables": {"a": NaN}}', JSON, 400, "JSON"),
    ("bytes that are no UTF-8", b'{"query": "{ hello \xff }"}', JSON, 400, "JSON"),
    ("another encoding", '{"query": "{ hello }"}'.encode("utf-16"), JSON, 400, "JSON"),
    ("another charset", HELLO, {"content-type": "application/json; charset=latin-1"}, 415, "CONTENT_TYPE"),
    ("a form", b"query={hello}", {"content-type": "application/x-www-form-urlencoded"}, 415, "CONTENT_TYPE"),
    ("plain text", HELLO, {"content-type": "text/plain"}, 415, "CONTENT_TYPE"),
    ("no type", HELLO, {}, 415, "CONTENT_TYPE"),
    ("a document alone", b"{ hello }", {"content-type": "application/graphql"}, 415, "CONTENT_TYPE"),
    ("parts", PART, FORM, 415, "CONTENT_TYPE"),
    ("a compressed body", gzip.compress(HELLO), {**JSON, "content-encoding": "gzip"}, 415, "CONTENT_ENCODING"),
    ("a body that is too large", b'{"query": "' + b" " * 300_000 + b'"}', JSON, 413, "TOO_LARGE"),
    ("a body that says it is too large", HELLO, {**JSON, "content-length": "9" * 30}, 413, "TOO_LARGE"),
    ("a query that is no text", b'{"query": {"a": 1}}', JSON, 400, "QUERY"),
    ("no query", b'{"variables": {}}', JSON, 400, "QUERY"),
    ("variables that are a list", b'{"query": "{ hello }", "variables": []}', JSON, 400, "VARIABLES"),
    ("extensions that are a text", b'{"query": "{ hello }", "extensions": "x"}', JSON, 400, "EXTENSIONS"),
    ("a name that is a number", b'{"query": "{ hello }", "operationName": 7}', JSON, 400, "OPERATION_NAME"),
    ("an id that is an object", b'{"documentId": {"$ne": null}}', JSON, 400, "DOCUMENT_ID"),
    ("an id that goes elsewhere", b'{"documentId": "../../etc/passwd\\u0000"}', JSON, 400, "DOCUMENT_ID"),
    ("another version of persistence", b'{"extensions": {"persistedQuery": {"version": 9}}}', JSON, 200, ""),
    ("an unknown denial", HELLO, {**JSON, "x-denied": "ignore"}, 400, "X_DENIED"),
]


@pytest.mark.parametrize(("name", "body", "headers", "status", "reason"), REQUESTS, ids=[case[0] for case in REQUESTS])
async def test_a_hostile_request_is_refused(name: str, body: bytes, headers: dict[str, str], status: int, reason: str) -> None:
    response = await request(content=body, headers=headers)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"].get("reason", "")) == (status, reason), name
    assert "data" not in response.json()
    assert len(response.content) < 1_000


@pytest.mark.parametrize(
    ("method", "parameters", "status"),
    [
        ("GET", {"query": 'mutation { rename(id: 1, name: "x") { id } }'}, 405),
        ("GET", {"query": "subscription { count(to: 2) }"}, 400),
        ("GET", {}, 400),
        ("GET", {"query": "{ hello }", "variables": "[" * 5_000}, 400),
        ("PUT", {"query": "{ hello }"}, 405),
        ("DELETE", {}, 405),
        ("TRACE", {}, 405),
    ],
)
async def test_other_methods_change_nothing(method: str, parameters: dict[str, str], status: int) -> None:
    response = await request(method, params=parameters, headers={"accept": "application/json"})
    assert response.status_code == status
    assert "data" not in response.json()


async def test_a_body_that_never_ends_is_given_up() -> None:
    async def dripping() -> AsyncIterator[bytes]:
        yield b'{"query": '
        await asyncio.Event().wait()

    response = await request(settings=HttpSettings(deadline_s=0.05), content=dripping(), headers=JSON)
    assert response.json()["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"


async def test_an_answer_that_is_too_large_is_not_sent() -> None:
    small = HttpSettings(max_response_bytes=500)
    response = await request(settings=small, json={"query": "{ photos(first: 100) { id name } }"})
    (error,) = response.json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["reason"]) == ("TOO_COMPLEX", "ANSWER_SIZE")
    assert len(response.content) < 500


SOCKETS: list[tuple[str, list[Any], int]] = [
    ("no JSON", ["{"], 4400),
    ("a list", [[INIT]], 4400),
    ("a type that is a number", [{"type": 7}], 4400),
    ("an unknown type", [{"type": "connection_terminate"}], 4400),
    ("a subscription before the beginning", [{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }"}}], 4401),
    ("two beginnings", [INIT, INIT], 4429),
    ("a payload that is a text", [{"type": "connection_init", "payload": "x"}], 4400),
    ("a bad token", [{"type": "connection_init", "payload": {"authorization": "Bearer wrong"}}], 4403),
    ("an id that is an object", [INIT, {"type": "subscribe", "id": {}, "payload": {"query": "{ hello }"}}], 4400),
    ("an id without end", [INIT, {"type": "subscribe", "id": "x" * 201, "payload": {"query": "{ hello }"}}], 4400),
    ("no payload", [INIT, {"type": "subscribe", "id": "1"}], 4400),
    ("a message without end", [INIT, '{"type": "ping", "payload": "' + "x" * 300_000 + '"}'], 4400),
    ("deep JSON", [INIT, '{"type": ' + "[" * 100_000], 4400),
]  # fmt: skip


@pytest.mark.parametrize(("name", "messages", "code"), SOCKETS, ids=[case[0] for case in SOCKETS])
async def test_a_hostile_connection_is_closed(name: str, messages: list[Any], code: int) -> None:
    async with connected(*messages) as client:
        assert await client.closed_with() == code, name


async def test_a_flood_of_operations_is_refused_one_by_one_and_the_connection_lives() -> None:
    async with connected(
        INIT, *({"type": "subscribe", "id": str(n), "payload": {"query": "{ late }"}} for n in range(1_000))
    ) as client:
        await client.event()
        assert await client.received() == {"type": "connection_ack"}
        refused = [await client.received() for _ in range(950)]
        assert {(r["type"], r["payload"][0]["extensions"]["reason"]) for r in refused} == {("error", "OPERATIONS")}
        assert {r["id"] for r in refused} == {str(n) for n in range(50, 1_000)}
        client.send({"type": "ping"})
        assert await client.received() == {"type": "pong"}


async def test_a_hostile_document_over_a_socket_is_an_error_and_the_connection_lives() -> None:
    async with connected(INIT, {"type": "subscribe", "id": "1", "payload": {"query": "{ " + "hello " * 400 + "}"}}) as client:
        await client.event()
        assert await client.received() == {"type": "connection_ack"}
        refused = await client.received()
        assert (refused["type"], refused["payload"][0]["extensions"]["reason"]) == ("error", "REPEATED_FIELDS")
        client.send({"type": "ping"})
        assert await client.received() == {"type": "pong"}


async def test_subscriptions_end_when_the_token_expires() -> None:
    subscription = {"type": "subscribe", "id": "1", "payload": {"query": "subscription { endless }"}}
    async with connected(INIT, subscription, remaining_s=0.05) as client:
        assert await client.closed_with() == 4403
    assert "context closed" in client.contexts[-1].log  # its subscription was cancelled


async def test_an_expired_token_starts_no_operation() -> None:
    async with connected(INIT, remaining_s=-10.0) as client:
        assert await client.closed_with() == 4403
