"""File names and source ids reveal times and places, so they need the content and the exact time and place of a photo."""

from __future__ import annotations

from itertools import product
from unittest.mock import patch

import pytest

from access.policy import POLICY_VERSION
from access.precision import LocationPrecision as L
from access.precision import TimePrecision as T
from access.viewer import Viewer, ViewerKind
from datasources.tables.customers import HomeZone
from datasources.tables.grants import GrantRecord
from resolvers import paging
from tests.requests.harness import ROME, Gateway, guest

LINK = "link:0123456789abcdef"
NAME = "PXL_20240501_101530123.jpg"
READ = "query($i: ID!) { photo(id: $i) { caption fileName sourceId withheld } }"
FIND = """query($n: String!) { photos(library: ALL, filter: {fileName: $n}) {
  total { count } nodes { id } facet(by: MEDIA_TYPE) { buckets { count } missingCount } histogram(by: YEAR) { missingCount } } }"""
NOT_FIND = "query($n: String!) { photos(library: ALL, filter: {not: {fileName: $n}}) { total { count } } }"


async def shared(gateway: Gateway, *shares: tuple[L, T], grantee: str = LINK) -> str:
    """Creates a photo in one album for each share; returns the photo's id."""
    ana = await gateway.customer("ana")
    photo = await gateway.photo(
        "ana", "a", file_name=NAME, caption="Sea", at=ROME, place="gn:3169070", taken_local="2024-05-01T10:15:30"
    )
    for number, (place, time) in enumerate(shares):
        album = await gateway.album(ana, f"Trip {number}", photo)
        local = gateway.sources.ids.decode(album).local
        grant = GrantRecord(
            owner="ana", album=local, grantee=grantee, version=0, created_at_ms=1, location=int(place), time=int(time)
        )
        assert await gateway.sources.grants.save(grant) is not None
    await gateway.settle()
    return photo


async def found(gateway: Gateway, viewer: Viewer) -> tuple[bool, bool]:
    """Whether a filter by a part of the name finds the photo, and whether its negation does."""
    page = (await gateway.answer(FIND, {"n": "20240501_10"}, as_=viewer))["photos"]
    assert page["total"]["count"] == len(page["nodes"]) == sum(b["count"] for b in page["facet"]["buckets"])
    other = (await gateway.answer(NOT_FIND, {"n": "20240501_10"}, as_=viewer))["photos"]["total"]["count"]
    return page["total"]["count"] == 1, other == 1


async def test_a_share_shows_the_name_only_with_exact_time_and_place(gateway: Gateway) -> None:
    photo = await shared(gateway, (L.NONE, T.NONE), grantee="nobody")
    album = (await gateway.record(photo)).albums[0]
    for place, time in product(L, T):
        grantee = f"{place.name} {time.name}".lower()
        grant = GrantRecord(
            owner="ana", album=album, grantee=grantee, version=0, created_at_ms=1, location=int(place), time=int(time)
        )
        assert await gateway.sources.grants.save(grant) is not None
        viewer = await gateway.customer(grantee)
        seen = (await gateway.answer(READ, {"i": photo}, as_=viewer))["photo"]
        whole = place is L.EXACT and time is T.EXACT
        assert seen["caption"] == "Sea"
        assert (seen["fileName"], seen["sourceId"]) == ((NAME, "a") if whole else (None, None)), grantee
        assert ("FILE_NAME" in seen["withheld"]) is not whole
        assert await found(gateway, viewer) == (whole, not whole)


async def test_two_shares_together_show_the_name_in_output_and_filter_alike(gateway: Gateway) -> None:
    photo = await shared(gateway, (L.EXACT, T.NONE), (L.NONE, T.EXACT), grantee="bob")
    bob = await gateway.customer("bob")
    assert (await gateway.answer(READ, {"i": photo}, as_=bob))["photo"]["fileName"] == NAME
    assert await found(gateway, bob) == (True, False)


async def test_a_guest_and_a_photo_in_a_home_zone(gateway: Gateway) -> None:
    photo = await shared(gateway, (L.EXACT, T.EXACT))
    album = (await gateway.record(photo)).albums[0]
    visitor = guest("ana", album, LINK)
    assert (await gateway.answer(READ, {"i": photo}, as_=visitor))["photo"]["fileName"] == NAME
    assert await found(gateway, visitor) == (True, False)
    customer = (await gateway.sources.customers.raw(["ana"]))["ana"]
    await gateway.sources.customers.save(customer, home_zones=[HomeZone(ROME.latitude, ROME.longitude, 100.0)])
    record = await gateway.record(photo)
    await gateway.sources.photos.rezoned([record], now_ms=gateway.sources.now_ms())
    assert (await gateway.answer(READ, {"i": photo}, as_=visitor))["photo"]["fileName"] is None


async def test_a_service_needs_the_scopes_of_all_three(gateway: Gateway) -> None:
    photo = await shared(gateway)
    count = '{ photos(library: ALL, first: 0, filter: {fileName: "PXL"}) { total { count } } }'
    for missing in (None, "content", "time", "location"):
        scopes = frozenset(f"photos:{s}" for s in ("read", "content", "time", "place", "location") if s != missing)
        reports = Viewer(ViewerKind.SERVICE, "reports", scopes=scopes, purpose="tests")
        answer = await gateway.execute("query($i: ID!) { photo(id: $i) { fileName sourceId } }", {"i": photo}, as_=reports)
        counted = await gateway.execute(count, as_=reports)
        if missing is None:
            assert answer["data"]["photo"] == {"fileName": NAME, "sourceId": "a"}
            assert "errors" not in counted
        else:
            assert answer["errors"][0]["extensions"]["coordinates"] == ["Photo.fileName", "Photo.sourceId"]
            assert "PhotoFilter.fileName" in counted["errors"][0]["extensions"]["coordinates"]


async def test_a_cursor_of_an_earlier_policy_is_refused(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    await gateway.photos("ana", *"abc")
    query = "query($a: String) { photos(first: 1, after: $a) { nodes { id } pageInfo { endCursor } } }"
    with patch.object(paging, "POLICY_VERSION", POLICY_VERSION - 1):
        old = (await gateway.answer(query, as_=ana))["photos"]["pageInfo"]["endCursor"]
    answer = await gateway.execute(query, {"a": old}, as_=ana)
    assert [e["extensions"]["code"] for e in answer["errors"]] == ["STALE_CURSOR"]


@pytest.mark.parametrize("time", [T.EXACT, T.DAY])
async def test_the_creation_of_an_album_is_a_time_like_others(gateway: Gateway, time: T) -> None:
    await shared(gateway, (L.EXACT, time), (L.EXACT, time), grantee="bob")
    bob = await gateway.customer("bob")
    query = "{ albums(library: SHARED_WITH_ME, order: CREATED_AT_DESC) { nodes { id title createdAt } } }"
    nodes = (await gateway.answer(query, as_=bob))["albums"]["nodes"]
    assert [bool(a["createdAt"]) for a in nodes] == [time is T.EXACT] * 2
    if time is not T.EXACT:
        assert [gateway.sources.ids.decode(a["id"]).local for a in nodes] == sorted(
            gateway.sources.ids.decode(a["id"]).local for a in nodes
        )
