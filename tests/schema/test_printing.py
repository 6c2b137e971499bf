"""The printed schema: every coordinate says its class, and what follows from it; interfaces say nothing of auth."""

from __future__ import annotations

import re
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    EnumTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    parse,
)

from access.classes import DataClass
from access.policy import MATRIX, Relation
from schema.build import Gateway, build
from schema.printing import CONSENT, auth_of

AUTH = {"authenticated", "requiresScopes", "policy"}
PLAIN = {DataClass.PUBLIC, DataClass.OPERATIONAL}


@pytest.fixture(scope="module")
def gateway() -> Gateway:
    return build()


@pytest.fixture(scope="module")
def printings(gateway: Gateway) -> dict[str, DocumentNode]:
    return {"plain": parse(gateway.sdl()), "auth": parse(gateway.sdl(auth=True))}


def coordinates(document: DocumentNode, *kinds: type[Any]) -> dict[str, Any]:
    """Every coordinate of these kinds of definitions, with its node."""
    found: dict[str, Any] = {}
    for definition in document.definitions:
        if not isinstance(
            definition,
            kinds
            or (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode, InputObjectTypeDefinitionNode, EnumTypeDefinitionNode),
        ):
            continue
        owner = definition.name.value
        for member in (*(getattr(definition, "fields", None) or ()), *(getattr(definition, "values", None) or ())):
            found[f"{owner}.{member.name.value}"] = member
            for argument in getattr(member, "arguments", None) or ():
                found[f"{owner}.{member.name.value}({argument.name.value}:)"] = argument
    return found


def directives(node: Any) -> dict[str, dict[str, str]]:
    """Names of a node's directives, with their arguments as text."""
    from graphql import print_ast

    return {d.name.value: {a.name.value: print_ast(a.value) for a in d.arguments or ()} for d in node.directives or ()}


@pytest.mark.parametrize("which", ["plain", "auth"])
def test_every_coordinate_says_its_class(gateway: Gateway, printings: dict[str, DocumentNode], which: str) -> None:
    printed = {c: directives(n).get("data", {}).get("class") for c, n in coordinates(printings[which]).items()}
    known = {c: found.value for c, found in gateway.classes.items()}
    ours = {c: found for c, found in printed.items() if "._" not in c and not c.startswith(("_", "DataClass."))}
    assert ours == known


def test_personal_data_is_tagged_but_not_on_interfaces(gateway: Gateway, printings: dict[str, DocumentNode]) -> None:
    interfaces = set(coordinates(printings["plain"], InterfaceTypeDefinitionNode))
    for coordinate, node in coordinates(printings["plain"]).items():
        data_class = gateway.classes.get(coordinate)
        tag = directives(node).get("tag")
        if coordinate in interfaces or data_class is None or data_class in PLAIN:
            assert tag is None, coordinate
        else:
            assert tag == {"name": f'"pii-{data_class.value.lower().replace("_", "-")}"'}, coordinate


def test_auth_stands_on_fields_of_objects_alone_and_only_in_its_printing(
    gateway: Gateway, printings: dict[str, DocumentNode]
) -> None:
    assert not any(AUTH & set(directives(n)) for n in coordinates(printings["plain"]).values())
    fields = {c for c in coordinates(printings["auth"], ObjectTypeDefinitionNode) if "(" not in c}
    for coordinate, node in coordinates(printings["auth"]).items():
        public = gateway.classes.get(coordinate, DataClass.PUBLIC) is DataClass.PUBLIC
        expected = coordinate in fields and not public
        assert bool(AUTH & set(directives(node))) is expected, coordinate


@pytest.mark.parametrize("data_class", [c for c in DataClass if c is not DataClass.PUBLIC])
def test_any_one_scope_of_whoever_may_ever_read_a_class_is_enough(data_class: DataClass) -> None:
    scopes = set(re.findall(r'\["([^"]+)"\]', auth_of(data_class)[1]))
    row = MATRIX[data_class]
    expected = {"photos:own"}
    expected |= {"photos:shared"} if row.of(Relation.SHARED) or row.of(Relation.LINK) else set()
    expected |= {"photos:support"} if row.of(Relation.SUPPORT) else set()
    expected |= {row.service.scope} if row.service and row.service.scope else set()
    assert scopes == expected


def test_people_need_the_customers_consent_too() -> None:
    assert CONSENT in auth_of(DataClass.BIOMETRIC)[-1]
    assert all(CONSENT not in " ".join(auth_of(c)) for c in DataClass if c is not DataClass.BIOMETRIC)


def test_prices_are_printed_as_they_are_charged(gateway: Gateway, printings: dict[str, DocumentNode]) -> None:
    for definition in printings["plain"].definitions:
        if isinstance(definition, ObjectTypeDefinitionNode):
            cost = directives(definition).get("cost", {}).get("weight")
            weight = gateway.pricing.weights.get(definition.name.value)
            assert cost == (None if weight is None else str(round(10 * weight))), definition.name.value
    sizes = directives(coordinates(printings["plain"])["Query.photos"])["listSize"]
    assert sizes == {
        "assumedSize": "50",
        "slicingArguments": '["first", "last"]',
        "sizedFields": '["nodes", "edges"]',
        "requireOneSlicingArgument": "false",
    }
    assert "slicingArguments" not in directives(coordinates(printings["plain"])["Query.nodes"])["listSize"]


def test_no_price_stands_on_an_interface_and_no_argument_is_null(gateway: Gateway, printings: dict[str, DocumentNode]) -> None:
    interfaces = coordinates(printings["auth"], InterfaceTypeDefinitionNode)
    assert not any({"cost", "listSize"} & set(directives(n)) for n in interfaces.values())
    assert ": null" not in re.sub(r'"""(?s:.*?)"""', "", gateway.sdl(auth=True)).replace("= null", "")


def test_node_and_nodes_can_be_left_out(gateway: Gateway) -> None:
    (query,) = [
        d for d in parse(gateway.sdl(refetch=False)).definitions if getattr(getattr(d, "name", None), "value", "") == "Query"
    ]
    names = {f.name.value for f in query.fields}  # type: ignore[attr-defined]
    assert {"photos", "album"} <= names
    assert not {"node", "nodes"} & names


def test_what_a_router_is_told_is_a_setting() -> None:
    made = build(auth_in_sdl=True, node_in_sdl=False)
    resolve = made.graphql_schema.type_map["_Service"].fields["sdl"].resolve  # type: ignore[attr-defined]
    assert resolve(None, None) == made.sdl(auth=True, refetch=False)
