"""Photo mutations: per-item errors, owner only, and reads return the written values."""

from __future__ import annotations

import asyncio

import pytest

from access.viewer import Viewer
from datasources.errors import Unavailable
from tests.requests.harness import ROME, Gateway, customer, guest, service

UPDATE = """mutation($i: UpdatePhotosInput!) { updatePhotos(input: $i) {
  photos { id version caption keywords favorite hidden rating takenAt takenAtLocal utcOffsetMinutes timeZone placePinned
    location { latitude longitude altitudeMeters } place { code } }
  userErrors { code message field nodeId } clientMutationId } }"""
TRASH = (
    "mutation($i: TrashPhotosInput!) { trashPhotos(input: $i) { photos { id trashedAt } photoIds userErrors { code field } } }"
)
RESTORE = "mutation($i: RestorePhotosInput!) { restorePhotos(input: $i) { photos { id trashedAt } userErrors { code } } }"
DELETE = "mutation($i: DeletePhotosInput!) { deletePhotos(input: $i) { deletedPhotoIds userErrors { code field nodeId } } }"
TIMELINE = "{ photos(first: 200) { nodes { id } } }"


@pytest.fixture
async def ana(gateway: Gateway) -> Viewer:
    return await gateway.customer("ana")


async def updated(gateway: Gateway, ana: Viewer, photo: str, **values):
    answer = await gateway.answer(UPDATE, {"i": {"ids": [photo], "set": values}}, as_=ana)
    assert answer["updatePhotos"]["userErrors"] == []
    return answer["updatePhotos"]["photos"][0]


async def faults(gateway: Gateway, ana: Viewer, *photos: str, more=None, **values):
    answer = await gateway.answer(UPDATE, {"i": {"ids": list(photos), "set": values, **(more or {})}}, as_=ana)
    return [(e["code"], e["field"]) for e in answer["updatePhotos"]["userErrors"]]


async def test_absent_fields_are_kept_and_null_clears(gateway, ana) -> None:
    photo = await gateway.photo("ana", "a", caption="Sea", keywords=("sun",), rating=4, favorite=True)
    assert (await updated(gateway, ana, photo, hidden=True))["caption"] == "Sea"
    cleared = await updated(gateway, ana, photo, caption=None, rating=None, favorite=None, keywords=None)
    assert [cleared[k] for k in ("caption", "rating", "favorite", "keywords", "hidden")] == [None, None, False, [], True]


async def test_texts_are_normalized_and_searchable(gateway, ana) -> None:
    photo = await gateway.photo("ana", "a", keywords=("sun", "sea"))
    got = await updated(gateway, ana, photo, caption="  Caffe\u0301 ", addKeywords=["wind", "sun"], removeKeywords=["sea"])
    assert (got["caption"], got["keywords"]) == ("Caffé", ["sun", "wind"])
    found = await gateway.answer('{ searchPhotos(query: "caffe") { nodes { id } } }', as_=ana)
    assert found["searchPhotos"]["nodes"] == [{"id": photo}]


async def test_unchanged_values_create_no_version(gateway, ana) -> None:
    photo = await gateway.photo("ana", "a", caption="Sea", at=ROME)
    same = {"caption": "Sea", "favorite": False, "location": {"latitude": ROME.latitude, "longitude": ROME.longitude}}
    first = await updated(gateway, ana, photo, **same)  # resolves the place
    assert (await updated(gateway, ana, photo, **same))["version"] == first["version"]


async def test_an_invalid_id_does_not_affect_the_others(gateway, ana) -> None:
    bob = await gateway.customer("bob")
    mine, other = await gateway.photo("ana", "a"), await gateway.photo("bob", "b")
    shared = await gateway.photo("bob", "s")
    album = await gateway.album(bob, "Trip", shared)
    await share(gateway, bob, album, "ana")
    person = gateway.id("Person", "ana", "x")
    given = [other, "nonsense", mine, shared, person, mine, gateway.id("Photo", "ana", "0" * 32)]
    answer = (await gateway.answer(UPDATE, {"i": {"ids": given, "set": {"favorite": True}}}, as_=ana))["updatePhotos"]
    assert [p["id"] for p in answer["photos"]] == [mine]
    assert [(e["code"], e["field"], e["nodeId"]) for e in answer["userErrors"]] == [
        ("NOT_FOUND", ["ids", "0"], other),
        ("NOT_FOUND", ["ids", "1"], "nonsense"),
        ("FORBIDDEN", ["ids", "3"], shared),
        ("NOT_FOUND", ["ids", "4"], person),
        ("NOT_FOUND", ["ids", "6"], given[6]),
    ]
    assert not (await gateway.record(shared)).favorite


async def share(gateway: Gateway, owner: Viewer, album: str, name: str) -> None:
    query = "mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) { userErrors { code } share { id } } }"
    given = {"albumId": album, "with": {"customerId": gateway.id("Customer", name, name)}}
    assert (await gateway.answer(query, {"i": given}, as_=owner))["shareAlbum"]["userErrors"] == []
    await gateway.accept(customer(name))


