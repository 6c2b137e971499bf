from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from graphql import DocumentNode, GraphQLSchema, build_schema, parse, validate

from tests.operations.reduce_to_schema import DOCUMENTS, served

CONTRACT = Path(__file__).parent.parent / "contract" / "schema.graphql"
# What a router adds to every subgraph; the contract leaves it out.
FEDERATION = """
scalar _Any
union _Entity = Album | Customer | Person | Photo | Place
extend type Query { _entities(representations: [_Any!]!): [_Entity]! }
"""


def contract(*, without: Iterable[str] = ()) -> GraphQLSchema:
    schema = build_schema(CONTRACT.read_text("utf-8") + FEDERATION)
    for coordinate in without:
        owner, name = coordinate.split(".")
        schema.type_map[owner].fields.pop(name, None)  # type: ignore[attr-defined]
    return schema


def together(documents: dict[str, str]) -> DocumentNode:
    return parse("".join(documents.values()))


def test_takes_nothing_out_of_what_the_whole_contract_serves() -> None:
    result = served(contract())
    assert result.taken_out == []
    assert len(result.documents) == len(list(DOCUMENTS.glob("*.graphql")))
    assert validate(contract(), together(result.documents)) == []


def test_takes_out_fields_not_served_and_what_leaned_on_them_and_lists_all() -> None:
    smaller = contract(
        without=["Photo.placeholder", "Query.translate", "PhotoSearchConnection.understood", "Subscription.libraryChanged"]
    )
    result = served(smaller)
    assert validate(smaller, together(result.documents)) == []
    assert "_fragments.graphql: Photo.placeholder" in result.taken_out
    assert "04-search-page.graphql: PhotoSearchConnection.understood" in result.taken_out
    assert "14-library-changed.graphql" not in result.documents


def test_takes_out_a_whole_operation_with_its_variables_when_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "a.graphql").write_text(
        "query A($x: Int, $y: Int) { gone(x: $x) { id } here(y: $y, z: $x) }\n"
        "query B($x: Int) { gone(x: $x) { ...F } }\n"
        "query C { ...G ... on Lost { id } here(w: {a: 1, b: 2}, e: LOST) }\n"
        "fragment F on Query { here } fragment G on Query { gone }\n"
    )
    small = build_schema("enum E { KEPT } input W { a: Int } type Query { here(y: Int, w: W, e: E): Int } type Other { id: ID }")
    result = served(small, tmp_path)
    assert validate(small, together(result.documents)) == []
    assert "$x" not in result.documents["a.graphql"]
    assert "query B" not in result.documents["a.graphql"]
    assert "a.graphql: W.b" in result.taken_out
    assert "a.graphql: E.LOST" in result.taken_out
    assert "a.graphql: fragment F, used by nothing" in result.taken_out
