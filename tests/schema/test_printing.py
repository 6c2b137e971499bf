"""The printed SDL: every coordinate has its class, tags, costs and, in one variant, auth directives."""

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
UNTAGGED = {DataClass.PUBLIC, DataClass.OPERATIONAL}


@pytest.fixture(scope="module")
def gateway() -> Gateway:
    return build()


@pytest.fixture(scope="module")
def variants(gateway: Gateway) -> dict[str, DocumentNode]:
    return {"plain": parse(gateway.sdl()), "auth": parse(gateway.sdl(auth=True))}


def coordinates(document: DocumentNode, *kinds: type[Any]) -> dict[str, Any]:
    """The nodes of these kinds of definitions, by coordinate."""
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
    """The directives of a node by name, with their arguments as text."""
    from graphql import print_ast

    return {d.name.value: {a.name.value: print_ast(a.value) for a in d.arguments or ()} for d in node.directives or ()}


@pytest.mark.parametrize("which", ["plain", "auth"])
def test_every_coordinate_has_its_class(gateway: Gateway, variants: dict[str, DocumentNode], which: str) -> None:
    printed = {c: directives(n).get("data", {}).get("class") for c, n in coordinates(variants[which]).items()}
    known = {c: found.value for c, found in gateway.classes.items()}
    ours = {c: found for c, found in printed.items() if "._" not in c and not c.startswith(("_", "DataClass."))}
    assert ours == known


def test_personal_data_is_tagged_but_not_on_interfaces(gateway: Gateway, variants: dict[str, DocumentNode]) -> None:
    interfaces = set(coordinates(variants["plain"], InterfaceTypeDefinitionNode))
    for coordinate, node in coordinates(variants["plain"]).items():
        data_class = gateway.classes.get(coordinate)
        tag = directives(node).get("tag")
        if coordinate in interfaces or data_class is None or data_class in UNTAGGED:
            assert tag is None, coordinate
        else:
            assert tag == {"name": f'"pii-{data_class.value.lower().replace("_", "-")}"'}, coordinate


def test_auth_directives_are_on_fields_of_objects_and_only_in_their_variant(
    gateway: Gateway, variants: dict[str, DocumentNode]
) -> None:
    assert not any(AUTH & set(directives(n)) for n in coordinates(variants["plain"]).values())
    fields = {c for c in coordinates(variants["auth"], ObjectTypeDefinitionNode) if "(" not in c}
    for coordinate, node in coordinates(variants["auth"]).items():
        public = gateway.classes.get(coordinate, DataClass.PUBLIC) is DataClass.PUBLIC
        expected = coordinate in fields and not public
        assert bool(AUTH & set(directives(node))) is expected, coordinate


@pytest.mark.parametrize("data_class", [c for c in DataClass if c is not DataClass.PUBLIC])
def test_every_scope_that_can_read_a_class_is_sufficient(data_class: DataClass) -> None:
    scopes = set(re.findall(r'\[("[^\]]+")\]', auth_of(data_class)[1]))
    row = MATRIX[data_class]
    expected = {"photos:own"}
    expected |= {"photos:shared"} if row.of(Relation.SHARED) or row.of(Relation.LINK) else set()
    expected |= {"photos:support"} if row.of(Relation.SUPPORT) else set()
    expected |= {row.service.scope} if row.service and row.service.scope else set()
    expected = {f'"{scope}"' for scope in expected}
    if data_class is DataClass.FILE_NAME:
        expected = expected - {'"photos:content"'} | {'"photos:content", "photos:time", "photos:location"'}
    assert scopes == expected


def test_people_also_need_the_consent_of_the_customer() -> None:
    assert CONSENT in auth_of(DataClass.BIOMETRIC)[-1]
    assert all(CONSENT not in " ".join(auth_of(c)) for c in DataClass if c is not DataClass.BIOMETRIC)


def test_printed_costs_are_those_that_are_charged(gateway: Gateway, variants: dict[str, DocumentNode]) -> None:
    for definition in variants["plain"].definitions:
        if isinstance(definition, ObjectTypeDefinitionNode):
            cost = directives(definition).get("cost", {}).get("weight")
            weight = gateway.pricing.weights.get(definition.name.value)
            assert cost == (None if weight is None else str(round(10 * weight))), definition.name.value
    sizes = directives(coordinates(variants["plain"])["Query.photos"])["listSize"]
    assert sizes == {
        "assumedSize": "50",
        "slicingArguments": '["first", "last"]',
        "sizedFields": '["nodes", "edges"]',
        "requireOneSlicingArgument": "false",
    }
    assert "slicingArguments" not in directives(coordinates(variants["plain"])["Query.nodes"])["listSize"]


def test_interfaces_have_no_costs_and_no_argument_is_null(gateway: Gateway, variants: dict[str, DocumentNode]) -> None:
    interfaces = coordinates(variants["auth"], InterfaceTypeDefinitionNode)
    assert not any({"cost", "listSize"} & set(directives(n)) for n in interfaces.values())
    assert ": null" not in re.sub(r'"""(?s:.*?)"""', "", gateway.sdl(auth=True)).replace("= null", "")


def test_node_and_nodes_can_be_omitted(gateway: Gateway) -> None:
    (query,) = [
        d for d in parse(gateway.sdl(refetch=False)).definitions if getattr(getattr(d, "name", None), "value", "") == "Query"
    ]
    names = {f.name.value for f in query.fields}  # type: ignore[attr-defined]
    assert {"photos", "album"} <= names
    assert not {"node", "nodes"} & names


def test_the_sdl_for_routers_depends_on_settings() -> None:
    gateway = build(auth_in_sdl=True, node_in_sdl=False)
    resolve = gateway.graphql_schema.type_map["_Service"].fields["sdl"].resolve  # type: ignore[attr-defined]
    assert resolve(None, None) == gateway.sdl(auth=True, refetch=False)
