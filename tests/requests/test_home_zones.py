"""Home zones: other viewers see at most city precision inside them, on every path and while they are being applied."""

from __future__ import annotations

from typing import Any

import pytest

from access.viewer import Viewer, ViewerKind
from access.zones import CELL_ZOOM, Cell, Circle, at_home
from datasources.tables.photos import Coordinates
from resolvers.context import Context
from resolvers.home_zones import resume_all
from tests.requests.harness import Gateway

HOME, AWAY = Coordinates(41.90010, 12.50020), Coordinates(41.80010, 12.30020)
ROME = "gn:3169070"
UPDATE = "mutation($i: UpdateCustomerInput!) { updateCustomer(input: $i) { customer { displayName } userErrors { code field } } }"
SHARE = "mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) { userErrors { code } } }"
SEEN = "{ photos(library: SHARED_WITH_ME, order: TAKEN_AT_ASC) { nodes { location { latitude precision } place { kind } } } }"
SERVICE = Viewer(
    ViewerKind.SERVICE,
    "maps",
    scopes=frozenset(f"photos:{s}" for s in ("read", "time", "place", "location")),
    purpose="tests",
)


async def zoned(gateway: Gateway, viewer: Viewer, *zones: tuple[float, float, float]) -> None:
    given = [{"latitude": a, "longitude": o, "radiusMeters": r} for a, o, r in zones]
    done = await gateway.answer(UPDATE, {"i": {"set": {"homeZones": given}}}, as_=viewer)
    assert done["updateCustomer"]["userErrors"] == []
    await gateway.settle()


async def shared(gateway: Gateway, precision: str = "EXACT") -> tuple[Viewer, Viewer, list[str]]:
    ana, bob = await gateway.customer("ana"), await gateway.customer("bob")
    home = await gateway.photo("ana", "home", at=HOME, place=ROME, taken_local="2024-01-01T00:00:00")
    away = await gateway.photo("ana", "away", at=AWAY, place=ROME, taken_local="2024-01-02T00:00:00")
    album = await gateway.album(ana, "Trip", home, away)
    given = {"albumId": album, "with": {"customerId": gateway.id("Customer", "bob", "bob")}, "locationPrecision": precision}
    assert (await gateway.answer(SHARE, {"i": given}, as_=ana))["shareAlbum"]["userErrors"] == []
    await gateway.accept(bob)
    return ana, bob, [home, away]


async def precisions(gateway: Gateway, viewer: Viewer) -> list[str]:
    nodes = (await gateway.answer(SEEN, as_=viewer))["photos"]["nodes"]
    return [n["location"]["precision"] for n in nodes]


NEAR = "query($p: CircleInput!, $c: ID!) { customer(id: $c) { photos(filter: {near: $p}) { total { count } nodes { id } } } }"


async def found_near(gateway: Gateway, viewer: Viewer, photo: str) -> bool:
    point = {"latitude": HOME.latitude, "longitude": HOME.longitude, "radiusMeters": 100}
    given = {"p": point, "c": gateway.id("Customer", "ana", "ana")}
    page = (await gateway.answer(NEAR, given, as_=viewer))["customer"]["photos"]
    assert page["total"]["count"] == len(page["nodes"])
    return photo in {n["id"] for n in page["nodes"]}


@pytest.mark.parametrize("precision", ["EXACT", "KILOMETER"])
async def test_inside_a_zone_a_share_shows_at_most_the_city(gateway: Gateway, precision: str) -> None:
    ana, bob, _ = await shared(gateway, precision)
    assert await precisions(gateway, bob) == [precision, precision]
    await zoned(gateway, ana, (HOME.latitude, HOME.longitude, 300))
    assert await precisions(gateway, bob) == ["CITY", precision]
    nodes = (await gateway.answer(SEEN, as_=bob))["photos"]["nodes"]
    assert nodes[0]["place"] == {"kind": "CITY"}
    assert abs(nodes[0]["location"]["latitude"] - HOME.latitude) > 1e-3
    own = await gateway.answer("{ photos(order: TAKEN_AT_ASC) { nodes { location { latitude precision } } } }", as_=ana)
    assert own["photos"]["nodes"][0]["location"] == {"latitude": HOME.latitude, "precision": "EXACT"}
    await zoned(gateway, ana)
    assert await precisions(gateway, bob) == [precision, precision]


async def test_filters_use_the_same_precision_as_results(gateway: Gateway) -> None:
    ana, bob, (home, _) = await shared(gateway)
    assert await found_near(gateway, bob, home)
    assert await found_near(gateway, SERVICE, home)
    await zoned(gateway, ana, (HOME.latitude, HOME.longitude, 300))
    assert not await found_near(gateway, bob, home)
    assert not await found_near(gateway, SERVICE, home)
    assert await found_near(gateway, ana, home)


