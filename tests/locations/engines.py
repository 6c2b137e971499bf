"""The adapters of the LocationService contract suite; add new ones to `ADAPTERS`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from pathlib import Path

import pytest

from datasources.locations.amazon import AmazonLocations
from datasources.locations.gazetteer import Gazetteer
from datasources.locations.hot_reload import ReloadingGazetteer
from datasources.locations.http import HttpLocations
from datasources.locations.port import LocationService
from datasources.vendors import AmazonPlaces
from tests.locations.amazon_stand_in import stand_in
from tests.locations.serving import TOKEN, listening, locations_of

Opened = AbstractAsyncContextManager[LocationService]


@cache
def gazetteer() -> Gazetteer:
    """Opened once, because it has no state of a test."""
    return Gazetteer.open()


@cache
def _current() -> ReloadingGazetteer:
    return ReloadingGazetteer(Path("no such folder"))


@asynccontextmanager
async def in_process(_: pytest.MonkeyPatch) -> AsyncIterator[LocationService]:
    yield gazetteer()


@asynccontextmanager
async def of_a_folder(_: pytest.MonkeyPatch) -> AsyncIterator[LocationService]:
    yield _current()


@asynccontextmanager
async def over_http(_: pytest.MonkeyPatch) -> AsyncIterator[LocationService]:
    async with listening(locations_of(gazetteer())) as url:
        adapter = HttpLocations(url, lambda: TOKEN, deadline_s=30.0)
        await adapter.reload()
        try:
            yield adapter
        finally:
            await adapter.close()


@asynccontextmanager
async def by_amazon(patch: pytest.MonkeyPatch) -> AsyncIterator[LocationService]:
    async with stand_in(patch.setenv) as vendor:
        adapter = AmazonLocations(gazetteer(), AmazonPlaces("eu-west-1", vendor.url, deadline_s=30.0))
        try:
            yield adapter
        finally:
            await adapter.close()


ADAPTERS: dict[str, Callable[[pytest.MonkeyPatch], Opened]] = {
    "Gazetteer": in_process,
    "CurrentGazetteer": of_a_folder,
    "HttpLocations": over_http,
    "AmazonLocations": by_amazon,
}
