"""Descriptions in the schema stand alone: readers of GraphiQL's docs pane see one of them at a time, and no code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from schema.build import build

MIN_WORDS = 3
LITERALS = {
    "-90", "01", "12", "12-24", "2024", "2024-05-01", "2024-05-01T08:00:00Z", "2024-05-01T10:00:00", "IT", "IT.16", "gn:3176959",
    "und", "true", "false", "null", "beach", "photos", "albums", "files", "Europe/Rome", "first: 0",
}  # fmt: skip
"""Example values that descriptions may quote; every other quoted text must be a name of the schema."""
FORBIDDEN = re.compile(r"\b(See `|told|unless told|asked|whoever|anew|besides|who is|which\.|without\.|why\.)", re.IGNORECASE)
FEDERATION = ("_", "federation__", "link__")


@cache
def descriptions() -> dict[str, str | None]:
    """The description of every type, field, argument, input field, enum value and own directive, by coordinate."""
    return dict(_described())


def _described() -> Iterator[tuple[str, str | None]]:
    schema = build().graphql_schema
    for name, graphql_type in schema.type_map.items():
        if name.startswith(FEDERATION) or name in {"String", "Int", "Float", "Boolean", "ID"}:
            continue
        yield name, graphql_type.description
        if isinstance(graphql_type, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in graphql_type.fields.items():
                if field_name.startswith("_"):
                    continue
                yield f"{name}.{field_name}", field.description
                for argument_name, argument in field.args.items():
                    yield f"{name}.{field_name}({argument_name}:)", argument.description
        elif isinstance(graphql_type, GraphQLInputObjectType):
            for field_name, input_field in graphql_type.fields.items():
                yield f"{name}.{field_name}", input_field.description
        elif isinstance(graphql_type, GraphQLEnumType):
            for value_name, value in graphql_type.values.items():
                yield f"{name}.{value_name}", value.description


def names() -> set[str]:
    """Everything that a description may name: coordinates, and the last part of each."""
    found: set[str] = set()
    for coordinate in descriptions():
        found |= {coordinate, coordinate.split("(")[0].rpartition(".")[2]}
        found |= {argument.rstrip(":)") for argument in re.findall(r"\((.*)\)", coordinate)}
    return found


def test_everything_is_described_in_whole_sentences() -> None:
    wrong = {
        coordinate: text
        for coordinate, text in descriptions().items()
        if not text or len(text.split()) < MIN_WORDS or not text.endswith(".") or not text[0].isupper()
    }
    assert wrong == {}


def test_descriptions_do_not_lean_on_other_descriptions() -> None:
    assert {c: text for c, text in descriptions().items() if FORBIDDEN.search(text or "")} == {}


def test_descriptions_name_only_what_is_served() -> None:
    known = names() | LITERALS
    quoted = {c: re.findall(r"`([^`]*)`", text or "") for c, text in descriptions().items()}
    assert {c: [q for q in texts if q not in known] for c, texts in quoted.items() if not known.issuperset(texts)} == {}


def test_names_in_descriptions_are_quoted() -> None:
    """A word in camel case is a name of code; outside of backticks the test above could not find it."""
    plain = {c: re.sub(r"`[^`]*`", "", text or "") for c, text in descriptions().items()}
    assert {c: text for c, text in plain.items() if re.search(r"\b[a-z]+[A-Z]\w*|\b[A-Z]+_[A-Z]+\b", text)} == {}


def test_a_directive_of_ours_is_described() -> None:
    assert 'Class of personal data of a field, argument, input field or enum value.\n"""\ndirective @data(' in build().sdl()
