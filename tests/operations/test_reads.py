from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import OperationType

from tests.demo import DemoGateway
from tests.operations.client_operations import TAKEN_OUT, emptiness, names_of, operations, reduced

NEPAL = {"takenOn": {"start": "2019-02-09", "end": "2019-02-20"}}
FACETS = ("people", "things", "cities", "years", "cameras", "favorites")
ITALY = "UGxhY2U6SVQ"
# (variables, what may be null or empty on every row: a picture has no length, an undated list no end, nobody shares it)
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
    """What an app has at hand when it asks for one thing."""
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
def test_each_query_of_real_clients_brings_data_and_no_error(name: str, demo_gateway: DemoGateway, found: dict[str, Any]) -> None:
    variables, may_lack = READS[name]
    data = demo_gateway.ask(operations()[name], filled(variables, found))
    lacking = {path.removeprefix("data.") for path in emptiness(data)}
    assert lacking <= may_lack


def test_every_query_that_can_be_sent_is_tried() -> None:
    assert set(READS) == names_of(OperationType.QUERY) - {"BatchStatusQuery"}  # tried with the operation that it is about


def test_what_is_not_served_yet_is_this_list() -> None:
    """What gets served is taken off the list in the same change."""
    assert "".join(f"{line}\n" for line in sorted(reduced().taken_out)) == TAKEN_OUT.read_text("utf-8")


def test_pages_of_a_client_meet_without_a_gap(demo_gateway: DemoGateway) -> None:
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
