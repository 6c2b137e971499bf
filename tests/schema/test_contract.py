"""The schema that is served is part of the contract that clients are written against, word for word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, print_schema

from access.classes import DataClass
from schema.build import build
from schema.classes import Undeclared, classes_of

CONTRACT = Path(__file__).parents[1] / "contract" / "schema.graphql"
ADDITIONS: set[str] = {"Query._service", "Query._entities"}
"""What we serve beyond the contract; each is told in docs/decisions."""
ITS_OWN_WORDS = {"nodes", "languages", "labels"}
"""Descriptions shared between types of one shape say a little more than the contract's."""


@pytest.fixture(scope="module")
def served() -> GraphQLSchema:
    """As clients introspect it: printed and read again, so that defaults compare."""
    return build_schema(print_schema(build().graphql_schema))


@pytest.fixture(scope="module")
def contract() -> GraphQLSchema:
    return build_schema(CONTRACT.read_text())


def ours(schema: GraphQLSchema) -> dict[str, Any]:
    return {n: t for n, t in schema.type_map.items() if not n.startswith("_") and "__" not in n}


def members(schema: GraphQLSchema) -> dict[str, Any]:
    return {f"{n}.{f}": d for n, t in ours(schema).items() for f, d in getattr(t, "fields", {}).items()}


def arguments(schema: GraphQLSchema) -> dict[str, Any]:
    return {f"{c}({a}:)": x for c, d in members(schema).items() for a, x in getattr(d, "args", {}).items()}


def shape(thing: Any) -> tuple[str, str]:
    return str(thing.type), repr(getattr(thing, "default_value", None))


def test_every_type_is_in_the_contract(served, contract) -> None:
    assert set(ours(served)) - set(ours(contract)) - {"DataClass"} == set()


def test_every_field_has_the_contracts_type_and_default(served, contract) -> None:
    there = members(contract)
    extra = set(members(served)) - set(there) - ADDITIONS
    wrong = {c: (shape(d), shape(there[c])) for c, d in members(served).items() if c in there and shape(d) != shape(there[c])}
    assert (extra, wrong) == (set(), {})


def test_every_argument_has_the_contracts_type_and_default(served, contract) -> None:
    there = arguments(contract)
    extra = {c for c in set(arguments(served)) - set(there) if c.split("(")[0] not in ADDITIONS}
    wrong = {c: (shape(d), shape(there[c])) for c, d in arguments(served).items() if c in there and shape(d) != shape(there[c])}
    assert (extra, wrong) == (set(), {})


def test_enum_values_and_interfaces_are_the_contracts(served, contract) -> None:
    there = ours(contract)
    for name, t in ours(served).items():
        assert set(getattr(t, "values", {})) <= set(getattr(there[name], "values", {})), name
        if hasattr(t, "interfaces"):
            assert {str(i) for i in t.interfaces} == {str(i) for i in there[name].interfaces}, name


def test_everything_is_described(served, contract) -> None:
    silent = [c for c, d in {**members(served), **arguments(served)}.items() if not d.description and not c.startswith("Query._")]
    assert silent == []
    there = members(contract)
    other = [
        c
        for c, d in members(served).items()
        if c in there and d.description != there[c].description and c.split(".")[1] not in ITS_OWN_WORDS
    ]
    assert other == []


def test_every_coordinate_has_a_class() -> None:
    gateway = build()
    assert gateway.classes["Photo.caption"] is DataClass.CONTENT
    assert gateway.classes["PhotoFilter.people"] is DataClass.BIOMETRIC
    assert gateway.classes["FacetBy.FAVORITE"] is DataClass.OWNER_STATE
    assert gateway.classes["Photo.labels(first:)"] is DataClass.PUBLIC


def test_a_coordinate_without_a_class_fails_the_build_and_is_named() -> None:
    import strawberry

    @strawberry.type
    class Query:
        @strawberry.field
        def secret(self) -> str:
            return ""

    with pytest.raises(Undeclared, match=r"Query\.secret"):
        classes_of(strawberry.Schema(Query))


def test_the_printed_schema_composes_the_class_of_everything() -> None:
    sdl = build().sdl()
    assert '@composeDirective(name: "@data")' in sdl
    assert "caption: String @data(class: CONTENT)" in sdl
    assert 'type Customer implements Node @key(fields: "id") @key(fields: "externalId")' in sdl
    assert "type PageInfo @shareable" in sdl
