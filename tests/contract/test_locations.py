"""The contract of LocationService. Add a new adapter to `tests/locations/engines.py`."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import pytest

from datasources.locations.port import LocationService, PlaceKind, Point
from tests.locations.engines import ADAPTERS

FLORENCE, ROME = Point(43.7687, 11.2569), Point(41.8902, 12.4922)


@pytest.fixture(params=ADAPTERS)
async def locations(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocationService]:
    async with ADAPTERS[request.param](monkeypatch) as opened:
        yield opened


async def test_points_keep_their_order_in_batches_of_every_size(locations: LocationService) -> None:
    one = [*await locations.resolve([FLORENCE]), None, *await locations.resolve([ROME])]
    for times in (1, 20, 300):
        assert await locations.resolve([FLORENCE, Point(0, 0), ROME] * times) == one * times


async def test_resolves_nothing_from_nothing(locations: LocationService) -> None:
    assert await locations.resolve([]) == []


@pytest.mark.parametrize("repeat", [1, 50])
async def test_no_place_on_open_sea_at_the_poles_and_for_impossible_points(locations: LocationService, repeat: int) -> None:
    sea = [Point(0, 0), Point(30, -40), Point(-40, -120), Point(0, -150), Point(-30, 80)]
    impossible = [Point(math.nan, 5), Point(5, math.nan), Point(math.inf, 0), Point(120, 44), Point(45, 181), Point(-91, 0)]
    points = [*sea, Point(90, 0), Point(-90, 0), Point(89.9, 120), *impossible] * repeat
    assert set(await locations.resolve(points)) == {None}


async def test_both_names_of_the_date_line_are_one_place(locations: LocationService) -> None:
    east, west = await locations.resolve([Point(-16.85, 180.0), Point(-16.85, -180.0)])
    assert east == west is not None


async def test_a_place_knows_its_ancestors_country_first(locations: LocationService) -> None:
    (place_id,) = await locations.resolve([FLORENCE])
    assert place_id is not None
    place = (await locations.by_ids([place_id]))[place_id]
    assert place.ancestors[:2] == ("IT", "IT.16")
    assert place.country_code == "IT"
    assert place.time_zone == "Europe/Rome"
    levels = await locations.by_ids(place.ancestors)
    assert [levels[above].kind for above in place.ancestors[:2]] == [PlaceKind.COUNTRY, PlaceKind.REGION]


async def test_unknown_ids_are_absent(locations: LocationService) -> None:
    odd = ["", "gn:", "gn:0", "gn:-1", "gn:99999999999999999999", "gn:١", "gn:03169070", "XX", "IT.", "it"]
    assert await locations.by_ids(odd) == {}
    assert await locations.names(odd, ["en"]) == {}
    assert await locations.addresses(odd, ["en"]) == {}


@pytest.mark.parametrize(
    ("languages", "name"),
    [
        (["it"], ("Germania", "it")),
        (["de-CH"], ("Deutschland", "de")),
        (["zh-TW"], ("德國", "zh-Hant")),
        (["zh-CN"], ("德国", "zh")),
        (["xx", "ja"], ("ドイツ", "ja")),
        (["not a tag"], ("Germany", "en")),
        ([], ("Germany", "en")),
    ],
)
async def test_a_name_is_in_the_first_language_that_has_one(
    locations: LocationService, languages: list[str], name: tuple[str, str]
) -> None:
    assert (await locations.names(["DE"], languages))["DE"] == name


async def test_an_address_is_in_one_language(locations: LocationService) -> None:
    (berlin,) = await locations.resolve([Point(52.5163, 13.3777)])
    assert berlin is not None
    assert (await locations.addresses([berlin], ["it"]))[berlin] == ("Berlino, Germania", "it")


@pytest.mark.parametrize(
    ("query", "place_id"),
    [
        ("Firenze", "gn:3176959"),
        ("florenz", "gn:3176959"),
        ("München", "gn:2867714"),
        ("Bombay", "gn:1275339"),
        ("東京", "gn:1850147"),
    ],
)
async def test_finds_a_place_by_any_name_in_any_language(locations: LocationService, query: str, place_id: str) -> None:
    assert place_id in [match.id for match in await locations.search(query, ["en"], prefix=False)]


async def test_the_beginning_of_a_name_finds_the_large_and_primary_first(locations: LocationService) -> None:
    assert (await locations.search("san f", ["en"], limit=1))[0].matched_name == "San Francisco"


async def test_search_keeps_to_the_kinds_and_the_limit(locations: LocationService) -> None:
    found = await locations.search("a", ["en"], kinds=[PlaceKind.REGION], limit=7)
    records = await locations.by_ids([match.id for match in found])
    assert len(found) == len(records) == 7
    assert {record.kind for record in records.values()} == {PlaceKind.REGION}
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)


@pytest.mark.parametrize("query", ["", " ", "\x00", "%", "zzzzqqqq", "x" * 100_000, "'; --"])
async def test_hostile_and_empty_queries_find_little_and_break_nothing(locations: LocationService, query: str) -> None:
    assert len(await locations.search(query, ["en"], limit=5)) <= 5


def test_says_its_version_and_whom_to_thank(locations: LocationService) -> None:
    assert locations.data_version
    assert "GeoNames" in locations.attribution


async def test_tells_how_exactly_a_point_is_known_and_how_far_its_place_is(locations: LocationService) -> None:
    florence, sea = await locations.locate([FLORENCE, Point(30, -40)])
    assert sea is None
    assert florence is not None
    assert florence.id == (await locations.resolve([FLORENCE]))[0]
    assert florence.precision in {PlaceKind.CITY, PlaceKind.LOCALITY}
    assert 0 < florence.distance_km < 5
    assert await locations.locate([]) == []


async def test_has_nothing_newer_than_what_it_serves(locations: LocationService) -> None:
    assert await locations.reload() is False


def test_says_source_version_and_licence_of_each_part(locations: LocationService) -> None:
    assert {s["licence"] for s in locations.sources} == {"CC BY 4.0", "ISC", "public domain", "Unicode-3.0"}