async def test_guests_and_services_are_rejected(gateway, ana) -> None:
    photo = await gateway.photo("ana", "a")
    for caller in (service(), guest("ana", "album", "link:x")):
        answer = await gateway.execute(UPDATE, {"i": {"ids": [photo], "set": {"caption": "x"}}}, as_=caller)
        assert [e["extensions"]["code"] for e in answer["errors"]] == ["FORBIDDEN"]
    assert (await gateway.record(photo)).version == 1


async def test_invalid_values_are_reported_with_their_path(gateway, ana) -> None:
    photo = await gateway.photo("ana", "a", taken_local="2024-05-01T10:00:00")
    for values, at in (
        ({"rating": 6}, ["set", "rating"]),
        ({"rating": 0}, ["set", "rating"]),
        ({"utcOffsetMinutes": 1081}, ["set", "utcOffsetMinutes"]),
        ({"location": {"latitude": 91, "longitude": 0}}, ["set", "location"]),
        ({"caption": "x" * 10_001}, ["set", "caption"]),
        ({"caption": "nul\0"}, ["set", "caption"]),
        ({"keywords": ["ok", " "]}, ["set", "keywords", "1"]),
        ({"takenAt": "2024-05-01T08:00:00Z", "shiftTakenAtSeconds": 5}, ["set", "shiftTakenAtSeconds"]),
    ):
        assert await faults(gateway, ana, photo, **values) == [("INVALID", at)], values
    assert await faults(gateway, ana, photo, placeId=gateway.id("Place", "", "XX.nowhere")) == [("NOT_FOUND", ["set", "placeId"])]
    assert await faults(gateway, ana, photo, addKeywords=["k" * 490 + str(i) for i in range(100)]) == [("LIMIT", ["ids", "0"])]
    assert (await gateway.record(photo)).version == 1


async def test_more_than_1000_ids_reject_the_mutation(gateway, ana) -> None:
    photo = await gateway.photo("ana", "a")
    assert await faults(gateway, ana, photo, *map(str, range(1_000)), favorite=True) == [("LIMIT", ["ids"])]
    assert not (await gateway.record(photo)).favorite


async def test_an_instant_reads_back_with_the_local_time_of_the_place(gateway, ana) -> None:
    photo = await gateway.photo("ana", "a", time_zone="Europe/Rome")
    got = await updated(gateway, ana, photo, takenAt="2024-07-01T08:00:00Z")
    assert (got["takenAt"], got["takenAtLocal"]) == ("2024-07-01T08:00:00Z", "2024-07-01T10:00:00")
    moved = await updated(gateway, ana, photo, shiftTakenAtSeconds=-3600)
    assert (moved["takenAt"], moved["utcOffsetMinutes"]) == ("2024-07-01T07:00:00Z", 120)
    offset = await updated(gateway, ana, photo, utcOffsetMinutes=-60)
    assert (offset["takenAt"], offset["takenAtLocal"]) == ("2024-07-01T10:00:00Z", "2024-07-01T09:00:00")
    both = await updated(gateway, ana, photo, takenAt="2024-07-01T00:00:00Z", utcOffsetMinutes=330)
    assert both["takenAtLocal"] == "2024-07-01T05:30:00"
    gone = await updated(gateway, ana, photo, takenAt=None)
    assert (gone["takenAt"], gone["takenAtLocal"], gone["utcOffsetMinutes"]) == (None, None, None)
    plain = await gateway.photo("ana", "b")
    assert (await updated(gateway, ana, plain, takenAt="2024-07-01T08:00:00Z"))["takenAt"] == "2024-07-01T08:00:00Z"


async def test_times_out_of_range_are_reported_per_photo(gateway, ana) -> None:
    early = await gateway.photo("ana", "early", taken_local="0001-01-01T00:00:05")
    undated, late = await gateway.photo("ana", "undated"), await gateway.photo("ana", "late", taken_local="2024-01-01T00:00:00")
    errors = await faults(gateway, ana, early, undated, late, shiftTakenAtSeconds=-10)
    assert errors == [("INVALID", ["ids", "0"]), ("INVALID", ["ids", "1"])]
    assert (await gateway.record(late)).taken_local == "2023-12-31T23:59:50"


async def test_a_place_is_resolved_pinned_and_unpinned(gateway, ana) -> None:
    photo = await gateway.photo("ana", "a")
    found = await updated(gateway, ana, photo, location={"latitude": 41.9, "longitude": 12.5})
    rome = found["place"]["code"]
    assert rome
    assert not found["placePinned"]
    assert found["timeZone"] == "Europe/Rome"
    italy = (await gateway.answer("query($p: [PointInput!]!) { placesAt(points: $p) { country { id code } } }",
                                  {"p": [{"latitude": 41.9, "longitude": 12.5}]}, as_=ana))["placesAt"][0]["country"]  # fmt: skip
    pinned = await updated(gateway, ana, photo, placeId=italy["id"])
    assert (pinned["place"]["code"], pinned["placePinned"]) == (italy["code"], True)
    moved = await updated(gateway, ana, photo, location={"latitude": 48.85, "longitude": 2.35})
    assert moved["place"]["code"] == italy["code"]
    again = await updated(gateway, ana, photo, placeId=None)
    assert again["place"]["code"] not in {rome, italy["code"]}
    assert not again["placePinned"]
    nowhere = await updated(gateway, ana, photo, location=None)
    assert (nowhere["location"], nowhere["place"], nowhere["timeZone"]) == (None, None, None)
    assert "LOCATION" not in (await gateway.record(photo)).sealed


