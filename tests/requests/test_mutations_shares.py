"""Share mutations: defaults of new shares, changes of existing ones, immediate end."""

from __future__ import annotations

import pytest

from access.viewer import Viewer
from datasources.tables.grants import link_grantee
from tests.requests.harness import Gateway, guest

SHARE = """mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) {
  album { id shares { id } }
  share { id kind url customer { id } locationPrecision timePrecision originals expiresAt }
  userErrors { code field } } }"""
UNSHARE = """mutation($i: UnshareAlbumInput!) { unshareAlbum(input: $i) {
  album { id shares { id } } deletedShareIds userErrors { code field nodeId } } }"""
SEEN = "query($i: ID!) { photo(id: $i) { id } album(id: $i) { id } }"


@pytest.fixture
async def ana(gateway: Gateway) -> Viewer:
    return await gateway.customer("ana")


@pytest.fixture
async def bob(gateway: Gateway) -> Viewer:
    return await gateway.customer("bob")


async def run(gateway: Gateway, query: str, viewer: Viewer, **given):
    data = await gateway.answer(query, {"i": given}, as_=viewer)
    return next(iter(data.values()))


def to_customer(gateway: Gateway, name: str) -> dict[str, str]:
    return {"customerId": gateway.id("Customer", name, name)}


async def test_a_new_share_has_defaults_and_a_change_keeps_other_values(gateway, ana, bob) -> None:
    album = await gateway.album(ana, "Trip")
    new = (await run(gateway, SHARE, ana, albumId=album, **{"with": to_customer(gateway, "bob")}))["share"]
    assert [new[k] for k in ("kind", "locationPrecision", "timePrecision", "originals", "url")] == [
        "CUSTOMER", "CITY", "EXACT", False, None
    ]  # fmt: skip
    given = {"with": to_customer(gateway, "bob"), "originals": True, "timePrecision": "DAY", "expiresAt": "2999-01-01T00:00:00Z"}
    await run(gateway, SHARE, ana, albumId=album, **given)
    changed = await run(gateway, SHARE, ana, albumId=album, **{"with": to_customer(gateway, "bob"), "locationPrecision": "EXACT"})
    kept = [changed["share"][k] for k in ("locationPrecision", "timePrecision", "originals", "expiresAt")]
    assert kept == ["EXACT", "DAY", True, "2999-01-01T00:00:00Z"]
    assert changed["album"]["shares"] == [{"id": new["id"]}]


async def test_an_album_has_one_link_whose_secret_only_the_owner_sees(gateway, ana) -> None:
    photo = await gateway.photo("ana", "a")
    album = await gateway.album(ana, "Trip", photo)
    first = (await run(gateway, SHARE, ana, albumId=album, **{"with": {"link": True}}))["share"]
    again = (await run(gateway, SHARE, ana, albumId=album, **{"with": {"link": True}}))["share"]
    assert (first["locationPrecision"], first["timePrecision"]) == ("NONE", "EXACT")
    assert first == again
    secret = first["url"].rpartition("#")[2]
    assert len(secret) == 43
    visitor = guest("ana", gateway.sources.ids.decode(album).local, link_grantee(secret))
    shown = await gateway.answer("query($i: ID!) { album(id: $i) { title } }", {"i": album}, as_=visitor)
    assert shown["album"] == {"title": "Trip"}
    answer = await gateway.execute("query($i: ID!) { album(id: $i) { shares { url } } }", {"i": album}, as_=visitor)
    assert "guest#" not in repr(answer)
    stored = await gateway.sources.grants.of_albums("ana")
    assert secret not in repr(stored)


async def test_a_share_needs_exactly_one_existing_target_other_than_the_owner(gateway, ana, bob) -> None:
    album = await gateway.album(ana, "Trip")
    for target, code, at in (
        ({"link": False}, "INVALID", ["with"]),
        (to_customer(gateway, "ana"), "INVALID", ["with", "customerId"]),
        ({"customerId": album}, "NOT_FOUND", ["with", "customerId"]),
    ):
        assert (await run(gateway, SHARE, ana, albumId=album, **{"with": target}))["userErrors"] == [{"code": code, "field": at}]
    literal = 'mutation {{ shareAlbum(input: {{albumId: "x", with: {}}}) {{ userErrors {{ code }} }} }}'
    for written in ("{}", "{link: null}", "{customerId: null}", '{link: true, customerId: "x"}'):
        answer = await gateway.execute(literal.format(written), as_=ana)
        assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED", written
    for target in ({}, {"link": None}, {"link": True, **to_customer(gateway, "bob")}):
        answer = await gateway.execute(SHARE, {"i": {"albumId": album, "with": target}}, as_=ana)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", target
    past = await run(gateway, SHARE, ana, albumId=album, expiresAt="2020-01-01T00:00:00Z", **{"with": {"link": True}})
    assert past["userErrors"] == [{"code": "INVALID", "field": ["expiresAt"]}]
    assert await gateway.sources.grants.of_albums("ana") == []


async def test_an_ended_share_is_invalid_immediately(gateway, ana, bob) -> None:
    photo = await gateway.photo("ana", "a")
    album = await gateway.album(ana, "Trip", photo)
    share = (await run(gateway, SHARE, ana, albumId=album, **{"with": to_customer(gateway, "bob")}))["share"]["id"]
    await gateway.accept(bob)
    assert (await gateway.answer(SEEN, {"i": photo}, as_=bob))["photo"] == {"id": photo}
    assert (await run(gateway, UNSHARE, bob, shareIds=[share]))["userErrors"][0]["code"] == "NOT_FOUND"
    ended = await run(gateway, UNSHARE, ana, shareIds=[share, "x"])
    assert ended["deletedShareIds"] == [share]
    assert ended["album"] == {"id": album, "shares": []}
    assert ended["userErrors"] == [{"code": "NOT_FOUND", "field": ["shareIds", "1"], "nodeId": "x"}]
    assert (await gateway.answer(SEEN, {"i": photo}, as_=bob)) == {"photo": None, "album": None}
    assert (await run(gateway, UNSHARE, ana, shareIds=[share]))["deletedShareIds"] == []


async def test_deleting_an_album_ends_its_shares(gateway, ana, bob) -> None:
    photo = await gateway.photo("ana", "a")
    album = await gateway.album(ana, "Trip", photo)
    await run(gateway, SHARE, ana, albumId=album, **{"with": to_customer(gateway, "bob")})
    await gateway.accept(bob)
    await run(gateway, SHARE, ana, albumId=album, **{"with": to_customer(gateway, "cyn")})
    await run(gateway, "mutation($i: DeleteAlbumInput!) { deleteAlbum(input: $i) { deletedAlbumId } }", ana, id=album)
    assert await gateway.sources.invitations.of_sender("ana") == []
    assert (await gateway.answer(SEEN, {"i": photo}, as_=bob))["photo"] is None
    assert await gateway.sources.grants.of_albums("ana") == []
