from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import OperationType

from tests.demo import DemoGateway
from tests.operations.client_operations import NOT_SERVED_YET, empty_paths, names_of, operations, reduced

NEPAL = {"takenOn": {"start": "2019-02-09", "end": "2019-02-20"}}
FACETS = ("people", "things", "cities", "years", "cameras", "favorites")
ITALY = "UGxhY2U6SVQ"
# (variables, paths that may be null or empty in every item, for example the duration of a photo)
READS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "TimelineQuery": ({"first": 100, "filter": {"mediaTypes": ["VIDEO"]}}, {"photos.edges.node.trashedAt"}),
    "TimelineHeadQuery": ({"filter": {"favorite": True}}, set()),
    "TimelineMonthQuery": (
        {"start": "2019-02-01", "end": "2019-03-01"},
        {"photos.edges.node.trashedAt"},
    ),
    "PhotoDetailQuery": ({"id": "photo", "languages": ["it", "en"], "library": "MINE"}, {
        "photo.durationSeconds", "photo.trashedAt", "photo.withheld", "photo.original",  # the demo's pictures have no files
        "photo.neighbors.previous.durationSeconds", "photo.neighbors.previous.trashedAt",
        "photo.neighbors.next.durationSeconds", "photo.neighbors.next.trashedAt",
    }),
    "SearchPageQuery": ({"query": "neve Cortina", "languages": ["it"], "first": 50}, {"searchPhotos.edges.node.trashedAt"}),
    "SearchHeadQuery": (
        {"query": "neve Cortina", "languages": ["it"], "filter": {"facets": [{"by": "COUNTRY", "keys": [ITALY]}]}},
        {"searchPhotos.degraded", *(f"searchPhotos.{facet}.endCursor" for facet in FACETS)},
    ),
    "SearchFacetMoreQuery": ({"query": "snow", "by": "CITY", "within": "cor"}, {"searchPhotos.facet.endCursor"}),
    "MapClusterQuery": ({"filter": NEPAL, "first": 50}, {"photos.edges.node.trashedAt"}),
    "AlbumShareDialogQuery": ({"id": "album"}, {"album.shares.expiresAt", "album.shares.url"}),
    "PeoplePageQuery": ({"query": "moretti", "named": True}, set()),
    "BatchExportQuery": ({"start": "2019-02-09", "end": "2019-02-20"}, set()),
    "ServiceEntitiesQuery": ({"representations": "references"}, set()),
    "ServicePlacesAtQuery": ({"points": [{"latitude": 41.9, "longitude": 12.5}, {"latitude": 0, "longitude": 0}]}, set()),
    "ServiceTranslateQuery": ({"terms": ["playa", "perro", "Alemania"], "to": ["en", "sv"]}, {"translate.label"}),
    "ServiceCustomerPhotosQuery": (
        {"id": "customer", "since": "2020-01-01T00:00:00Z"},
        {"viewer.scopes", "viewer.purpose", "customer.photos.nodes.withheld"},  # a person's own, seen by the person
    ),
}  # fmt: skip


@pytest.fixture
def found(demo_gateway: DemoGateway) -> dict[str, Any]:
    """Ids and references that the operations use as variables."""
    data = demo_gateway.ask(
        """{ photos(first: 1, filter: {
               hasCaption: true, hasPeople: true, hasLocation: true, keywords: ["summer"], rating: { min: 1 }, iso: { min: 1 }
             }) { nodes { id } }
             albums(query: "Pacific") { nodes { id } }
             viewer { customer { id } } }"""
    )
    photo, album = data["photos"]["nodes"][0]["id"], data["albums"]["nodes"][0]["id"]
    references = [{"__typename": "Photo", "id": photo}, {"__typename": "Place", "id": "UGxhY2U6Z246MzE2OTA3MA"}]
    return {"photo": photo, "album": album, "customer": data["viewer"]["customer"]["id"], "references": references}


def filled(variables: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found.get(value, value) if isinstance(value, str) else value for name, value in variables.items()}


@pytest.mark.parametrize("name", sorted(READS))
def test_each_client_query_returns_data_without_errors(name: str, demo_gateway: DemoGateway, found: dict[str, Any]) -> None:
    variables, may_be_empty = READS[name]
    data = demo_gateway.ask(operations()[name], filled(variables, found))
    empty = {path.removeprefix("data.") for path in empty_paths(data)}
    assert empty <= may_be_empty


def test_every_served_query_is_tested() -> None:
    assert set(READS) == names_of(OperationType.QUERY) - {"BatchStatusQuery"}  # tested with its bulk operation


def test_the_list_of_fields_not_served_yet_is_up_to_date() -> None:
    """A change that serves a field removes it from not_served_yet.txt."""
    assert "".join(f"{line}\n" for line in sorted(reduced().removed)) == NOT_SERVED_YET.read_text("utf-8")


def test_consecutive_pages_have_no_gap(demo_gateway: DemoGateway) -> None:
    seen: list[str] = []
    after = None
    while True:
        page = demo_gateway.ask(operations()["MapClusterQuery"], {"filter": NEPAL, "first": 50, "after": after})["photos"]
        seen += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    head = demo_gateway.ask(operations()["TimelineHeadQuery"], {"filter": NEPAL})["photos"]
    assert len(seen) == len(set(seen)) == head["total"]["count"] == sum(b["count"] for b in head["histogram"]["buckets"])
    assert len(seen) > 100