async def test_an_old_if_version_is_a_conflict(gateway, ana) -> None:
    a, b = await gateway.photos("ana", "a", "b")
    assert await faults(gateway, ana, a, more={"ifVersion": 1}, favorite=True) == []
    assert await faults(gateway, ana, a, more={"ifVersion": 1}, favorite=False) == [("CONFLICT", ["ids", "0"])]
    assert await faults(gateway, ana, a, b, more={"ifVersion": 1}, favorite=False) == [("INVALID", ["ifVersion"])]
    assert (await gateway.record(a)).favorite


async def test_concurrent_changes_of_one_photo_are_all_applied(gateway, ana) -> None:
    photo = await gateway.photo("ana", "a")
    errors = await asyncio.gather(*(faults(gateway, ana, photo, addKeywords=[f"w{i}"]) for i in range(3)))
    assert errors == [[], [], []]
    answer = await updated(gateway, ana, photo, caption="x")
    assert sorted(answer["keywords"]) == ["w0", "w1", "w2"]


async def test_photos_are_trashed_and_restored(gateway, ana) -> None:
    a, b = await gateway.photos("ana", "a", "b", taken_local="2024-01-01T00:00:00")
    trashed = (await gateway.answer(TRASH, {"i": {"ids": [a, a, "x"]}}, as_=ana))["trashPhotos"]
    assert trashed["photoIds"] == [a]
    assert trashed["photos"][0]["trashedAt"]
    assert trashed["userErrors"][0]["field"] == ["ids", "2"]
    assert (await gateway.answer(TIMELINE, as_=ana))["photos"]["nodes"] == [{"id": b}]
    total = await gateway.answer("{ photos(filter: {states: [TRASHED]}) { total { count } nodes { id } } }", as_=ana)
    assert total["photos"] == {"total": {"count": 1}, "nodes": [{"id": a}]}
    restored = (await gateway.answer(RESTORE, {"i": {"ids": [a, b]}}, as_=ana))["restorePhotos"]
    assert [p["trashedAt"] for p in restored["photos"]] == [None, None]
    assert (await gateway.record(b)).version == 1


async def test_a_deleted_photo_is_removed_everywhere(gateway, ana) -> None:
    a, b = await gateway.photos("ana", "a", "b", caption="secret words")
    done = (await gateway.answer(DELETE, {"i": {"ids": [a]}}, as_=ana))["deletePhotos"]
    assert done == {"deletedPhotoIds": [a], "userErrors": []}
    again = (await gateway.answer(DELETE, {"i": {"ids": [a]}}, as_=ana))["deletePhotos"]
    assert again["userErrors"] == [{"code": "NOT_FOUND", "field": ["ids", "0"], "nodeId": a}]
    assert (await gateway.answer("query($i: ID!) { photo(id: $i) { id } }", {"i": a}, as_=ana))["photo"] is None
    found = await gateway.answer('{ searchPhotos(query: "secret") { nodes { id } total { count } } }', as_=ana)
    assert found["searchPhotos"] == {"nodes": [{"id": b}], "total": {"count": 1}}
    stored = await gateway.record(a)
    assert stored.deleted
    assert not stored.sealed


async def test_mutations_succeed_without_the_index(gateway, ana, monkeypatch) -> None:
    photo = await gateway.photo("ana", "a", taken_local="2024-01-01T00:00:00")

    async def dead(*_):
        raise Unavailable("search", "down")

    monkeypatch.setattr(gateway.sources.index, "refresh", dead)
    assert (await updated(gateway, ana, photo, favorite=True))["favorite"] is True
    answer = await gateway.execute("{ photos(filter: {favorite: true}) { total { count } } }", as_=ana)
    assert [d["reason"] for d in answer["extensions"]["degraded"]] == ["Stale"]


async def test_mutations_of_one_document_see_earlier_changes(gateway, ana) -> None:
    a, b = await gateway.photos("ana", "a", "b")
    query = """mutation($a: [ID!]!, $b: [ID!]!) {
      one: createAlbum(input: {title: "T", photoIds: $a}) { album { photoCount photos { nodes { id } } } }
      two: trashPhotos(input: {ids: $b}) { photoIds }
      three: createAlbum(input: {title: "U", photoIds: $a}) { album { photoCount title } }
      four: updatePhotos(input: {ids: $a, set: {caption: "late"}}) { photos { caption albums { title } } } }"""
    done = await gateway.answer(query, {"a": [a, b], "b": [b]}, as_=ana)
    assert done["one"]["album"]["photoCount"] == 2
    assert done["three"]["album"]["photoCount"] == 1
    assert done["four"]["photos"][0] == {"caption": "late", "albums": [{"title": "T"}, {"title": "U"}]}
