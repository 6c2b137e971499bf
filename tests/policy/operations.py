"""Operations along the ways of the schema: to every field, and to every use of every input."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from tests.policy.paths import Step, Way
from tests.policy.random_queries import literal

_TEXTS = {"DateTime": "2024-05-01T00:00:00Z", "Date": "2024-05-01", "LocalDateTime": "2024-05-01T00:00:00", "MonthDay": "05-01"}
_DEEPEST = 3


@dataclass(frozen=True)
class Values:
    """What arguments are given: ids by type, and a word that finds the photos."""

    schema: GraphQLSchema
    ids: Mapping[str, str]
    word: str

    def operation(self, way: Way, body: str) -> str:
        """The way as a document; `body` is what is selected at its end."""
        for step in reversed(way.steps):
            inside = f"... on {step.leads_to} {{ {body} }}" if step.narrowed else body
            body = f"a: {step.name}{self.arguments(step)} {{ __typename {inside} }}"
        return f"{way.kind} {{ {body} }}"

    def arguments(self, step: Step, more: Mapping[str, str] | None = None) -> str:
        """Those that a field must have, those that make a list full, and further ones as literals."""
        owner = self.schema.type_map[step.owner]
        assert isinstance(owner, GraphQLObjectType)
        said = {}
        for name, argument in owner.fields[step.name].args.items():
            if is_required_argument(argument):
                said[name] = literal(argument.type, self.value(argument.type, name, step))
            elif name == "library":
                said[name] = "ALL"
        said |= more or {}
        return f"({', '.join(f'{n}: {v}' for n, v in said.items())})" if said else ""

    def value(self, expected: Any, name: str, step: Step) -> Any:
        """A possible value; ids are of what the step leads to."""
        if isinstance(expected, GraphQLNonNull):
            return self.value(expected.of_type, name, step)
        if isinstance(expected, GraphQLList):
            return [self.value(expected.of_type, name, step)]
        if isinstance(expected, GraphQLEnumType):
            return "MEDIA_TYPE" if expected.name == "FacetBy" else next(iter(expected.values))
        if isinstance(expected, GraphQLInputObjectType):
            fields = {n: f for n, f in expected.fields.items() if is_required_input_field(f)}
            chosen = fields or (dict([next(iter(expected.fields.items()))]) if expected.is_one_of else {})
            return {n: self.value(f.type, n, step) for n, f in chosen.items()}
        return self._scalar(expected.name, name, step)

    def _scalar(self, kind: str, name: str, step: Step) -> Any:
        if kind == "ID":
            named = name.removesuffix("Ids").removesuffix("Id").removesuffix("into").capitalize()
            return self.ids.get(named) or self.ids.get(step.leads_to) or self.ids["Photo"]
        if kind == "_Any":
            return {"__typename": step.leads_to, "id": self.ids.get(step.leads_to, "")}
        if kind in {"Int", "Float"}:
            return 1
        return True if kind == "Boolean" else _TEXTS.get(kind, self.word)

    def everything_at(self, type_name: str) -> str:
        """All fields of a type, under their own names; of objects only that they are there."""
        owner = self.schema.type_map[type_name]
        assert isinstance(owner, GraphQLObjectType)
        said = []
        for name, field in owner.fields.items():
            below = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
            said.append(f"{name}{self.arguments(Step(type_name, name, type_name, narrowed=False))}{below}")
        return " ".join(said)


@dataclass(frozen=True)
class Place:
    """Where an input coordinate is used: a field's argument, and the value that uses it there."""

    owner: str
    name: str
    argument: str
    value: Any
    type: Any


def places(values: Values) -> dict[str, Place]:
    """For every input coordinate, the first place where it can be used."""
    found: dict[str, Place] = {}
    # Fields of Query first: they need no path through other types.
    for type_name, owner in sorted(values.schema.type_map.items(), key=lambda item: item[0] != "Query"):
        if not isinstance(owner, GraphQLObjectType) or type_name.startswith("_"):
            continue
        for name, field in owner.fields.items():
            for argument, definition in field.args.items():
                step = Step(type_name, name, type_name, narrowed=False)
                found.setdefault(
                    f"{type_name}.{name}({argument}:)",
                    Place(type_name, name, argument, values.value(definition.type, argument, step), definition.type),
                )
                for coordinate, value in _within(values, definition.type, step, 0):
                    found.setdefault(coordinate, Place(type_name, name, argument, value, definition.type))
    return found


def _within(values: Values, expected: Any, step: Step, depth: int) -> Iterator[tuple[str, Any]]:
    """Every coordinate inside an input type, with a value that uses it."""
    if isinstance(expected, GraphQLNonNull):
        yield from _within(values, expected.of_type, step, depth)
    elif isinstance(expected, GraphQLList):
        yield from ((c, [v]) for c, v in _within(values, expected.of_type, step, depth))
    elif isinstance(expected, GraphQLEnumType):
        yield from ((f"{expected.name}.{v}", v) for v in expected.values)
    elif isinstance(expected, GraphQLInputObjectType) and depth < _DEEPEST:
        needed = {} if expected.is_one_of else values.value(expected, "", step)
        for name, field in expected.fields.items():
            yield f"{expected.name}.{name}", needed | {name: values.value(field.type, name, step)}
            yield from ((c, needed | {name: v}) for c, v in _within(values, field.type, step, depth + 1))


def said(place: Place, *, as_variable: bool) -> tuple[str, str, dict[str, Any]]:
    """The argument's text, what the operation declares for it, and the variables."""
    if as_variable:
        return "$given", f"($given: {place.type})", {"given": json.loads(json.dumps(place.value))}
    return literal(place.type, place.value), "", {}
