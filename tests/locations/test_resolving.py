"""Photos are resolved again after a data update, and places are reloaded while the server runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from access.viewer import Viewer
from datasources.data_folder import prepare
from datasources.errors import Corrupt
from datasources.locations.artefact import PackedFile
from datasources.locations.http import HttpLocations
from datasources.locations.port import Point
from datasources.tables.photos import Coordinates, Draft
from ingest.places.dump.swapping import swap_in
from ingest.resolving import PlaceResolution, ResolveCounts
from tests.locations import dump
from tests.locations.dump import place
from tests.locations.engines import gazetteer
from tests.locations.serving import TOKEN, listening, locations_of
from tests.requests.harness import Gateway, opened

FLORENCE = place(3176959, "Florence", 43.77925, 11.24626, population=349296)
FIESOLE = place(3177087, "Fiesole", 43.80654, 11.29274, population=80_000, admin=("16", "LU"), day="2026-11-24")
AT_FIESOLE = Coordinates(43.8065, 11.2930)
UPDATE = """mutation($i: UpdatePhotosInput!) {
  updatePhotos(input: $i) { photos { place { code } placePinned } userErrors { code } } }"""
BY_PLACE = (
    "query($p: [ID!]) { photos(filter: {places: {any: $p}}) { total { count } facet(by: CITY) { buckets { name count } } } }"
)


@pytest.fixture
async def gateway(base: PackedFile, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway whose gazetteer contains only Florence."""
    swap_in(dump.write(tmp_path / "dump", [FLORENCE]), base, prepare(tmp_path / "gateway"), dump.Unwatched())
    async with opened(tmp_path, around_store=lambda store: store) as made:
        yield made


@pytest.fixture
async def ana(gateway: Gateway) -> Viewer:
    return await gateway.customer("ana")


async def newer(gateway: Gateway, base: PackedFile, tmp_path: Path) -> None:
    swap_in(dump.write(tmp_path / "dump", [FLORENCE, FIESOLE]), base, tmp_path / "gateway", dump.Unwatched())
    assert await gateway.sources.locations.reload()
    assert not await gateway.sources.locations.reload()


async def photographed(gateway: Gateway, name: str, **fields: Any) -> str:
    (at,) = await gateway.sources.locations.resolve([Point(AT_FIESOLE.latitude, AT_FIESOLE.longitude)])
    data = gateway.sources.locations.data_version
    return await gateway.photo("ana", name, at=AT_FIESOLE, place=at, place_data=data, time_zone="Europe/Rome", **fields)


async def test_newer_places_are_taken_up_and_a_library_follows(
    gateway: Gateway, ana: Viewer, base: PackedFile, tmp_path: Path
) -> None:
    free, pinned = await photographed(gateway, "free"), await photographed(gateway, "pinned", place_pinned=True)
    plain = await gateway.photo("ana", "no coordinates")
    assert (await gateway.record(free)).place == "gn:3176959"
    await newer(gateway, base, tmp_path)

    done, complete = await PlaceResolution(gateway.sources).run()

    assert complete
    assert done == ResolveCounts(photos=2, moved=1, pinned=1)
    assert (await gateway.record(free)).place == "gn:3177087"
    assert (await gateway.record(free)).place_data == gateway.sources.locations.data_version
    assert (await gateway.record(pinned)).place == "gn:3176959"
    assert (await gateway.record(plain)).version == 1
    again, _ = await PlaceResolution(gateway.sources).run()
    assert again == ResolveCounts(photos=2, pinned=1, current=1)


async def test_what_a_service_elsewhere_found_is_requested_for_once(gateway: Gateway, ana: Viewer) -> None:
    await photographed(gateway, "free")
    resolved = []
    async with listening(locations_of(gazetteer())) as url:
        for _ in range(2):  # each as a command of its own does: with an adapter that has heard nothing yet
            elsewhere = HttpLocations(url, lambda: TOKEN, deadline_s=30.0)
            done, complete = await PlaceResolution(replace(gateway.sources, locations=elsewhere)).run()
            resolved.append((done.moved, done.current, complete))
            await elsewhere.close()
    assert resolved == [(1, 0, True), (0, 1, True)]


async def test_a_stopped_run_goes_on_where_it_was(
    gateway: Gateway, ana: Viewer, base: PackedFile, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr("ingest.resolving._PAGE", 2)
    for i in range(5):
        await photographed(gateway, f"p{i}")
    await newer(gateway, base, tmp_path)
    stops = iter([False, False, True])
    first, complete = await PlaceResolution(gateway.sources, is_stopped=lambda: next(stops)).run()
    assert (first.moved, complete) == (4, False)
    second, complete = await PlaceResolution(gateway.sources).run()
    assert (second.moved, second.current, complete) == (1, 4, True)


async def test_a_photo_that_its_owner_corrects_meanwhile_stays_corrected(
    gateway: Gateway, ana: Viewer, base: PackedFile, tmp_path: Path
) -> None:
    photo = await photographed(gateway, "a")
    await newer(gateway, base, tmp_path)
    run = PlaceResolution(gateway.sources)
    stale = [await gateway.record(photo)]
    fixed = msgspec.structs.replace(stale[0], place="IT", place_pinned=True)
    await gateway.sources.photos.save([Draft(fixed)], now_ms=gateway.sources.now_ms())
    done = ResolveCounts()
    await run._batch(stale, done)
    assert (await gateway.record(photo)).place == "IT"
    assert (done.moved, done.kept, done.conflicts) == (0, 0, 0)


async def test_a_correction_shows_in_photo_facet_and_filter_and_can_be_taken_back(
    gateway: Gateway, ana: Viewer, base: PackedFile, tmp_path: Path
) -> None:
    await newer(gateway, base, tmp_path)
    photo = await photographed(gateway, "a")
    florence, fiesole = (gateway.id("Place", "", code) for code in ("gn:3176959", "gn:3177087"))
    names = {"gn:3176959": "Florence", "gn:3177087": "Fiesole"}
    for chosen, code, pinned in ((florence, "gn:3176959", True), (None, "gn:3177087", False)):
        response = await gateway.answer(UPDATE, {"i": {"ids": [photo], "set": {"placeId": chosen}}}, as_=ana)
        assert response["updatePhotos"] == {"photos": [{"place": {"code": code}, "placePinned": pinned}], "userErrors": []}
        for place_id in (florence, fiesole):
            found = (await gateway.answer(BY_PLACE, {"p": [place_id]}, as_=ana))["photos"]
            here = place_id == (florence if pinned else fiesole)
            assert found["total"]["count"] == int(here)
            assert [(b["name"], b["count"]) for b in found["facet"]["buckets"]] == ([(names[code], 1)] if here else [])


async def test_a_damaged_file_is_refused_once_and_the_old_places_go_on(gateway: Gateway, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"no places")
    damaged.replace(tmp_path / "gateway" / "places.bin")
    with pytest.raises(Corrupt):
        await gateway.sources.locations.reload()
    assert not await gateway.sources.locations.reload()
    assert await gateway.sources.locations.by_ids(["gn:3176959"])
