from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from access.viewer import ViewerKind
from commands.progress import PlainProgress
from datasources.tables.grants import GrantRecord, link_grantee
from demo.library import demo_library
from demo.load import Demo, load_demo, loaded
from identity.issuer import LocalIssuer
from indexing.open_stores import open_exclusive
from server import create_app
from serving.logs import JsonLines
from settings import Profile, Settings, UnusableSettings

NOW = 1_800_000_000.0
ME = "{ viewer { kind } }"
SECRET = "the-secret-of-a-link-0123456789"


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    data = tmp_path / "data"
    async with open_exclusive(data, "a test") as sources:
        await load_demo(sources, data, PlainProgress(io.StringIO()), demo_library(photos=120))
        guest = demo_of(data).guest
        for album, ends in (("open", None), ("ended", 1)):
            grant = GrantRecord(
                owner=guest.owner, album=album, grantee=link_grantee(SECRET + album), version=0,
                created_at_ms=0, location=0, time=0, expires_at_ms=ends,
            )  # fmt: skip
            await sources.grants.save(grant, secret=SECRET + album)
    return Settings(data=data, allowed_origins=("https://photos.example",))


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, lambda: NOW)
    async with app.router.lifespan_context(app), client_of(app) as opened:
        yield opened


def demo_of(data: Path) -> Demo:
    demo = loaded(data)
    assert demo is not None
    return demo


def client_of(app: Starlette, address: str = "127.0.0.1", name: str = "127.0.0.1:8000") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 5)), base_url=f"http://{name}")


async def requested(client: httpx.AsyncClient, token: str | None, query: str = ME) -> httpx.Response:
    headers = {"accept": "application/graphql-response+json"} | ({} if token is None else {"authorization": f"Bearer {token}"})
    return await client.post("/graphql", json={"query": query}, headers=headers)


async def test_the_demos_identities_are_two_customers_a_guest_and_a_service_and_their_tokens_work(
    client: httpx.AsyncClient,
) -> None:
    known = (await client.get("/demo/identities")).json()
    assert [k["name"] for k in known] == ["Ana Moretti", "Kenji Sato", "Guest", "Service"]
    kinds = [(await requested(client, k["token"])).json()["data"]["viewer"]["kind"] for k in known]
    assert kinds == ["CUSTOMER", "CUSTOMER", "GUEST", "SERVICE"]
    assert known[0]["expiresAt"] == "2027-01-15T09:00:00Z"


@pytest.mark.parametrize(
    ("address", "name"), [("10.0.0.7", "127.0.0.1:8000"), ("127.0.0.1", "evil.example"), ("127.0.0.1", "10.0.0.1")]
)
async def test_identities_are_only_for_loopback(client: httpx.AsyncClient, address: str, name: str) -> None:
    app = client._transport.app  # type: ignore[attr-defined]
    async with client_of(app, address, name) as stranger:
        assert (await stranger.get("/demo/identities")).status_code == 404


async def test_requests_need_a_valid_token(client: httpx.AsyncClient) -> None:
    for token in (None, "x", "a.b.c"):
        answer = await requested(client, token)
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_first_token_creates_the_customer(client: httpx.AsyncClient, settings: Settings) -> None:
    issuer = LocalIssuer.development(settings.data, settings.audience, lambda: NOW)
    answer = await requested(client, issuer.customer("newcomer"), "{ photos(first: 1) { nodes { id } } }")
    assert answer.json()["data"] == {"photos": {"nodes": []}}


async def test_the_secret_of_a_link_is_exchanged_for_a_guest_token(client: httpx.AsyncClient) -> None:
    answer = await client.post("/guest", json={"secret": SECRET + "open"})
    assert answer.status_code == 200
    viewer = (await requested(client, answer.json()["token"])).json()["data"]["viewer"]
    assert viewer["kind"] == ViewerKind.GUEST.value


async def test_unknown_and_expired_links_have_the_same_response(client: httpx.AsyncClient) -> None:
    unknown = await client.post("/guest", json={"secret": "nothing"})
    ended = await client.post("/guest", json={"secret": SECRET + "ended"})
    assert (unknown.status_code, unknown.content) == (ended.status_code, ended.content) == (404, b'{"error":"NOT_FOUND"}')


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b'{"secret": 1}', b'{"secret": ""}', b'{"secret": "' + b"x" * 3_000 + b'"}']
)
async def test_an_invalid_guest_request_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/guest", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    plain = await client.post("/guest", content=b'{"secret": "x"}', headers={"content-type": "text/plain"})
    assert plain.status_code == 400


async def test_responses_have_a_request_id_and_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/livez", "/readyz", "/guest", "/demo/identities", "/nowhere"):
        headers = (await client.get(path, headers={"x-request-id": "abcdef-123456"})).headers
        assert headers["x-request-id"] == "abcdef-123456"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "server" not in headers
    assert len((await client.get("/livez", headers={"x-request-id": "bad id\t"})).headers["x-request-id"]) == 32


async def test_only_allowed_origins_may_read_responses(client: httpx.AsyncClient) -> None:
    ask = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    allowed = await client.options("/graphql", headers={"origin": "https://photos.example", **ask})
    assert allowed.headers["access-control-allow-origin"] == "https://photos.example"
    assert "access-control-allow-credentials" not in allowed.headers
    refused = await client.options("/graphql", headers={"origin": "https://evil.example", **ask})
    assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (400, False)


async def test_ready_only_while_serving(settings: Settings) -> None:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        running = app.state.running
        async with client_of(app) as client:
            assert (await client.get("/readyz")).status_code == 200
            running.state = "stopping"
            assert (await client.get("/readyz")).json() == {"ready": False, "reason": "stopping"}
            running.state = None
            running.change_feed_consumer.cancel()
            await running.consumer_ended()
            assert (await client.get("/readyz")).json() == {"ready": False, "reason": "following"}
            assert (await client.get("/livez")).status_code == 200


async def test_logs_contain_no_values_of_callers(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    known = (await client.get("/demo/identities")).json()
    secret = "canary-7f3a"
    await requested(client, known[0]["token"], f'{{ searchPhotos(query: "{secret}") {{ nodes {{ id }} }} }}')
    await client.get(f"/{secret}?{secret}={secret}", headers={"x-request-id": "with spaces " + secret})
    written = "\n".join(JsonLines().format(r) for r in caplog.records if r.name.startswith("photos"))
    lines: list[dict[str, Any]] = [json.loads(line) for line in written.splitlines()]
    assert {"method": "POST", "route": "/graphql", "status": 200, "viewer": "CUSTOMER", "operation": "query"}.items() <= lines[
        -2
    ].items()
    assert lines[-1]["route"] == "other"
    assert secret not in written
    assert known[0]["token"] not in written


def test_exceptions_are_logged_without_their_text() -> None:
    try:
        int("canary-7f3a")
    except ValueError:
        record = logging.getLogger("photos").makeRecord(
            "photos", 40, "f", 1, "failed", (), sys.exc_info(), extra={"caption": "canary"}
        )
    line = msgspec.json.decode(JsonLines().format(record))
    assert (line["exception"], "canary" in json.dumps(line)) == ("ValueError", False)


def test_production_refuses_the_embedded_engines(tmp_path: Path) -> None:
    with pytest.raises(UnusableSettings, match="embedded engines"):
        create_app(Settings(profile=Profile.PRODUCTION, data=tmp_path))
