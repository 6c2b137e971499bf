"""Services access customers' records by scope and purpose: exactly the classes of their scopes, on every path."""

from __future__ import annotations

from typing import Any

import pytest

from access.viewer import Viewer, ViewerKind
from resolvers.facet_keys import FacetBy
from tests.requests.harness import ROME, Gateway

EVERY_CLASS = (
    "mediaType takenOn takenAtLocal place { name } location { latitude precision } caption people { name } favorite withheld"
)
PAGE = "query($id: ID!) { customer(id: $id) { photos { total { count exact } nodes { %s } } } }"
ALL_SCOPES = ("read", "time", "place", "location", "content", "picture", "people")


def service(*scopes: str, purpose: str | None = "tests") -> Viewer:
    return Viewer(ViewerKind.SERVICE, "reports", scopes=frozenset(f"photos:{s}" for s in scopes), purpose=purpose)


async def one_photo(gateway: Gateway) -> tuple[str, str]:
    await gateway.customer("ana")
    person = await gateway.person("ana", "Eva")
    photo = await gateway.photo(
        "ana",
        "one",
        at=ROME,
        place="gn:3169070",
        caption="A secret caption",
        taken_local="2024-05-01T10:11:12",
        favorite=True,
        people=(gateway.sources.ids.decode(person).local,),
    )
    return gateway.id("Customer", "ana", "ana"), photo


async def seen(gateway: Gateway, viewer: Viewer, fields: str) -> dict[str, Any]:
    customer, photo = await one_photo(gateway)
    page = (await gateway.answer(PAGE % fields, {"id": customer}, as_=viewer))["customer"]["photos"]["nodes"]
    others = await gateway.answer(
        f"query($id: ID!) {{ photo(id: $id) {{ {fields} }} nodes(ids: [$id]) {{ ... on Photo {{ {fields} }} }} "
        f'_entities(representations: [{{__typename: "Photo", id: "{photo}"}}]) {{ ... on Photo {{ {fields} }} }} }}',
        {"id": photo},
        as_=viewer,
    )
    assert page == [others["photo"]] == others["nodes"] == others["_entities"]
    return dict(page[0])


@pytest.mark.parametrize(
    ("scopes", "fields", "expected"),
    [
        (("read", "time"), "mediaType", {"mediaType": "PHOTO"}),
        (("read", "time"), "takenOn takenAtLocal takenAt", {"takenOn": "2024-05-01", "takenAtLocal": "2024-05-01T10:11:12"}),
        (("read", "time", "place"), "place { kind }", {"place": {"kind": "CITY"}}),
        (("read", "time", "location"), "location { latitude precision }", {"location": {"latitude": 41.9, "precision": "EXACT"}}),
        (("read", "time", "content"), "caption", {"caption": "A secret caption"}),
        (("read", "time", "people"), "people { name photoCount }", {"people": [{"name": "Eva", "photoCount": None}]}),
    ],
)
async def test_each_scope_gives_access_to_its_class_on_every_path(
    gateway: Gateway, scopes: tuple[str, ...], fields: str, expected: dict[str, Any]
) -> None:
    found = await seen(gateway, service(*scopes), fields)
    assert {k: v for k, v in found.items() if v is not None} == expected


@pytest.mark.parametrize(
    ("missing", "field"),
    [
        ("time", "takenOn"),
        ("place", "place { id }"),
        ("location", "location { latitude }"),
        ("content", "caption"),
        ("people", "people { name }"),
        ("read", "mediaType"),
    ],
)
async def test_without_its_scope_a_class_is_rejected_before_any_source_call(gateway: Gateway, missing: str, field: str) -> None:
    _, photo = await one_photo(gateway)
    rest = service(*(s for s in ALL_SCOPES if s != missing))
    for query in (
        f"query($id: ID!) {{ photo(id: $id) {{ {field} }} }}",
        f"query($id: ID!) {{ node(id: $id) {{ ... on Photo {{ {field} }} }} }}",
    ):
        answer = await gateway.execute(query, {"id": photo}, as_=rest)
        assert [e["extensions"]["code"] for e in answer["errors"]] == ["FORBIDDEN"]


@pytest.mark.parametrize("purpose", [None, "", "  "])
async def test_without_a_purpose_no_personal_data_is_returned(gateway: Gateway, purpose: str | None) -> None:
    _, photo = await one_photo(gateway)
    nobody = service(*ALL_SCOPES, purpose=purpose)
    refused = await gateway.execute("query($id: ID!) { photo(id: $id) { mediaType } }", {"id": photo}, as_=nobody)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await gateway.answer("query($id: ID!) { photo(id: $id) { __typename } }", {"id": photo}, as_=nobody) == {"photo": None}


async def test_only_the_owner_sees_favorites_and_hidden_photos(gateway: Gateway) -> None:
    customer, _ = await one_photo(gateway)
    hidden = await gateway.photo("ana", "two", hidden=True)
    everything = service(*ALL_SCOPES)
    refused = await gateway.execute("query($id: ID!) { photo(id: $id) { favorite } }", {"id": hidden}, as_=everything)
    assert refused["errors"][0]["extensions"]["coordinates"] == ["Photo.favorite"]
    page = await gateway.answer(PAGE % "id withheld", {"id": customer}, as_=service("read", "time"))
    assert page["customer"]["photos"]["total"] == {"count": 1, "exact": True}
    withheld = page["customer"]["photos"]["nodes"][0]["withheld"]
    assert withheld == ["PLACE", "LOCATION", "CONTENT", "FILE_NAME", "OWNER_STATE", "PICTURE", "BIOMETRIC", "IDENTITY"]


