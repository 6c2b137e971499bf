"""No coordinate is logged, cached or part of a URL, in the gazetteer, its adapters and the service."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NoReturn

import httpx
import pytest

from datasources.errors import SourceError
from datasources.locations.gazetteer import Gazetteer
from datasources.locations.lru_cache import LruCache
from datasources.locations.port import LocationService, Point
from tests.locations.engines import ADAPTERS

FLORENCE = Point(43.768712, 11.256934)
DIGITS = re.compile(r"43[.,]?76|11[.,]?25")
"""Matches exact and rounded coordinates, in degrees or parts of degrees."""


def text_of(records: list[logging.LogRecord]) -> str:
    """All values passed to loggers, whether a formatter shows them or not."""
    return "\n".join(f"{r.name} {r.getMessage()} {r.__dict__.get('fields', '')}" for r in records)


def keys_of(held: object, depth: int = 4) -> Iterator[object]:
    """The keys of all dictionaries and caches inside an object."""
    if depth and isinstance(held, dict):
        yield from held
        for value in held.values():
            yield from keys_of(value, depth - 1)
    elif depth and hasattr(held, "__dict__") and type(held).__module__.startswith("datasources.locations"):
        yield from keys_of(vars(held), depth)


async def requested_everything(locations: LocationService) -> None:
    """Call every method that takes a point."""
    await locations.resolve([FLORENCE])
    await locations.resolve([FLORENCE] * 40)
    await locations.resolve([FLORENCE] * 600)
    await locations.locate([FLORENCE])
    await locations.search("fire", ["it"], near=FLORENCE)


@pytest.mark.parametrize("adapter", ADAPTERS)
async def test_no_coordinate_is_logged_kept_or_cached(
    adapter: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened: Callable[[pytest.MonkeyPatch], AbstractAsyncContextManager[LocationService]] = ADAPTERS[adapter]
    async with opened(monkeypatch) as locations:
        with caplog.at_level(logging.INFO):
            await requested_everything(locations)
        assert not DIGITS.search(text_of(caplog.records))
        assert not DIGITS.search(" ".join(map(repr, keys_of(locations))))


async def test_no_coordinate_stands_in_an_address_or_header(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[httpx.Request] = []
    send = httpx.AsyncClient.send

    async def noted(client: httpx.AsyncClient, request: httpx.Request, **more: Any) -> httpx.Response:
        sent.append(request)
        return await send(client, request, **more)

    monkeypatch.setattr(httpx.AsyncClient, "send", noted)
    async with ADAPTERS["HttpLocations"](monkeypatch) as locations:
        await requested_everything(locations)
    assert len(sent) >= len(["resolve", "resolve", "resolve", "locate", "search"])
    assert not DIGITS.search("".join(f"{r.url} {r.headers}" for r in sent))


async def test_a_service_that_fails_says_no_coordinate(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    async def fails(_self: LocationService, points: Sequence[Point]) -> NoReturn:
        raise OSError(f"nothing at {points}")

    monkeypatch.setattr(Gazetteer, "locate", fails)
    async with ADAPTERS["HttpLocations"](monkeypatch) as locations:
        with caplog.at_level(logging.INFO), pytest.raises(SourceError) as failure:
            await locations.resolve([FLORENCE])
    assert not DIGITS.search(f"{failure.value!r} {failure.value.__cause__!r}")
    assert not DIGITS.search(text_of([r for r in caplog.records if r.name.startswith("photos")]))


def test_memories_of_the_adapters_are_seen_by_these_tests() -> None:
    memory: LruCache[object, int] = LruCache(lambda: 0.0)
    memory._entries[FLORENCE] = 1, 0.0
    assert DIGITS.search(" ".join(map(repr, keys_of(memory))))
