"""Queries of a library: complete pages, consistent counts, errors with reasons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from execution.errors import RequestError


def pages(gateway: Any, field: str, arguments: str, size: int, customer: str = "ana") -> Iterator[list[dict[str, Any]]]:
    query = f"""query($n: Int, $a: String) {{ list: {field}(first: $n, after: $a{arguments}) {{
      edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage endCursor hasPreviousPage }} }} }}"""
    after = None
    while True:
        page = gateway.ask(query, {"n": size, "a": after}, customer=customer)["list"]
        yield page["edges"]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def ids(gateway: Any, field: str, arguments: str = "", size: int = 177, customer: str = "ana") -> list[str]:
    return [e["node"]["id"] for page in pages(gateway, field, arguments, size, customer) for e in page]


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("photos", ""),
        ("photos", ", order: TAKEN_AT_ASC"),
        ("photos", ", order: ADDED_AT_DESC, filter: {hasPeople: true}"),
        ("photos", ", library: ALL"),
        ("photos", ", filter: {states: [HIDDEN, TRASHED]}"),
        ("searchPhotos", ', query: "Roma"'),
        ("searchPhotos", ', query: "mare spiaggia", order: TAKEN_AT_ASC'),
        ("albums", ", order: TITLE_ASC"),
        ("people", ", order: NAME_ASC"),
        ("labels", ""),
        ("places", ', query: "San"'),
    ],
)
def test_pages_of_every_list_are_complete_and_disjoint(demo_gateway, field, arguments) -> None:
    found = ids(demo_gateway, field, arguments, size=97)
    total = demo_gateway.ask(f"{{ list: {field}(first: 0{arguments}) {{ total {{ count }} }} }}")["list"]["total"]["count"]
    assert len(found) == len(set(found)) == total


def test_the_timeline_is_the_same_from_the_table_and_from_the_index(demo_gateway) -> None:
    from_index = ", filter: {any: [{states: [ACTIVE]}]}"
    for order in ("TAKEN_AT_DESC", "TAKEN_AT_ASC"):
        assert ids(demo_gateway, "photos", f", order: {order}") == ids(demo_gateway, "photos", f"{from_index}, order: {order}")


def test_backward_paging_returns_the_same_list(demo_gateway) -> None:
    query = """query($n: Int, $b: String) { photos(last: $n, before: $b) {
      nodes { id } pageInfo { hasPreviousPage startCursor hasNextPage } } }"""
    found: list[str] = []
    before = None
    while True:
        page = demo_gateway.ask(query, {"n": 150, "b": before})["photos"]
        found = [n["id"] for n in page["nodes"]] + found
        before = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break
    assert found == ids(demo_gateway, "photos")


def test_filtering_by_a_histogram_bucket_returns_its_count(demo_gateway) -> None:
    head = demo_gateway.ask(
        "{ photos(first: 0) { total { count } histogram(by: YEAR) { missingCount buckets { start end count } } } }"
    )
    histogram, total = head["photos"]["histogram"], head["photos"]["total"]["count"]
    assert sum(b["count"] for b in histogram["buckets"]) + histogram["missingCount"] == total
    for bucket in histogram["buckets"]:
        span = {"start": bucket["start"], "end": bucket["end"]}
        query = "query($f: PhotoFilter) { photos(first: 0, filter: $f) { total { count } } }"
        assert demo_gateway.ask(query, {"f": {"takenOn": span}})["photos"]["total"]["count"] == bucket["count"]


@pytest.mark.parametrize("by", ["COUNTRY", "REGION", "CITY", "PERSON", "LABEL", "ALBUM", "OWNER", "KEYWORD", "CAMERA", "LENS"])
def test_selecting_a_facet_bucket_returns_its_photos(demo_gateway, by) -> None:
    query = f"""query($f: PhotoFilter) {{ photos(first: 0, filter: $f, library: ALL) {{ total {{ count }}
      facet(by: {by}, first: 3) {{ otherCount missingCount endCursor buckets {{ key name count selected node {{ id }} }} }} }} }}"""
    facet = demo_gateway.ask(query)["photos"]["facet"]
    for bucket in facet["buckets"]:
        chosen = demo_gateway.ask(query, {"f": {"facets": [{"by": by, "keys": [bucket["key"]]}]}})["photos"]
        assert chosen["total"]["count"] == bucket["count"]
        # The selection in a facet does not affect its own counts, so the other values are still listed.
        assert [(b["key"], b["count"]) for b in chosen["facet"]["buckets"]] == [(b["key"], b["count"]) for b in facet["buckets"]]
        assert [b["key"] for b in chosen["facet"]["buckets"] if b["selected"]] == [bucket["key"]]


def test_facet_buckets_are_paged(demo_gateway) -> None:
    query = """query($a: String) { photos(first: 0) { facet(by: CITY, first: 7, after: $a, order: NAME_ASC) {
      endCursor otherCount buckets { name key count } } } }"""
    names: list[str] = []
    after, left = None, None
    while True:
        facet = demo_gateway.ask(query, {"a": after})["photos"]["facet"]
        assert left is None or facet["otherCount"] == left - sum(b["count"] for b in facet["buckets"])
        left = facet["otherCount"]
        names += [b["key"] for b in facet["buckets"]]
        after = facet["endCursor"]
        if after is None:
            break
    everything = demo_gateway.ask("{ photos(first: 0) { facet(by: CITY, first: 200, order: NAME_ASC) { buckets { key } } } }")
    assert names == [b["key"] for b in everything["photos"]["facet"]["buckets"]]
    assert len(names) == len(set(names))


def test_neighbors_are_the_adjacent_photos_of_the_list(demo_gateway) -> None:
    found = ids(demo_gateway, "photos")
    query = "query($id: ID!) { photo(id: $id) { neighbors { previous { id } next { id } } } }"
    for at in (0, 1, 700, len(found) - 1):
        around = demo_gateway.ask(query, {"id": found[at]})["photo"]["neighbors"]
        before, after = (around[k] and around[k]["id"] for k in ("previous", "next"))
        assert before == (found[at - 1] if at else None)
        assert after == (found[at + 1] if at + 1 < len(found) else None)


def test_other_customers_objects_are_not_found(demo_gateway) -> None:
    photo = ids(demo_gateway, "photos", size=200)[0]
    query = "query($id: ID!, $ids: [ID!]!) { photo(id: $id) { id } node(id: $id) { id } nodes(ids: $ids) { id } album(id: $id) { id } }"
    for unknown in (photo, "AAAA", "", "UGxhY2U6WFg", "é" * 3000):
        seen = demo_gateway.ask(query, {"id": unknown, "ids": [unknown, "UGxhY2U6SVQ"]}, customer="priya")
        assert seen == {"photo": None, "node": None, "nodes": [None, {"id": "UGxhY2U6SVQ"}], "album": None}


def test_a_cursor_is_valid_for_its_list_and_viewer_only(demo_gateway) -> None:
    query = (
        "query($a: String, $f: PhotoFilter) { photos(first: 2, after: $a, filter: $f) { nodes { id } pageInfo { endCursor } } }"
    )
    cursor = demo_gateway.ask(query)["photos"]["pageInfo"]["endCursor"]
    for customer, variables in (
        ("kenji", {"a": cursor}),
        ("ana", {"a": cursor, "f": {"favorite": True}}),
        ("ana", {"a": cursor[:-2] + "AA"}),
        ("ana", {"a": "nonsense"}),
    ):
        answer = demo_gateway.post({"query": query, "variables": variables}, customer=customer)
        assert answer["data"] == {"photos": None} or answer["data"]["photos"] is None
        assert answer["errors"][0]["extensions"]["code"] == "STALE_CURSOR"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("first: -1", "PAGE_SIZE"),
        ("first: 201", "PAGE_SIZE"),
        ("first: 1, last: 1", "PAGE_ARGUMENTS"),
        ('last: 1, after: "x"', "PAGE_ARGUMENTS"),
        ("filter: {within: {west: 1, east: 2, south: 9, north: 3}}", "BOX"),
        ("filter: {near: {latitude: 91, longitude: 0, radiusMeters: 1}}", "DEGREES"),
        ("filter: {near: {latitude: 1, longitude: 0, radiusMeters: -1}}", "CIRCLE"),
        ("filter: {not: {facets: []}}", "FACETS_NESTED"),
    ],
)
def test_invalid_arguments_are_rejected_with_a_reason(demo_gateway, arguments, reason) -> None:
    answer = demo_gateway.post({"query": f"{{ photos({arguments}) {{ nodes {{ id }} }} }}"}, customer="ana")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert answer["errors"][0]["extensions"]["reason"] == reason


def test_an_empty_list_matches_nothing_and_null_is_no_condition(demo_gateway) -> None:
    query = "query($f: PhotoFilter) { photos(first: 0, filter: $f) { total { count } } }"

    def count(given: dict[str, Any] | None) -> int:
        return int(demo_gateway.ask(query, {"f": given})["photos"]["total"]["count"])

    everything = count(None)
    assert count({"cameras": None, "takenOn": {}, "rating": {}, "not": None}) == everything
    nothing: tuple[dict[str, Any], ...] = (
        {"cameras": []},
        {"people": {"any": []}},
        {"places": {"all": []}},
        {"any": []},
        {"all": []},
        {"countryCodes": []},
    )
    assert [count(given) for given in nothing] == [0] * len(nothing)
    assert count({"people": {"none": []}}) == everything
    assert count({"not": {"favorite": True}}) + count({"favorite": True}) == count({"any": [{"states": ["ACTIVE"]}]})


def test_a_service_sees_places_and_no_photos(demo_gateway) -> None:
    place = demo_gateway.post({"query": '{ place(id: "UGxhY2U6SVQ") { name center { latitude } } }'}, service=True)
    assert place["data"]["place"]["center"]["latitude"] == pytest.approx(42, abs=2)
    with pytest.raises(RequestError, match="no permission"):
        demo_gateway.post({"query": "{ photos(first: 1) { nodes { location { latitude } } } }"}, service=True)


def test_names_are_localized_and_have_a_language(demo_gateway) -> None:
    query = '{ place(id: "UGxhY2U6SlA") { name localizedName { text language } de: name(languages: ["de-AT"]) } }'
    place = demo_gateway.ask(query, languages="ja,en")["place"]
    assert place == {"name": "日本", "localizedName": {"text": "日本", "language": "ja"}, "de": "Japan"}


def test_a_minimal_query_works(demo_gateway) -> None:
    nodes = demo_gateway.ask("{ photos(first: 3) { nodes { takenAt place { name } } } }")["photos"]["nodes"]
    assert len(nodes) == 3
