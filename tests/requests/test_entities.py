"""Federation entities: resolved by key, independently of each other, with the viewer's visibility."""

from __future__ import annotations

from typing import Any

import pytest

from tests.demo import DemoGateway

QUERY = """query($r: [_Any!]!) { _entities(representations: $r) { __typename
  ... on Photo { id caption location { latitude } } ... on Place { placeName: name } ... on Customer { id displayName } ... on Album { id title }
  ... on Person { id name } } }"""


def entities(gateway: DemoGateway, *representations: Any, customer: str = "ana") -> dict[str, Any]:
    return gateway.post({"query": QUERY, "variables": {"r": list(representations)}}, customer=customer)


def one_id(gateway: Any, query: str, *path: Any) -> str:
    found = gateway.ask(query)
    for step in path:
        found = found[step]
    return str(found)


def test_fields_in_a_representation_are_ignored(demo_gateway) -> None:
    photo = one_id(demo_gateway, "{ photos(first: 1) { nodes { id } } }", "photos", "nodes", 0, "id")
    forged = {"__typename": "Photo", "id": photo, "owner": {"id": "kenji"}, "caption": "mine", "sight": "OWNER"}
    assert entities(demo_gateway, forged, customer="priya")["data"]["_entities"] == [None]


def test_an_invalid_representation_does_not_affect_the_others(demo_gateway) -> None:
    answer = entities(
        demo_gateway,
        {"__typename": "Place", "id": "UGxhY2U6SVQ"},
        {"__typename": "Nonsense", "id": "x"},
        {"id": "UGxhY2U6SVQ"},
        "a text",
        {"__typename": "Place"},
        {"__typename": "Place", "id": 7},
        {"__typename": "Photo", "id": "UGxhY2U6SVQ"},
        {"__typename": "Place", "id": "not an id"},
    )
    assert answer["data"]["_entities"] == [{"__typename": "Place", "placeName": "Italy"}, *[None] * 7]
    assert [e["path"] for e in answer["errors"]] == [["_entities", i] for i in (1, 2, 3, 4, 5)]
    assert {e["extensions"]["code"] for e in answer["errors"]} == {"BAD_USER_INPUT"}


MALFORMED: tuple[Any, ...] = (
    *({"__typename": name} for name in (["Photo"], {"name": "Photo"}, None, "", "x" * 5_000, 1, 1.5, True, "Query", "Node", "_Entity")),
    *({"__typename": "Photo", "id": key} for key in (["x"], {"x": 1}, None, 1, True)),
    *({"__typename": "Customer", "externalId": key} for key in (["ana"], {"x": 1}, None, 1)),
    *([], [[{"__typename": "Photo"}]], [["Photo"]], {}, {"": ""}, "Photo", "", 1, 1.5, True, {"__typename": "Photo"}),
)  # fmt: skip


def test_every_malformed_representation_is_an_error_of_the_client_for_that_entry_only(demo_gateway) -> None:
    known = {"__typename": "Place", "id": "UGxhY2U6SVQ"}
    answer = entities(demo_gateway, *MALFORMED, known)
    assert answer["data"]["_entities"] == [*[None] * len(MALFORMED), {"__typename": "Place", "placeName": "Italy"}]
    assert [e["path"] for e in answer["errors"]] == [["_entities", i] for i in range(len(MALFORMED))]
    assert {e["extensions"]["code"] for e in answer["errors"]} == {"BAD_USER_INPUT"}


@pytest.mark.parametrize("literal", ['{__typename: ["Photo"]}', "{__typename: {name: Photo}}", "[[]]", "7", "{__typename: $absent}", '{__typename: "Photo", id: $absent}'])  # fmt: skip
def test_a_malformed_representation_in_a_literal_is_an_error_of_the_client(demo_gateway, literal: str) -> None:
    declared = "query($absent: String)" if "$" in literal else ""
    answer = demo_gateway.post(
        {"query": f"{declared} {{ _entities(representations: [{literal}]) {{ __typename }} }}"}, customer="ana"
    )
    assert answer["data"] == {"_entities": [None]}
    assert [e["extensions"]["code"] for e in answer["errors"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("key", ["", "\0", "é", "x" * 100_000, "UGxhY2U6AA", "UGxhY2U6__8"])
def test_a_key_that_is_no_id_is_null(demo_gateway, key: str) -> None:
    answer = entities(demo_gateway, {"__typename": "Photo", "id": key}, {"__typename": "Place", "id": key}, {"__typename": "Customer", "externalId": key})  # fmt: skip
    assert answer["data"]["_entities"] == [None] * 3
    assert "errors" not in answer


def test_a_customer_is_resolved_by_external_id(demo_gateway) -> None:
    answer = entities(
        demo_gateway, {"__typename": "Customer", "externalId": "ana"}, {"__typename": "Customer", "externalId": "?"}
    )
    assert [e and e["displayName"] for e in answer["data"]["_entities"]] == ["Ana Moretti", None]


def test_too_many_representations_are_rejected(demo_gateway) -> None:
    answer = entities(demo_gateway, *[{"__typename": "Place", "id": "UGxhY2U6SVQ"}] * 201)
    assert answer["errors"][0]["extensions"]["code"] == "TOO_COMPLEX"


def test_the_order_of_representations_is_preserved(demo_gateway) -> None:
    person = one_id(demo_gateway, "{ people(first: 1) { nodes { id } } }", "people", "nodes", 0, "id")
    album = one_id(demo_gateway, "{ albums(first: 1) { nodes { id } } }", "albums", "nodes", 0, "id")
    mixed = [{"__typename": t, "id": i} for t, i in (("Album", album), ("Place", "UGxhY2U6SVQ"), ("Person", person))] * 5
    found = entities(demo_gateway, *mixed)["data"]["_entities"]
    assert [e["__typename"] for e in found] == ["Album", "Place", "Person"] * 5


def test_a_router_gets_the_sdl(demo_gateway) -> None:
    sdl = demo_gateway.ask("{ _service { sdl } }")["_service"]["sdl"]
    assert '@key(fields: "id")' in sdl
    assert "@authenticated" not in sdl