async def test_zones_apply_to_photos_added_later(gateway: Gateway) -> None:
    ana, bob, _ = await shared(gateway)
    await zoned(gateway, ana, (HOME.latitude, HOME.longitude, 300))
    album = (await gateway.answer("{ albums { nodes { id } } }", as_=ana))["albums"]["nodes"][0]["id"]
    late = await gateway.photo("ana", "late", at=HOME, place=ROME, albums=(gateway.sources.ids.decode(album).local,))
    seen = await gateway.answer("query($i: ID!) { photo(id: $i) { location { precision } } }", {"i": late}, as_=bob)
    assert seen["photo"]["location"] == {"precision": "CITY"}
    assert not await found_near(gateway, bob, late)


async def test_until_zones_are_applied_to_every_photo_others_see_at_most_the_city(gateway: Gateway) -> None:
    ana, bob, (home, _) = await shared(gateway)
    await gateway.sources.zones.begin("ana")  # as after a killed process
    assert await precisions(gateway, bob) == ["CITY", "CITY"]
    assert not await found_near(gateway, bob, home)
    assert not await found_near(gateway, SERVICE, home)
    await resume_all(gateway.sources, gateway.index_lag)
    assert await precisions(gateway, bob) == ["EXACT", "EXACT"]
    assert ana.customer == "ana"


async def test_zones_are_applied_to_large_libraries_in_pages(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvers.home_zones.PAGE", 2)
    ana = await gateway.customer("ana")
    photos = await gateway.photos("ana", *"abcdefg", at=HOME)
    await zoned(gateway, ana, (HOME.latitude, HOME.longitude, 300))
    assert all([(await gateway.record(p)).home for p in photos])
    assert await gateway.sources.zones.settling() == frozenset()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"homeZones": [{"latitude": 91, "longitude": 0, "radiusMeters": 10}]}, ["set", "homeZones", "0"]),
        ({"homeZones": [{"latitude": 1, "longitude": 0, "radiusMeters": 0}]}, ["set", "homeZones", "0", "radiusMeters"]),
        ({"homeZones": [{"latitude": 1, "longitude": 0, "radiusMeters": 1e6}]}, ["set", "homeZones", "0", "radiusMeters"]),
        ({"homeZones": [{"latitude": 1, "longitude": 0, "radiusMeters": 10}] * 11}, ["set", "homeZones"]),
        ({"timeZone": "Europe/Nowhere"}, ["set", "timeZone"]),
        ({"timeZone": "../etc/passwd"}, ["set", "timeZone"]),
        ({"languages": ["en", "not a tag"]}, ["set", "languages", "1"]),
        ({"displayName": " "}, ["set", "displayName"]),
    ],
)
async def test_invalid_settings_change_nothing(gateway: Gateway, wrong: dict[str, Any], field: list[str]) -> None:
    ana = await gateway.customer("ana")
    before = (await gateway.sources.customers.raw(["ana"]))["ana"]
    done = await gateway.answer(UPDATE, {"i": {"set": wrong}}, as_=ana)
    assert [e["field"] for e in done["updateCustomer"]["userErrors"]] == [field]
    assert (await gateway.sources.customers.raw(["ana"]))["ana"] == before


async def test_settings_can_be_changed_and_cleared(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    given = {"displayName": "Ana", "languages": ["pt-BR", "en"], "timeZone": "America/Sao_Paulo"}
    done = await gateway.answer(UPDATE, {"i": {"set": given}}, as_=ana)
    assert done["updateCustomer"]["customer"] == {"displayName": "Ana"}
    record = (await gateway.sources.customers.raw(["ana"]))["ana"]
    assert (record.languages, record.time_zone) == (("pt-BR", "en"), "America/Sao_Paulo")
    silent = Context(gateway.sources, gateway.index_lag, ana, ("en",))
    await silent.prefer_customer_languages()
    assert silent.languages == ("pt-BR", "en")
    done = await gateway.answer(UPDATE, {"i": {"set": dict.fromkeys(given)}}, as_=ana)
    assert done["updateCustomer"]["customer"] == {"displayName": None}
    record = (await gateway.sources.customers.raw(["ana"]))["ana"]
    assert (record.languages, record.time_zone) == ((), None)


@pytest.mark.parametrize("longitude", [12.5, -179.9999, 179.9999])
def test_a_zone_is_snapped_to_cells_so_its_edge_cannot_be_found(longitude: float) -> None:
    cell = Cell.of(41.9, longitude)
    north, east = cell.nearest(90.0, longitude)[0], cell.nearest(41.9, longitude)[1]
    for radius in (1.0, 200.0):
        zone = [Circle(41.9, longitude, radius)]
        assert at_home(zone, 41.9, east)
        assert at_home(zone, north - 1e-6, longitude)
        assert not at_home(zone, 41.9 + 0.1, longitude)
    assert at_home([Circle(0.0, 179.9999, 500.0)], 0.0, -179.9999)
    assert CELL_ZOOM == 14
