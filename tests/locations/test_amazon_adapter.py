"""The Amazon Location adapter: rounded coordinates, the intent `Storage` and typed errors."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from datasources.errors import SourceError, Throttled, Unavailable
from datasources.locations.amazon import AmazonLocations
from datasources.locations.gazetteer import Gazetteer
from datasources.locations.port import Point
from datasources.vendors import AmazonPlaces
from tests.locations.amazon_stand_in import FLORENCE, TOWNS, StandIn, stand_in


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.open()


@pytest.fixture
async def vendor(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    async with stand_in(monkeypatch.setenv) as made:
        yield made


@pytest.fixture
async def amazon(vendor: StandIn, gazetteer: Gazetteer) -> AsyncIterator[AmazonLocations]:
    made = AmazonLocations(gazetteer, AmazonPlaces("eu-west-1", vendor.url))
    yield made
    await made.close()


async def name_of(amazon: AmazonLocations, place_id: str | None) -> str:
    assert place_id is not None
    return (await amazon.names([place_id], ["en"]))[place_id].text


async def test_its_towns_become_places_of_our_hierarchy(amazon: AmazonLocations) -> None:
    florence, rome = await amazon.resolve([Point(43.76871, 11.25691), Point(41.8902, 12.4922)])
    assert [await name_of(amazon, florence), await name_of(amazon, rome)] == ["Florence", "Rome"]
    record = (await amazon.by_ids([str(florence)]))[str(florence)]
    assert record.ancestors[:2] == ("IT", "IT.16")


async def test_only_rounded_coordinates_leave_and_each_once_to_be_stored(amazon: AmazonLocations, vendor: StandIn) -> None:
    await amazon.resolve([Point(43.76871, 11.25691), Point(43.76999, 11.26001), Point(43.76871, 11.25691)])
    assert [(one["QueryPosition"], one["IntendedUse"], one["query"]) for one in vendor.requests] == [
        ([11.26, 43.77], "Storage", "")
    ]


async def test_nothing_is_requested_for_open_sea_and_impossible_points(amazon: AmazonLocations, vendor: StandIn) -> None:
    assert await amazon.resolve([Point(0, 0), Point(float("nan"), 1), Point(95, 0)]) == [None] * 3
    assert vendor.requests == []


async def test_a_town_that_we_do_not_know_is_our_own_place_in_its_country(amazon: AmazonLocations, gazetteer: Gazetteer) -> None:
    (found,), (ours,) = await amazon.resolve([Point(48.8566, 2.3522)]), await gazetteer.resolve([Point(48.86, 2.35)])
    assert found == ours


async def test_the_vendors_country_wins_over_ours(amazon: AmazonLocations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TOWNS, (11.26, 43.77), {**FLORENCE, "Country": {"Code2": "SM"}, "Locality": "Nowhere"})
    assert await amazon.resolve([Point(43.77, 11.26)]) == ["SM"]


async def test_an_empty_answer_leaves_our_place(amazon: AmazonLocations, gazetteer: Gazetteer) -> None:
    assert await amazon.resolve([Point(35.68, 139.69)]) == await gazetteer.resolve([Point(35.68, 139.69)])


@pytest.mark.parametrize(
    ("fault", "error"),
    [((429, "ThrottlingException"), Throttled), ((403, "AccessDeniedException"), Unavailable), ((500, "Strange"), Unavailable)],
)
async def test_failures_are_reported_by_their_kind(
    amazon: AmazonLocations, vendor: StandIn, fault: tuple[int, str], error: type[SourceError]
) -> None:
    vendor.fault = fault
    with pytest.raises(error):
        await amazon.resolve([Point(43.77, 11.26), Point(41.89, 12.49)])
