"""The HTTP adapter: one call per batch of points, a cache of public data, and typed errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from datasources.errors import Corrupt, DeadlineExceeded, Throttled, Unavailable
from datasources.locations import wire
from datasources.locations.gazetteer import Gazetteer
from datasources.locations.http import HttpLocations, token_in
from datasources.locations.port import Point
from tests.locations.serving import TOKEN, listening, locations_of

FLORENCE, SEA = Point(43.7687, 11.2569), Point(0.0, 0.0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Counted:
    """A middleware that counts requests and may respond itself."""

    def __init__(self, app: Any) -> None:
        self.app, self.calls = app, []  # type: ignore[var-annotated]
        self.instead: Response | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls.append((scope["path"], scope["query_string"]))
        await (self.instead or self.app)(scope, receive, send)


@pytest.fixture
async def behind() -> AsyncIterator[tuple[HttpLocations, Counted, Clock]]:
    counted, clock = Counted(locations_of(Gazetteer.open())), Clock()
    async with listening(counted) as url:  # type: ignore[arg-type]
        locations = HttpLocations(url, lambda: TOKEN, now_s=clock, deadline_s=5.0)
        yield locations, counted, clock
        await locations.close()


async def test_a_requests_points_are_one_call_and_never_in_an_address(behind: Any) -> None:
    locations, counted, _ = behind
    await locations.resolve([FLORENCE, SEA] * 100)
    await locations.resolve([FLORENCE, SEA] * 2_000)
    assert counted.calls == [(wire.RESOLVE, b"")] * 2


async def test_names_are_kept_an_hour_and_longer_while_the_service_is_down(behind: Any) -> None:
    locations, counted, clock = behind
    first = await locations.names(["IT", "FR"], ["de"])
    assert await locations.names(["FR", "IT"], ["de"]) == first
    assert len(counted.calls) == 1
    clock.now = 3_601.0
    counted.instead = Response(status_code=500)
    assert await locations.names(["IT"], ["de"]) == {"IT": first["IT"]}
    with pytest.raises(Unavailable):
        await locations.names(["ES"], ["de"])
    with pytest.raises(Unavailable):
        await locations.resolve([FLORENCE])


async def test_other_data_forgets_what_was_kept(behind: Any) -> None:
    locations, counted, _ = behind
    await locations.by_ids(["IT"])
    newer = {"places": [], "version": "x"}
    counted.instead = Response('{"places": [null]}', headers={wire.VERSION: "newer"}, media_type=wire.JSON)
    await locations.resolve([FLORENCE])
    assert locations.data_version == "newer"
    counted.instead = None
    await locations.by_ids(["IT"])
    assert counted.calls[-1][0] == wire.PLACES
    assert newer


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(status_code=429, headers={"retry-after": "3"}), Throttled),
        (Response(status_code=503), Throttled),
        (Response(status_code=401), Unavailable),
        (Response(status_code=302, headers={"location": "http://elsewhere.test"}), Unavailable),
        (Response(b"\xff"), Corrupt),
        (Response(b"{}"), Corrupt),
        (Response(b'{"places": []}'), Corrupt),
    ],
)
async def test_what_goes_wrong_is_reported_by_its_kind(behind: Any, answer: Response, error: type[Exception]) -> None:
    locations, counted, _ = behind
    counted.instead = answer
    with pytest.raises(error):
        await locations.resolve([FLORENCE])


async def test_a_slow_service_is_waited_for_until_the_deadline() -> None:
    held = asyncio.Event()

    async def hold(_: Request) -> Response:
        await held.wait()
        return Response()

    async with listening(Starlette(routes=[Route(wire.RESOLVE, hold, methods=["POST"])])) as url:
        locations = HttpLocations(url, lambda: TOKEN, deadline_s=0.05)
        with pytest.raises(DeadlineExceeded):
            await locations.resolve([FLORENCE])
        held.set()
        await locations.close()


async def test_no_service_at_all_is_unavailable(unused_tcp_port: int) -> None:
    locations = HttpLocations(f"http://127.0.0.1:{unused_tcp_port}", lambda: TOKEN)
    with pytest.raises(Unavailable):
        await locations.resolve([FLORENCE])
    await locations.close()


def test_the_token_is_read_again_when_its_file_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "token"
    read = token_in(file)
    with pytest.raises(Unavailable):
        read()
    file.write_text("one\n")
    assert read() == "one"
    file.unlink()
    (tmp_path / "next").write_text("two\n")
    (tmp_path / "next").rename(file)
    assert read() == "two"
