"""Real clients' operations as they can be sent to the gateway now: one document each, with its fragments alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from graphql import OperationType, parse, print_ast, separate_operations

from tests.operations.reduce_to_schema import Served, served
from tests.requests import harness

TAKEN_OUT = Path(__file__).with_name("taken_out.txt")


@cache
def reduced() -> Served:
    """Every operation, less what is not served yet."""
    schema, _, _ = harness.served()
    return served(schema.graphql_schema)


@cache
def operations() -> dict[str, str]:
    """By name: what a client sends."""
    whole = parse("".join(reduced().documents.values()))
    return {name: print_ast(document) for name, document in separate_operations(whole).items()}


def names_of(kind: OperationType) -> set[str]:
    """The names of the operations of a kind."""
    whole = parse("".join(reduced().documents.values()))
    return {d.name.value for d in whole.definitions if getattr(d, "operation", None) is kind}  # type: ignore[attr-defined]


def emptiness(value: object, at: str = "data") -> list[str]:
    """Where there is nothing: nulls and empty lists, by path; lists count as empty where no member has it."""
    if value is None or value == []:
        return [at]
    if isinstance(value, dict):
        return [path for key, inner in value.items() for path in emptiness(inner, f"{at}.{key}")]
    if isinstance(value, list):
        missing = [set(emptiness(inner, at)) for inner in value]
        return sorted(set.intersection(*missing))
    return []
