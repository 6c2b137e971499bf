"""What a guest of a link gets: the album as their library, no owner, and the reason of every null; and covers without traces."""

from __future__ import annotations

import pytest
from msgspec.structs import replace as changed

from access.precision import LocationPrecision, TimePrecision
from access.viewer import Viewer
from datasources.tables.albums import AlbumKey
from datasources.tables.grants import GrantRecord
from tests.requests.harness import ROME, Gateway, guest

LINK = "link:0123"


@pytest.fixture
async def ana(gateway: Gateway) -> Viewer:
    return await gateway.customer("ana")


async def granted(
    gateway: Gateway,
    album: str,
    grantee: str,
    location: LocationPrecision = LocationPrecision.NONE,
    time: TimePrecision = TimePrecision.EXACT,
) -> str:
    local = gateway.sources.ids.decode(album).local
    record = GrantRecord(
        owner="ana", album=local, grantee=grantee, version=0, created_at_ms=1, location=location.value, time=time.value
    )
    assert await gateway.sources.grants.save(record) is not None
    return local


async def test_the_library_of_a_guest_is_the_album_of_the_link(gateway: Gateway, ana: Viewer) -> None:
    photo = await gateway.photo("ana", "a", caption="beach")
    await gateway.photo("ana", "elsewhere", caption="beach")
    album = await gateway.album(ana, "Trip", photo)
    visitor = guest("ana", await granted(gateway, album, LINK), LINK)
    query = """{ photos(library: MINE) { nodes { id neighbors { next { id } } } } albums { nodes { id } }
      searchPhotos(query: "beach") { nodes { id } } }"""
    answer = await gateway.answer(query, as_=visitor)
    assert [node["id"] for node in answer["photos"]["nodes"]] == [photo]
    assert answer["albums"]["nodes"] == [{"id": album}]
    assert answer["searchPhotos"]["nodes"] == [{"id": photo}]


async def test_a_guest_gets_no_customer_in_any_way(gateway: Gateway, ana: Viewer) -> None:
    photo = await gateway.photo("ana", "a")
    album = await gateway.album(ana, "Trip", photo)
    visitor = guest("ana", await granted(gateway, album, LINK), LINK)
    query = """query($c: ID!) { node(id: $c) { id } photos { nodes { owner { id } withheld }
      facet(by: OWNER) { buckets { key } } } albums { nodes { owner { id } } } }"""
    answer = await gateway.answer(query, {"c": gateway.id("Customer", "ana", "ana")}, as_=visitor)
    assert answer["node"] is None
    (seen,) = answer["photos"]["nodes"]
    assert seen["owner"] is None
    assert "IDENTITY" in seen["withheld"]
    assert answer["photos"]["facet"]["buckets"] == []
    assert answer["albums"]["nodes"] == [{"owner": None}]


@pytest.mark.parametrize("time", TimePrecision)
@pytest.mark.parametrize("location", LocationPrecision)
async def test_a_hidden_instant_is_explained(
    gateway: Gateway, ana: Viewer, location: LocationPrecision, time: TimePrecision
) -> None:
    photo = await gateway.photo("ana", "a", at=ROME, taken_local="2024-05-01T10:00:00", offset_minutes=120)
    album = await gateway.album(ana, "Trip", photo)
    visitor = guest("ana", await granted(gateway, album, LINK, location, time), LINK)
    seen = (await gateway.answer("query($p: ID!) { photo(id: $p) { takenAt withheld } }", {"p": photo}, as_=visitor))["photo"]
    assert (seen["takenAt"] is None) is ("TIME" in seen["withheld"])


async def test_a_chosen_cover_that_is_not_shown_leaves_no_trace(gateway: Gateway, ana: Viewer) -> None:
    shown, other = await gateway.photo("ana", "a"), await gateway.photo("ana", "b")
    album, narrow = await gateway.album(ana, "Trip", shown), await gateway.album(ana, "Narrow", other)
    bob = await gateway.customer("bob")
    local = await granted(gateway, album, "bob", LocationPrecision.EXACT)
    await granted(gateway, narrow, "bob", LocationPrecision.NONE, TimePrecision.NONE)
    answers = []
    for cover in (None, gateway.sources.ids.decode(other).local):
        (record,) = (await gateway.sources.albums.raw([AlbumKey("ana", local)])).values()
        await gateway.sources.albums.save(changed(record, cover=cover))
        answers.append(await gateway.execute("query($a: ID!) { album(id: $a) { cover { id } } }", {"a": album}, as_=bob))
    assert answers[0]["data"]["album"]["cover"] == {"id": shown}
    assert answers[0] == answers[1]
