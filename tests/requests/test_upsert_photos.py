"""The mutation `upsertPhotos`: import records, one result each, in the library of the named customer only."""

from __future__ import annotations

import pytest

from access.viewer import Viewer, ViewerKind
from tests.requests.harness import Gateway, customer

UPSERT = """mutation($i: UpsertPhotosInput!) { upsertPhotos(input: $i) {
  photos { id sourceId version } userErrors { code field message nodeId } clientMutationId } }"""
BARE = "mutation($i: UpsertPhotosInput!) { upsertPhotos(input: $i) { photos { __typename } userErrors { code field nodeId } } }"


SCOPES = ("photos:write", "photos:read", "photos:content", "photos:time", "photos:location")


def service(*scopes: str) -> Viewer:
    return Viewer(ViewerKind.SERVICE, "etl", scopes=frozenset(scopes or SCOPES), purpose="sync")


async def upsert(gateway: Gateway, *records: object, who: str = "ana", as_: Viewer | None = None, **more: object):
    given = {"customerId": who, "records": list(records), **more}
    return (await gateway.answer(UPSERT, {"i": given}, as_=as_ or service()))["upsertPhotos"]


def owner_of(gateway: Gateway, external: str = "ana") -> Viewer:
    return customer(gateway.sources.ids.local_id("customer", external))


async def test_records_are_written_in_order_and_invalid_ones_are_reported(gateway) -> None:
    done = await upsert(
        gateway,
        {
            "sourceId": "a",
            "caption": "one",
            "albums": ["Trip"],
            "people": ["Yuki"],
            "labels": [{"key": "beach", "confidence": 0.9}],
        },
        {"caption": "no key"},
        {"sourceId": "b", "latitude": 99, "longitude": 1},
        {"sourceId": "c", "hidden": True},
        "nonsense",
    )
    assert [p and p["sourceId"] for p in done["photos"][:1]] == ["a"]
    # Services may not see hidden photos, also not those that they wrote.
    assert [p is not None for p in done["photos"]] == [True, False, False, False, False]
    assert [(e["code"], e["field"]) for e in done["userErrors"]] == [
        ("INVALID", ["records", "1", "sourceId"]),
        ("INVALID", ["records", "2", "latitude"]),
        ("INVALID", ["records", "4"]),
    ]
    ana = owner_of(gateway)
    seen = await gateway.answer(
        '{ searchPhotos(query: "beach") { nodes { sourceId people { name } albums { title } } } }', as_=ana
    )
    assert seen["searchPhotos"]["nodes"] == [{"sourceId": "a", "people": [{"name": "Yuki"}], "albums": [{"title": "Trip"}]}]


async def test_a_repeat_changes_nothing_and_a_change_is_the_next_version(gateway) -> None:
    first = await upsert(gateway, {"sourceId": "a", "caption": "one"}, clientMutationId="try")
    assert await upsert(gateway, {"sourceId": "a", "caption": "one"}, clientMutationId="try") == first
    same = await upsert(gateway, {"sourceId": "a", "caption": "one"})
    assert same["photos"] == first["photos"]
    changed = await upsert(gateway, {"sourceId": "a", "caption": "two"})
    assert (changed["photos"][0]["id"], changed["photos"][0]["version"]) == (first["photos"][0]["id"], 2)
    twice = await upsert(gateway, {"sourceId": "b"}, {"sourceId": "b", "rating": 3})
    assert twice["photos"][0]["id"] == twice["photos"][1]["id"]


async def test_a_customer_is_found_by_both_ids_and_created_by_external_id_only(gateway) -> None:
    await upsert(gateway, {"sourceId": "a"}, who="ana")
    local = gateway.sources.ids.local_id("customer", "ana")
    by_global = await upsert(gateway, {"sourceId": "b"}, who=gateway.id("Customer", local, local))
    assert by_global["userErrors"] == []
    for unknown in (
        gateway.id("Customer", "f" * 32, "f" * 32),
        gateway.id("Customer", local, local)[:-2] + "xx",
        "",
        "a\nb",
        "x" * 300,
    ):
        refused = await upsert(gateway, {"sourceId": "c"}, who=unknown)
        assert (refused["photos"], [e["code"] for e in refused["userErrors"]]) == ([], ["NOT_FOUND"])
    assert [c async for c in gateway.sources.customers.everyone()] == [local]


