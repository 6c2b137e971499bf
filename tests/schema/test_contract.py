"""The printed schema is the contract with clients: every change of it is visible in schema/schema.graphql."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

import pytest

from access.classes import DataClass
from schema.build import build
from schema.classes import UnclassifiedCoordinatesError, classes_of

CONTRACT = Path(__file__).parents[2] / "schema" / "schema.graphql"
WHAT_TO_DO = """\
The schema differs from schema/schema.graphql, the contract with clients. If the change is intended, run
    python -m schema.printing > schema/schema.graphql
and commit the file. Removing or renaming a field, argument or enum value, or making an argument required, breaks clients.
"""


def test_the_printed_schema_is_the_contract() -> None:
    contract, printed = CONTRACT.read_text("utf-8"), build().sdl()
    if contract != printed:
        diff = unified_diff(
            contract.splitlines(), printed.splitlines(), "schema/schema.graphql", "printed schema", lineterm="", n=1
        )
        pytest.fail(WHAT_TO_DO + "\n".join(list(diff)[:60]), pytrace=False)


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

    with pytest.raises(UnclassifiedCoordinatesError, match=r"Query\.secret"):
        classes_of(strawberry.Schema(Query))


def test_the_printed_schema_composes_the_class_of_everything() -> None:
    sdl = build().sdl()
    assert '@composeDirective(name: "@data")' in sdl
    assert "caption: String @data(class: CONTENT)" in sdl
    assert 'type Customer implements Node @key(fields: "id") @key(fields: "externalId")' in sdl
    assert "type PageInfo @shareable" in sdl
