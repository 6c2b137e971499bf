"""The HTTP API of the location service: tokens, formats, limits, caching and privacy."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pyarrow as pa
import pytest

from datasources.errors import Unavailable
from datasources.locations import wire
from datasources.locations.artefact import DEFAULT_PATH, PackedFile
from datasources.locations.gazetteer import Gazetteer
from datasources.locations.port import Point
from tests.locations.serving import TOKEN, locations_of

FLORENCE, SEA = [43.7687, 11.2569], [0.0, 0.0]
HEADERS = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.open()


@pytest.fixture
async def client(gazetteer: Gazetteer) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(locations_of(gazetteer))
    async with httpx.AsyncClient(transport=transport, base_url="http://locations.test", headers=HEADERS) as opened:
        yield opened


async def test_resolves_in_order_and_says_how_exactly(client: httpx.AsyncClient, gazetteer: Gazetteer) -> None:
    answer = await client.post(wire.RESOLVE, json={"points": [FLORENCE, SEA, FLORENCE]})
    first, sea, again = answer.json()["places"]
    assert answer.headers[wire.VERSION] == gazetteer.data_version
    assert (sea, again) == (None, first)
    assert set(first) == {"id", "precision", "distanceKm"}
    place = (await client.post(wire.PLACES, json={"ids": [first["id"], "no such"]})).json()["places"]
    assert [(p["countryCode"], p["ancestors"][:2]) for p in place] == [("IT", ["IT", "IT.16"])]


async def test_resolves_batches_as_arrow(client: httpx.AsyncClient) -> None:
    body = wire.points_to_arrow([Point(*FLORENCE), Point(*SEA)] * 3_000)
    answer = await client.post(wire.RESOLVE, content=body, headers={"content-type": wire.ARROW})
    assert answer.headers["content-type"] == wire.ARROW
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.num_rows == 6_000
    assert table.column("id").null_count == 3_000
    assert [f.name for f in table.schema] == ["id", "precision", "distance_km"]


async def test_names_addresses_and_search(client: httpx.AsyncClient) -> None:
    named = (await client.post(wire.NAMES, json={"ids": ["IT"], "languages": ["ja", "en"]})).json()["names"]
    assert named == {"IT": {"text": "イタリア", "language": "ja"}}
    address = (await client.post(wire.NAMES, json={"ids": ["IT.16"], "languages": ["en"], "address": True})).json()["names"]
    assert address["IT.16"]["text"].endswith("Italy")
    found = (await client.post(wire.SEARCH, json={"query": "Firenze", "languages": ["it"], "limit": 3})).json()["matches"]
    assert found[0]["matchedName"].casefold() == "firenze"


async def test_a_place_by_address_is_cached_by_its_etag(client: httpx.AsyncClient) -> None:
    first = await client.get(f"{wire.PLACES}/IT", params={"languages": "de,en"})
    assert first.json()["name"] == {"text": "Italien", "language": "de"}
    again = await client.get(f"{wire.PLACES}/IT", params={"languages": "de,en"}, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await client.get(f"{wire.PLACES}/IT", params={"languages": "en"}, headers={"if-none-match": first.headers["etag"]})
    assert other.status_code == 200
    assert (await client.get(f"{wire.PLACES}/XX")).json() == {"error": "NOT_FOUND", "reason": "PLACE"}


async def test_says_what_the_data_is_made_of(client: httpx.AsyncClient) -> None:
    about = (await client.get(wire.ABOUT)).json()
    assert "GeoNames" in about["attribution"]
    assert all({"part", "source", "version", "licence"} <= set(part) for part in about["sources"])


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        (None, 401, "UNAUTHENTICATED"),
        ("x", 401, "UNAUTHENTICATED"),
        ("no-scope", 403, "FORBIDDEN"),
        ("a-customer", 403, "FORBIDDEN"),
    ],
)
async def test_only_services_with_the_scope_come_in(client: httpx.AsyncClient, token: str | None, status: int, code: str) -> None:
    del client.headers["authorization"]
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    for path in (wire.RESOLVE, wire.PLACES, wire.NAMES, wire.SEARCH):
        answer = await client.post(path, json={"points": [FLORENCE]}, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert (await client.get(wire.ABOUT, headers=headers)).status_code == status


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{", b'{"points": 1}', b'{"points": [[1]]}', b'{"points": [["a", 2]]}', b'{"points": [[1, 2, 3]]}',
     b'{"points": [], "more": 1}', b"\xff\xfe", b"[" * 100_000, b'{"points": [[NaN, 1]]}'],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused_without_being_repeated(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(wire.RESOLVE, content=body, headers={"content-type": wire.JSON})
    assert (answer.status_code, answer.json()["error"]) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize("body", [b"", b"ARROW1", b"\xff" * 100])
async def test_a_stream_that_is_no_arrow_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(wire.RESOLVE, content=body, headers={"content-type": wire.ARROW})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "columns", [{"latitude": [1.0]}, {"latitude": [None], "longitude": [1.0]}, {"latitude": ["x"], "longitude": [1.0]}]
)
async def test_an_arrow_table_of_something_else_is_refused(client: httpx.AsyncClient, columns: dict[str, Any]) -> None:
    table, sink = pa.table(columns), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    answer = await client.post(wire.RESOLVE, content=sink.getvalue().to_pybytes(), headers={"content-type": wire.ARROW})
    assert answer.status_code == 400


async def test_limits_are_enforced(client: httpx.AsyncClient) -> None:
    points = await client.post(wire.RESOLVE, json={"points": [SEA] * (wire.MAX_POINTS + 1)})
    ids = await client.post(wire.PLACES, json={"ids": ["IT"] * (wire.MAX_IDS + 1)})
    query = await client.post(wire.SEARCH, json={"query": "x" * 201})
    large = await client.post(wire.PLACES, content=b" " * 1_048_577, headers={"content-type": wire.JSON})
    kind = await client.post(wire.RESOLVE, content=b"points=1", headers={"content-type": "text/plain"})
    assert [(a.status_code, a.json()["reason"][:10]) for a in (points, ids, query, large, kind)] == [
        (400, "LIST_SIZE"), (400, "LIST_SIZE"), (400, "QUERY_SIZE"), (413, "BODY_SIZE"), (415, "MEDIA_TYPE"),
    ]  # fmt: skip


async def test_impossible_points_are_no_place(client: httpx.AsyncClient) -> None:
    answer = await client.post(wire.RESOLVE, json={"points": [[91, 0], [0, 181], [1e308, 0]]})
    assert answer.json()["places"] == [None, None, None]


async def test_no_coordinate_or_query_is_logged_or_measured(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await client.post(wire.RESOLVE, json={"points": [[43.76871234, 11.25691234]]})
    await client.post(wire.SEARCH, json={"query": "Unsayable Town", "near": [43.76871234, 11.25691234]})
    metrics = (await client.get("/metrics")).text
    reported = metrics + caplog.text + "".join(str(vars(record)) for record in caplog.records if record.name.startswith("photos"))
    assert 'locations_requests_total{route="/v1/resolve",status="200"} 1.0' in metrics
    assert "locations_points_total 1.0" in metrics
    assert not [canary for canary in ("43.76", "11.25", "Unsayable") if canary in reported]


async def test_health(client: httpx.AsyncClient) -> None:
    assert (await client.get("/livez")).status_code == 200
    assert (await client.get("/readyz")).json() == {"ready": True}


class Failing(Gazetteer):
    """A source with failures that the real one cannot produce."""

    failing = False
    held: asyncio.Event | None = None

    async def locate(self, points: Any) -> Any:
        if self.held is not None:
            await self.held.wait()
        if self.failing:
            raise Unavailable("locations", "a test")
        return await super().locate(points)


async def test_a_failure_and_a_crowd_are_reported_as_such() -> None:
    failing = Failing(PackedFile(DEFAULT_PATH))
    transport = httpx.ASGITransport(locations_of(failing))
    async with httpx.AsyncClient(transport=transport, base_url="http://locations.test", headers=HEADERS) as client:
        failing.failing = True
        failed = await client.post(wire.RESOLVE, json={"points": [SEA]})
        assert (failed.status_code, failed.json()["error"]) == (503, "UNAVAILABLE")
        failing.failing, failing.held = False, asyncio.Event()
        crowd = [asyncio.create_task(client.post(wire.RESOLVE, json={"points": [SEA]})) for _ in range(70)]
        refused, _ = await asyncio.wait(crowd, return_when=asyncio.FIRST_COMPLETED)
        assert {(t.result().status_code, t.result().headers["retry-after"]) for t in refused} == {(503, "1")}
        failing.held.set()
        assert sorted({t.status_code for t in await asyncio.gather(*crowd)}) == [200, 503]
