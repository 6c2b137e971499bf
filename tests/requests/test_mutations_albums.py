"""Album mutations, with an index that is current or behind."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from access.viewer import Viewer
from datasources.errors import Unavailable
from datasources.tables.photos import Draft
from indexing.documents import catch_up
from tests.requests.harness import Gateway

CREATE = """mutation($i: CreateAlbumInput!) { createAlbum(input: $i) {
  album { id title photoCount } albumEdge { cursor node { id } } userErrors { code field } } }"""
UPDATE = (
    """mutation($i: UpdateAlbumInput!) { updateAlbum(input: $i) { album { title cover { id } } userErrors { code field } } }"""
)
ADD = "mutation($i: AddToAlbumInput!) { addToAlbum(input: $i) { album { photoCount } photos { id } userErrors { code field } } }"
REMOVE = """mutation($i: RemoveFromAlbumInput!) { removeFromAlbum(input: $i) {
  album { photoCount } removedPhotoIds userErrors { code field } } }"""
DELETE = "mutation($i: DeleteAlbumInput!) { deleteAlbum(input: $i) { deletedAlbumId userErrors { code field nodeId } } }"
ALBUMS = "query($after: String) { albums(after: $after) { nodes { id } } }"


@pytest.fixture
async def ana(gateway: Gateway) -> Viewer:
    return await gateway.customer("ana")


async def run(gateway: Gateway, query: str, viewer: Viewer, **given):
    data = await gateway.answer(query, {"i": given}, as_=viewer)
    return next(iter(data.values()))


async def test_a_new_album_has_its_photos_and_a_cursor(gateway, ana) -> None:
    dated = await gateway.photo("ana", "a", taken_local="2024-05-01T10:00:00")
    older = await gateway.album(ana, "Old")
    made = await run(gateway, CREATE, ana, title="  Trip ", photoIds=[dated, "nonsense"])
    assert (made["album"]["title"], made["album"]["photoCount"]) == ("Trip", 1)
    assert made["userErrors"] == [{"code": "NOT_FOUND", "field": ["photoIds", "1"]}]
    assert made["albumEdge"]["node"]["id"] == made["album"]["id"]
    listed = await gateway.answer(ALBUMS, as_=ana)
    assert [a["id"] for a in listed["albums"]["nodes"]] == [made["album"]["id"], older]
    rest = await gateway.answer(ALBUMS, {"after": made["albumEdge"]["cursor"]}, as_=ana)
    assert rest["albums"]["nodes"] == [{"id": older}]


@pytest.mark.parametrize("title", ["", "   ", "x" * 501, "a\nb", "\ud800"])
async def test_invalid_titles_create_no_album(gateway, ana, title) -> None:
    assert await run(gateway, CREATE, ana, title=title) == {
        "album": None,
        "albumEdge": None,
        "userErrors": [{"code": "INVALID", "field": ["title"]}],
    }
    assert (await gateway.answer(ALBUMS, as_=ana))["albums"]["nodes"] == []


async def test_title_and_cover_are_kept_changed_and_cleared(gateway, ana) -> None:
    a, b = await gateway.photos("ana", "a", "b")
    album = await gateway.album(ana, "Trip", a)
    assert (await run(gateway, UPDATE, ana, id=album, set={"coverId": a}))["album"] == {"title": "Trip", "cover": {"id": a}}
    assert (await run(gateway, UPDATE, ana, id=album, set={"title": "Tour"}))["album"]["cover"] == {"id": a}
    refused = await run(gateway, UPDATE, ana, id=album, set={"coverId": b})
    assert refused["userErrors"] == [{"code": "INVALID", "field": ["set", "coverId"]}]
    assert (await run(gateway, UPDATE, ana, id=album, set={"title": None}))["album"]["title"] is None


async def test_photos_are_added_and_removed(gateway, ana) -> None:
    a, b, c = await gateway.photos("ana", "a", "b", "c")
    album = await gateway.album(ana, "Trip", a)
    added = await run(gateway, ADD, ana, albumId=album, photoIds=[b, a, c, b])
    assert added == {"album": {"photoCount": 3}, "photos": [{"id": b}, {"id": a}, {"id": c}], "userErrors": []}
    await run(gateway, UPDATE, ana, id=album, set={"coverId": b})
    removed = await run(gateway, REMOVE, ana, albumId=album, photoIds=[b, "x"])
    assert removed["removedPhotoIds"] == [b]
    assert removed["album"] == {"photoCount": 2}
    assert removed["userErrors"] == [{"code": "NOT_FOUND", "field": ["photoIds", "1"]}]
    cover = await gateway.answer("query($i: ID!) { album(id: $i) { cover { id } } }", {"i": album}, as_=ana)
    assert cover["album"]["cover"]["id"] != b


async def test_a_photo_is_in_at_most_100_albums(gateway, ana) -> None:
    full = await gateway.photo("ana", "full", albums=tuple(f"{i:032x}" for i in range(100)))
    free = await gateway.photo("ana", "free")
    album = await gateway.album(ana, "One more")
    added = await run(gateway, ADD, ana, albumId=album, photoIds=[full, free])
    assert added["photos"] == [{"id": free}]
    assert added["userErrors"] == [{"code": "LIMIT", "field": ["photoIds", "0"]}]


async def test_other_owners_albums_are_forbidden_if_shared_and_otherwise_not_found(gateway, ana) -> None:
    bob = await gateway.customer("bob")
    mine = await gateway.photo("ana", "a")
    shared, private = await gateway.album(bob, "Shared"), await gateway.album(bob, "Private")
    share = "mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) { userErrors { code } } }"
    await run(gateway, share, bob, albumId=shared, **{"with": {"customerId": gateway.id("Customer", "ana", "ana")}})
    await gateway.accept(ana)
    for album, code in ((shared, "FORBIDDEN"), (private, "NOT_FOUND"), ("x", "NOT_FOUND")):
        errors = [{"code": code, "field": ["albumId"]}]
        assert (await run(gateway, ADD, ana, albumId=album, photoIds=[mine]))["userErrors"] == errors
        assert (await run(gateway, DELETE, ana, id=album))["userErrors"][0]["code"] == code
    assert (await gateway.record(mine)).albums == ()


@pytest.mark.parametrize("knows", ["everything", "nothing", "unreachable"])
async def test_a_deleted_album_is_removed_from_every_photo(gateway, ana, monkeypatch, knows) -> None:
    a, b = await gateway.photos("ana", "a", "b")
    album = await gateway.album(ana, "Trip", a)
    kept = await gateway.album(ana, "Kept", a, b)
    await catch_up(gateway.sources, gateway.index_lag)
    if knows == "nothing":  # another process wrote and the index is behind
        record = await gateway.record(b)
        local = gateway.sources.ids.decode(album).local
        await gateway.sources.photos.save([Draft(replace(record, albums=(*record.albums, local)))], now_ms=0)
    if knows == "unreachable":

        async def dead(*_):
            raise Unavailable("search", "down")

        monkeypatch.setattr(gateway.sources.index, "search", dead)
    assert await run(gateway, DELETE, ana, id=album) == {"deletedAlbumId": album, "userErrors": []}
    assert {(await gateway.record(p)).albums for p in (a, b)} == {(gateway.sources.ids.decode(kept).local,)}
    assert (await run(gateway, DELETE, ana, id=album))["userErrors"] == [{"code": "NOT_FOUND", "field": ["id"], "nodeId": album}]
    assert (await gateway.answer(ALBUMS, as_=ana))["albums"]["nodes"] == [{"id": kept}]
