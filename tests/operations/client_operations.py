"""Operations of client applications, reduced to the served schema: one document each, with the fragments it uses."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from graphql import OperationType, parse, print_ast, separate_operations

from tests.operations.reduce_to_schema import ReducedOperations, reduce_to_schema
from tests.requests import harness

NOT_SERVED_YET = Path(__file__).with_name("not_served_yet.txt")


@cache
def reduced() -> ReducedOperations:
    """All operations without the fields that are not served yet."""
    schema, _, _ = harness.served()
    return reduce_to_schema(schema.graphql_schema)


@cache
def operations() -> dict[str, str]:
    """The document of each operation, by name."""
    documents = parse("".join(reduced().documents.values()))
    return {name: print_ast(document) for name, document in separate_operations(documents).items()}


def names_of(kind: OperationType) -> set[str]:
    """The names of the operations of a kind."""
    documents = parse("".join(reduced().documents.values()))
    return {d.name.value for d in documents.definitions if getattr(d, "operation", None) is kind}  # type: ignore[attr-defined]


def empty_paths(value: object, at: str = "data") -> list[str]:
    """Paths of nulls and empty lists. A path through a list is included only if it is empty in every item."""
    if value is None or value == []:
        return [at]
    if isinstance(value, dict):
        return [path for key, inner in value.items() for path in empty_paths(inner, f"{at}.{key}")]
    if isinstance(value, list):
        missing = [set(empty_paths(inner, at)) for inner in value]
        return sorted(set.intersection(*missing))
    return []