async def test_an_erased_customer_is_not_created_again(gateway) -> None:
    await upsert(gateway, {"sourceId": "a"})
    await gateway.sources.keys.destroy(gateway.sources.ids.local_id("customer", "ana"))
    for who in ("ana", gateway.id("Customer", *[gateway.sources.ids.local_id("customer", "ana")] * 2)):
        given = {"i": {"customerId": who, "records": [{"sourceId": "b"}]}}
        (error,) = (await gateway.execute(UPSERT, given, as_=service()))["errors"]
        assert (error["extensions"]["code"], error["extensions"]["reason"]) == ("FORBIDDEN", "ERASED")


@pytest.mark.parametrize("scopes", [("photos:read",), ("photos:write",)])
async def test_a_service_needs_the_write_scope_and_sees_only_its_classes(gateway, scopes) -> None:
    given = {"i": {"customerId": "ana", "records": [{"sourceId": "a"}]}}
    answer = await gateway.execute(BARE, given, as_=service(*scopes))
    if scopes == ("photos:write",):
        assert answer["data"]["upsertPhotos"] == {"photos": [None], "userErrors": []}
        errors = await gateway.execute(UPSERT, given, as_=service(*scopes))
        assert errors["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    else:
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert [c async for c in gateway.sources.customers.everyone()] == []


FULL = """fragment F on Photo { id version mediaType contentType fileSize width height camera { name lens } exposure { iso }
  takenOn takenAtLocal addedAt caption fileName sourceId keywords withheld viewerCan owner { id } }"""


async def test_a_written_photo_is_returned_as_its_viewer_may_see_it(gateway) -> None:
    """Hidden photos and photos in the trash do not exist for services, whatever wrote them."""
    ana = await gateway.customer(gateway.sources.ids.local_id("customer", "ana"))
    more = {"camera": {"make": "Canon", "model": "R5"}, "exposure": {"iso": 100}, "fileSize": 7, "width": 40, "height": 30}
    states: tuple[dict[str, object], ...] = ({}, {"hidden": True}, {"trashedAt": "2024-05-01T00:00:00Z"})
    records = [{"sourceId": str(n), "caption": "Sea", **more, **state} for n, state in enumerate(states)]
    written = await upsert(gateway, *records, who=gateway.id("Customer", ana.customer, ana.customer), as_=ana)
    ids = [p["id"] for p in written["photos"]]
    assert len(set(ids)) == len(states)
    etl = service("photos:write", "photos:read", "photos:time", "photos:content")
    query = FULL.replace("caption fileName sourceId", "caption") + (
        " mutation($i: UpsertPhotosInput!) { upsertPhotos(input: $i) { photos { ...F } userErrors { code } } }"
    )
    given = {"i": {"customerId": "ana", "records": [{"sourceId": str(n)} for n in range(len(states))]}}
    done = (await gateway.answer(query, given, as_=etl))["upsertPhotos"]
    nodes = FULL.replace("caption fileName sourceId", "caption") + " query($ids: [ID!]!) { nodes(ids: $ids) { ...F } }"
    assert done["photos"] == (await gateway.answer(nodes, {"ids": ids}, as_=etl))["nodes"]
    assert done["userErrors"] == []
    assert [p and (p["id"], p["camera"]["name"], p["viewerCan"]) for p in done["photos"]] == [
        (ids[0], "Canon R5", []),
        None,
        None,
    ]
    own = FULL + " query($ids: [ID!]!) { nodes(ids: $ids) { ...F } }"
    assert [p["id"] for p in (await gateway.answer(own, {"ids": ids}, as_=ana))["nodes"]] == ids


async def test_customers_write_to_their_own_library_only_and_guests_cannot_write(gateway) -> None:
    bob = await gateway.customer("bob")
    own = await upsert(gateway, {"sourceId": "a"}, who=gateway.id("Customer", "bob", "bob"), as_=bob)
    assert own["userErrors"] == []
    other = await upsert(gateway, {"sourceId": "a"}, who="ana", as_=bob)
    assert [e["code"] for e in other["userErrors"]] == ["NOT_FOUND"]
    assert [c async for c in gateway.sources.customers.everyone()] == ["bob"]
    many = await upsert(gateway, *({"sourceId": str(i)} for i in range(201)), who=gateway.id("Customer", "bob", "bob"), as_=bob)
    assert [(e["code"], e["field"]) for e in many["userErrors"]] == [("LIMIT", ["records"])]