async def test_viewers_who_may_not_see_names_cannot_search_people_by_name(gateway: Gateway) -> None:
    customer, _ = await one_photo(gateway)
    for condition in ("people: {any: []}", "hasPeople: true"):
        query = f"query($id: ID!) {{ customer(id: $id) {{ photos(filter: {{{condition}}}) {{ nodes {{ id }} }} }} }}"
        answer = await gateway.execute(query, {"id": customer}, as_=service(*ALL_SCOPES))
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


WIDE = """{ photos(library: ALL, first: 0) { total { count exact } facet(by: MEDIA_TYPE) { missingCount otherCount buckets { key count } }
  histogram(by: YEAR) { missingCount buckets { start count cover { id } } } } }"""


async def test_small_groups_over_all_customers_are_not_counted(gateway: Gateway) -> None:
    await gateway.customer("ana")
    await gateway.customer("bob")
    counting = service("read", "time")
    await gateway.photos("ana", *"ab", taken_local="2024-05-01T10:11:12")
    await gateway.photos("bob", *"cd", taken_local="2024-05-01T10:11:12", media_type="VIDEO")
    assert (await gateway.answer(WIDE, as_=counting))["photos"] == {
        "total": {"count": 0, "exact": False},
        "facet": {"missingCount": 0, "otherCount": 0, "buckets": []},
        "histogram": {"missingCount": 0, "buckets": []},
    }
    await gateway.photos("bob", *"efg", taken_local="2024-05-01T10:11:12")
    assert (await gateway.answer(WIDE, as_=counting))["photos"] == {
        "total": {"count": 7, "exact": True},
        "facet": {"missingCount": 0, "otherCount": 0, "buckets": [{"key": "PHOTO", "count": 5}]},
        "histogram": {"missingCount": 0, "buckets": [{"start": "2024-01-01", "count": 7, "cover": None}]},
    }


async def test_photos_of_all_customers_cannot_be_listed(gateway: Gateway) -> None:
    _, photo = await one_photo(gateway)
    for query in (
        "{ photos(library: ALL) { nodes { id } } }",
        "{ photos(library: ALL) { edges { cursor } } }",
        '{ searchPhotos(query: "secret", library: ALL) { nodes { id } } }',
        f'{{ photo(id: "{photo}") {{ neighbors(library: ALL) {{ next {{ id }} }} }} }}',
    ):
        answer = await gateway.execute(query, as_=service(*ALL_SCOPES))
        assert [e["extensions"]["reason"] for e in answer["errors"]] == ["NAME_A_CUSTOMER"], query
        assert photo not in str(answer["data"])


IDENTIFYING = ("OWNER", "ALBUM", "PERSON", "KEYWORD")
"""Facets whose keys are customers, or objects or texts of customers."""


async def test_keys_that_identify_are_refused_where_no_customer_is_named(gateway: Gateway) -> None:
    customer, _ = await one_photo(gateway)
    await gateway.photos("ana", *"abcdef", keywords=("ana and max",))
    for by in IDENTIFYING:
        for query in (
            f"{{ photos(library: ALL, first: 0) {{ facet(by: {by}) {{ missingCount otherCount buckets {{ key }} }} }} }}",
            f'{{ searchPhotos(query: "a", library: ALL, first: 0) {{ facet(by: {by}) {{ buckets {{ key node {{ id }} }} }} }} }}',
            f'{{ photos(library: ALL, first: 0, filter: {{facets: [{{by: {by}, keys: ["x"]}}]}}) {{ total {{ count }} }} }}',
            f'{{ photos(library: ALL, first: 0, filter: {{facets: [{{by: {by}, keys: ["x"]}}]}}) {{ histogram(by: YEAR) {{ missingCount }} }} }}',
        ):
            answer = await gateway.execute(query, as_=service(*ALL_SCOPES))
            (error,) = answer["errors"]
            # A service may not count people at all, so that facet is rejected before execution.
            assert error["extensions"]["code"] == "FORBIDDEN", query
            assert error["extensions"].get("reason") == (None if by == "PERSON" else "NAME_A_CUSTOMER"), query
    query = "query($id: ID!) { customer(id: $id) { photos { facet(by: %s) { buckets { count } } } } }"
    for by, count in (("OWNER", 7), ("KEYWORD", 6)):
        named = await gateway.answer(query % by, {"id": customer}, as_=service(*ALL_SCOPES))
        assert named["customer"]["photos"]["facet"]["buckets"] == [{"count": count}]


def test_every_facet_by_objects_or_texts_of_customers_identifies() -> None:
    public = {"Place", "Label"}
    technical = {FacetBy.CAMERA, FacetBy.LENS, FacetBy.MEDIA_TYPE, FacetBy.RATING, FacetBy.FAVORITE, FacetBy.YEAR, FacetBy.MONTH}
    assert {by.name for by in FacetBy if by.identifies} == set(IDENTIFYING)
    assert all(by.node_type in public or by in technical for by in FacetBy if not by.identifies)
