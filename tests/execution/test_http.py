from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import orjson
import pytest
from starlette.requests import HTTPConnection

from execution.document_cache import DocumentCache
from execution.http import GraphQLEndpoint, HttpSettings
from execution.runner import Runner
from tests.wire.toy import CLASSES, ToyContext, app, decide, make_context, toy_schema

NEW = "application/graphql-response+json"
JSON = {"content-type": "application/json"}


async def request(method: str = "POST", settings: HttpSettings | None = None, **request: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app(settings or HttpSettings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://toy") as client:
        return await client.request(method, "/graphql", **request)


async def posted(query: str, variables: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await request(json={"query": query, "variables": variables}, headers={"accept": NEW, **named})


def errors(response: httpx.Response) -> list[tuple[str, str | None]]:
    return [(one["extensions"]["code"], one["extensions"].get("reason")) for one in response.json()["errors"]]


async def test_answers_a_query_with_what_the_context_adds() -> None:
    response = await posted("{ hello }")
    assert response.json() == {
        "data": {"hello": "hello world"},
        "extensions": {"cost": {"requested": 0, "actual": 0}, "calls": 1},
    }
    assert response.headers["content-type"] == f"{NEW}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "server" not in response.headers


@pytest.mark.parametrize(
    "body",
    [b"null", b"1", b'"x"', b"true", b"[]", b"", b"\xff\xfe", b"[" * 100_000, b'{"query":"{hello}"', b'{"query":1}', b'{"query":""}', b'{"query":"{hello}","variables":[]}', b'{"query":"{hello}","variables":{"a":' + b"[" * 100_000 + b"}}", b'{"query":"{hello}","operationName":1}', b'{"query":"{hello}","extensions":1}', b'[{"query":"{hello}"}]', b'{"query":"{hello}","variables":NaN}'],
)  # fmt: skip
async def test_bodies_that_are_no_request_get_400_and_a_clear_sentence(body: bytes) -> None:
    response = await request(content=body, headers=JSON)
    assert response.status_code == 400
    assert errors(response)[0][0] == "BAD_USER_INPUT"
    assert response.json()["errors"][0]["extensions"]["id"]


async def test_an_integer_of_ten_thousand_digits_is_bad_input() -> None:
    body = b'{"query":"query ($i: Int) { photos(first: $i) { id } }","variables":{"i":' + b"9" * 10_000 + b"}}"
    response = await request(content=body, headers={**JSON, "accept": NEW})
    assert response.status_code == 400


async def test_a_body_over_the_cap_is_refused_while_it_is_read() -> None:
    read = 0

    async def endless() -> Any:
        nonlocal read
        while True:
            read += 1
            yield b" " * 1_000

    assert (await request(settings=HttpSettings(max_body_bytes=5_000), content=endless(), headers=JSON)).status_code == 413
    assert read < 10
    announced = {**JSON, "content-length": "9" * 30}
    assert (await request(content=b"{}", headers=announced)).status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", None])  # fmt: skip
async def test_types_that_browsers_send_without_asking_are_refused(kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    assert (await request(content=b'{"query":"{hello}"}', headers=headers)).status_code == 415


async def test_a_mutation_over_get_is_refused_and_not_run() -> None:
    response = await request("GET", params={"query": 'mutation { rename(id: 1, name: "x") { id } }'})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    response = await request("GET", params={"query": "query ($n: String) { hello(name: $n) }", "variables": '{"n": "you"}'})
    assert response.json()["data"] == {"hello": "hello you"}
    response = await request("GET", settings=HttpSettings(get_queries=False), params={"query": "{ hello }"})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert (await request("PUT")).status_code == 405


async def test_refused_operations_have_no_data_and_the_newer_type_tells_by_status() -> None:
    for query in ("{ hello", "{ nope }", "query A { hello } query B { hello }"):
        response = await posted(query)
        assert (response.status_code, "data" in response.json()) == (400, False)
        assert (await posted(query, accept="application/json")).status_code == 200
    assert errors(await posted("query ($i: Int!) { photos(first: $i) { id } }", {"i": "x"})) == [("BAD_USER_INPUT", "VARIABLES")]
    assert (await posted("{ hello }", accept="text/plain")).status_code == 406
    assert (await posted("{ hello }", authorization="Bearer wrong", accept="application/json")).status_code == 401


async def test_long_names_are_not_echoed() -> None:
    for query in ("{ " + "x" * 20_000 + " }", "query " + "x" * 20_000 + " {", '{ hello(name: {a: "' + "y" * 20_000 + '"}) }'):
        response = await posted(query)
        assert response.status_code == 400
        assert len(response.content) < 1_000


async def test_errors_of_resolvers_show_only_what_is_meant_to_be_shown(caplog: pytest.LogCaptureFixture) -> None:
    response = await posted("{ broken conflict int }")
    assert response.json()["data"] == {"broken": None, "conflict": None, "int": None}
    assert errors(response) == [("INTERNAL", None), ("CONFLICT", "VERSION"), ("INTERNAL", None)]
    assert response.json()["errors"][1]["extensions"]["version"] == 3
    assert "swordfish" not in response.text + caplog.text
    assert "secret" not in response.text + caplog.text
    reported = {one["extensions"]["id"] for one in response.json()["errors"]}
    assert {record.__dict__["error_id"] for record in caplog.records} <= reported
    assert [record.__dict__["error"] for record in caplog.records] == ["ValueError", "GraphQLError"]


WITHOUT = "Bearer without LOCATION"


async def test_a_denied_operation_is_refused_with_its_coordinates_before_anything_runs() -> None:
    response = await posted("{ hello photos { gps } }", authorization=WITHOUT)
    assert (response.status_code, errors(response)) == (403, [("FORBIDDEN", None)])
    assert response.json()["errors"][0]["extensions"]["coordinates"] == ["Photo.gps"]
    assert "extensions" not in response.json()


async def test_in_null_mode_denied_positions_are_null_and_reported_once_each() -> None:
    query = "{ photos { name gps friends { gps } } photo { place: gps } }"
    response = await posted(query, authorization=WITHOUT, x_denied="null")
    assert response.json()["data"]["photos"][1] == {"name": "photo 1", "gps": None, "friends": [{"gps": None}] * 2}
    reported = [[step for step in one["path"] if isinstance(step, str)] for one in response.json()["errors"]]
    assert reported == [["photos", "gps"], ["photos", "friends", "gps"], ["photo", "place"]]
    response = await posted("{ photos { secret } hello }", authorization="Bearer without SECRET", x_denied="null")
    assert response.json()["data"] == {"photos": None, "hello": "hello world"}
    assert (await posted("{ hello }", x_denied="maybe")).status_code == 400


async def test_a_denied_use_is_always_refused_also_inside_a_variable() -> None:
    query = "query ($f: Filter) { photos(filter: $f) { gps } }"
    variables = {"f": {"all": [{"near": {"west": 1, "east": 2}}]}}
    response = await posted(query, variables, authorization=WITHOUT, x_denied="null")
    assert response.json()["errors"][0]["extensions"]["coordinates"] == ["Filter.near"]
    assert "data" not in response.json()


async def test_an_event_stream_only_when_it_is_named_first() -> None:
    urql = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
    assert (await posted("{ hello }", accept=urql)).headers["content-type"].startswith(NEW)
    response = await posted("subscription { count(to: 2) }", accept="text/event-stream")
    assert response.text == (
        'event: next\ndata: {"data":{"count":1},"extensions":{"cost":{"requested":0,"actual":0}}}\n\n'
        'event: next\ndata: {"data":{"count":2},"extensions":{"cost":{"requested":0,"actual":0}}}\n\n'
        "event: complete\ndata:\n\n"
    )
    response = await posted("{ hello }", accept="text/event-stream, application/json")
    assert response.text.count("event: next") == response.text.count("event: complete") == 1
    response = await posted("{ nope }", accept="text/event-stream")
    assert (response.status_code, "GRAPHQL_VALIDATION_FAILED" in response.text) == (200, True)
    assert (await posted("{ hello }", accept="text/event-stream", authorization="Bearer wrong")).status_code == 401
    assert (await posted("subscription { count(to: 2) }")).status_code == 400
    response = await posted("subscription { broken }", accept="text/event-stream")
    assert "INTERNAL" in response.text
    assert "swordfish" not in response.text


def lasting(deadline_s: float) -> tuple[GraphQLEndpoint[str], asyncio.Queue[ToyContext]]:
    """An endpoint whose contexts can be looked at."""
    made: asyncio.Queue[ToyContext] = asyncio.Queue()

    async def remembered(connection: HTTPConnection, payload: Mapping[str, Any] | None) -> ToyContext:
        context = await make_context(connection, payload)
        made.put_nowait(context)
        return context

    schema = toy_schema()
    runner = Runner(schema, decide=decide)
    documents = DocumentCache(schema, classify=CLASSES.get)
    return GraphQLEndpoint(documents, runner, remembered, settings=HttpSettings(deadline_s=deadline_s)), made


@pytest.mark.parametrize(("query", "accept", "end"), [("{ late }", NEW, "cancelled"), ("{ late }", "text/event-stream", "cancelled"), ("subscription { endless }", "text/event-stream", "closed")])  # fmt: skip
async def test_a_client_that_goes_away_cancels_its_execution(query: str, accept: str, end: str) -> None:
    endpoint, made = lasting(60)
    left = asyncio.Event()
    messages = [{"type": "http.request", "body": orjson.dumps({"query": query})}]
    sent: list[Any] = []

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"accept", accept.encode())]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"", "headers": headers}
    running = asyncio.create_task(endpoint(scope, receive, send))
    context = await made.get()
    await context.began.wait()
    left.set()
    await running
    assert context.log == ["began", end, "context closed"]
    assert len(asyncio.all_tasks()) == 1


async def test_a_deadline_cancels_the_execution() -> None:
    endpoint, made = lasting(0.01)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(endpoint), base_url="http://toy") as client:
        response = await client.post("/", json={"query": "{ late }"}, headers={"accept": NEW})
    assert (response.status_code, errors(response)) == (504, [("DEADLINE_EXCEEDED", None)])
    assert made.get_nowait().log == ["began", "cancelled", "context closed"]


async def test_the_page_is_for_browsers_only() -> None:
    async def page(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"page"})

    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    for accept, expected in ((browser, True), ("application/json, text/html;q=0.5", False), ("*/*", False)):
        response = await request(
            "GET", settings=HttpSettings(page=page), params={"query": "{ hello }"}, headers={"accept": accept}
        )
        assert (response.text == "page") is expected
