from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from graphql import DocumentNode, GraphQLSchema, build_schema, parse, print_schema, validate

from schema.build import build
from tests.operations.reduce_to_schema import reduce_to_schema


@cache
def printed() -> str:
    return print_schema(build().graphql_schema)


def schema_without(coordinates: Iterable[str] = ()) -> GraphQLSchema:
    """The served schema without some fields."""
    schema = build_schema(printed())
    for coordinate in coordinates:
        owner, name = coordinate.split(".")
        schema.type_map[owner].fields.pop(name)  # type: ignore[attr-defined]
    return schema


def together(documents: dict[str, str]) -> DocumentNode:
    return parse("".join(documents.values()))


def test_nothing_is_removed_from_operations_that_are_served(tmp_path: Path) -> None:
    schema = schema_without()
    result = reduce_to_schema(schema)
    assert validate(schema, together(result.documents)) == []
    for name, text in result.documents.items():
        (tmp_path / name).write_text(text, "utf-8")
    again = reduce_to_schema(schema, tmp_path)
    assert (again.removed, again.documents) == ([], result.documents)


def test_fields_that_are_not_served_are_removed_and_listed() -> None:
    smaller = schema_without(["Photo.placeholder", "Query.translate", "PhotoSearchEdge.score"])
    result = reduce_to_schema(smaller)
    assert validate(smaller, together(result.documents)) == []
    assert "_fragments.graphql: Photo.placeholder" in result.removed
    assert "04-search-page.graphql: PhotoSearchEdge.score" in result.removed
    assert "s4-translate.graphql" not in result.documents


def test_an_operation_that_becomes_empty_is_removed_with_its_variables(tmp_path: Path) -> None:
    (tmp_path / "a.graphql").write_text(
        "query A($x: Int, $y: Int) { gone(x: $x) { id } here(y: $y, z: $x) }\n"
        "query B($x: Int) { gone(x: $x) { ...F } }\n"
        "query C { ...G ... on Lost { id } here(w: {a: 1, b: 2}, e: LOST) }\n"
        "fragment F on Query { here } fragment G on Query { gone }\n"
    )
    small = build_schema("enum E { KNOWN } input W { a: Int } type Query { here(y: Int, w: W, e: E): Int } type Other { id: ID }")
    result = reduce_to_schema(small, tmp_path)
    assert validate(small, together(result.documents)) == []
    assert "$x" not in result.documents["a.graphql"]
    assert "query B" not in result.documents["a.graphql"]
    assert "a.graphql: W.b" in result.removed
    assert "a.graphql: E.LOST" in result.removed
    assert "a.graphql: fragment F, used by nothing" in result.removed
