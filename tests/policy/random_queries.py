"""Questions by chance, made from the schema: whatever it offers is asked, new paths without being listed here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_required_argument,
)

_NUMBERS = {"first": (0, 1, 2, 3, 7), "last": (1, 2), "limit": (1, 5)}
_DEFAULT_NUMBERS = (0, 1, 2, 5, 400, 600)
_DEPTH = 4
_OFTEN = {"photos": 6, "searchPhotos": 6, "customer": 3, "photo": 2, "album": 2, "nodes": 2, "_entities": 2, "albums": 2}
_OF_TYPE = {
    "albums": "Album",
    "people": "Person",
    "labels": "Label",
    "places": "Place",
    "owners": "Customer",
    "photo": "Photo",
    "album": "Album",
    "person": "Person",
    "place": "Place",
    "customer": "Customer",
}
_TELLING = frozenset({"albums", "people", "places", "near", "within", "takenAt", "addedAt"})
_NOT_QUERIED = frozenset({"_service"})
_REVEALING = (
    "PhotoConnection.nodes",
    "PhotoConnection.total",
    "PhotoSearchConnection.nodes",
    "Photo.id",
    "Total.count",
    "Library.ALL",
)
"""Coordinates that show the result of a filter or an order."""


@dataclass(frozen=True)
class Pools:
    """Values that mean something in the worlds asked."""

    ids: Mapping[str, Sequence[str]]
    """Global ids by type."""
    words: Sequence[str]
    points: Sequence[tuple[float, float]]
    keys: Sequence[str]


@dataclass(frozen=True)
class Question:
    """A document with its variables. One that pages takes a cursor as `$after`."""

    text: str
    variables: dict[str, Any]
    pages: str | None
    """The alias of the list that is paged."""


@dataclass
class Asker:
    """Makes questions for one viewer; `allowed` leaves out coordinates that would only be refused."""

    schema: GraphQLSchema
    allowed: Callable[[str], bool]
    pools: Pools
    rng: Random
    focus: frozenset[str] = frozenset()
    """Coordinates of fields and inputs that are asked for wherever they stand, to look hard at one gate."""
    reached: set[str] = field(default_factory=set)
    """Coordinates of the arguments, input fields and enum values in the last question."""
    _variables: dict[str, tuple[str, Any]] = field(default_factory=dict)
    _pages: str | None = None
    _aliases: int = 0

    def question(self) -> Question:
        """One operation of one to three root fields."""
        self._variables, self._pages, self._aliases = {}, None, 0
        self.reached.clear()
        query = self.schema.query_type
        assert query is not None
        names = [n for n in query.fields if n not in _NOT_QUERIED and self._may(query.name, n)]
        weights = [_OFTEN.get(n, 1) for n in names]
        focused = [n for n in names if f"{query.name}.{n}" in self.focus]
        chosen = focused[:1] or self.rng.choices(names, weights, k=self.rng.choice((1, 1, 2, 3)))
        body = " ".join(self._field(query, n, _DEPTH) for n in chosen)
        declared = ", ".join(f"${n}: {t}" for n, (t, _) in self._variables.items())
        values = {n: v for n, (_, v) in self._variables.items()}
        return Question(f"query{f'({declared})' if declared else ''} {{ {body} }}", values, self._pages)

    def question_about(self, coordinate: str, path: Sequence[str]) -> Question | None:
        """A question that uses an argument, an input field or an enum value. `path`: the coordinates that lead to it.

        None: no question of a hundred used it, for example because the viewer may not use it.
        """
        libraries = {f"{step}(library:)" for step in path}
        focused = replace(self, focus=frozenset({coordinate, *path, *libraries, *_REVEALING}), reached=set())
        for _ in range(100):
            question = focused.question()
            if coordinate in focused.reached:
                return question
        return None

    def _may(self, owner: str, name: str) -> bool:
        return self.allowed(f"{owner}.{name}") or self.rng.random() < 0.01

    def _field(self, parent: GraphQLObjectType | GraphQLInterfaceType, name: str, depth: int) -> str:
        known = parent.fields[name]
        self._aliases += 1
        alias = f"f{self._aliases}"
        arguments = self._arguments(parent.name, name, known, alias)
        return f"{alias}: {name}{arguments}{self._selections(get_named_type(known.type), depth - 1)}"

    def _arguments(self, parent: str, name: str, known: GraphQLField, alias: str) -> str:
        said: list[str] = []
        backwards = self.rng.random() < 0.15
        for argument, definition in known.args.items():
            coordinate = f"{parent}.{name}({argument}:)"
            wanted = self.rng.random() < (0.7 if argument in {"filter", "first", "library", "order"} else 0.3)
            if argument in ({"first", "after"} if backwards else {"last", "before"}) & {*known.args} and "last" in known.args:
                continue
            if self.focus and argument in {"before", "last"} and coordinate not in self.focus:
                continue  # a random cursor is rejected, and then the query shows nothing
            if argument == "after":
                if self._pages or parent != "Query" or self.rng.random() < 0.5:
                    continue
                self._pages = alias
                self._variables["after"] = "String", None
                said.append("after: $after")
            elif is_required_argument(definition) or ((wanted or coordinate in self.focus) and self.allowed(coordinate)):
                self.reached.add(coordinate)
                value = self._value(definition.type, name if argument == "id" else argument, 3)
                said.append(f"{argument}: {self._spoken(definition.type, value)}")
        return f"({', '.join(said)})" if said else ""

    def _spoken(self, expected: Any, value: Any) -> str:
        """As a literal, or as a variable: gates must look at both."""
        if self.rng.random() < 0.4:
            name = f"v{len(self._variables)}"
            self._variables[name] = str(expected), value
            return f"${name}"
        return literal(expected, value)

    def _selections(self, inside: Any, depth: int) -> str:
        if isinstance(inside, GraphQLScalarType | GraphQLEnumType):
            return ""
        if isinstance(inside, GraphQLUnionType) or inside.name == "Node":
            possible = self.schema.get_possible_types(inside)
            some = self.rng.sample(possible, min(3, len(possible)))
            return " { __typename " + " ".join(f"... on {t.name}{self._selections(t, depth)}" for t in some) + " }"
        flat = [n for n, f in inside.fields.items() if isinstance(get_named_type(f.type), GraphQLScalarType | GraphQLEnumType)]
        names = [n for n in inside.fields if (depth > 0 or n in flat) and self._may(inside.name, n)]
        chosen = self.rng.sample(names, min(len(names), self.rng.choice((1, 2, 3, 5))))
        chosen = list(dict.fromkeys([*chosen, *self._focused(inside.name, names)]))
        body = [self._field(inside, n, depth) for n in chosen]
        if "pageInfo" in inside.fields:
            body.append("pageInfo { endCursor hasNextPage }")
        return " { __typename " + " ".join(body) + " }"

    def _value(self, expected: Any, name: str, depth: int) -> Any:
        if isinstance(expected, GraphQLNonNull):
            return self._value(expected.of_type, name, depth)
        if isinstance(expected, GraphQLList):
            return [self._value(expected.of_type, name, depth) for _ in range(self.rng.choice((0, 1, 1, 2)))]
        if isinstance(expected, GraphQLEnumType):
            values = [v for v in expected.values if self.allowed(f"{expected.name}.{v}")]
            focused = [v for v in values if f"{expected.name}.{v}" in self.focus]
            chosen = self.rng.choice(focused or values or list(expected.values))
            self.reached.add(f"{expected.name}.{chosen}")
            return chosen
        if isinstance(expected, GraphQLInputObjectType):
            return self._input(expected, name, depth)
        return self._scalar(expected.name, name)

    def _input(self, expected: GraphQLInputObjectType, name: str, depth: int) -> dict[str, Any]:
        names = [n for n in expected.fields if self.allowed(f"{expected.name}.{n}")]
        needed = [n for n, f in expected.fields.items() if isinstance(f.type, GraphQLNonNull)]
        if expected.is_one_of:
            needed, extra = [], self._focused(expected.name, names)[:1] or self.rng.sample(names, 1)
        else:
            likely = [*names, *(n for n in names if n in _TELLING)]
            extra = self.rng.sample(likely, min(len(likely), self.rng.choice((0, 1, 1, 2))))
            extra = self._focused(expected.name, names) or extra
        if depth <= 0:
            extra = [n for n in extra if get_named_type(expected.fields[n].type) is not expected]
        if depth < 3:
            extra = [n for n in extra if n != "facets"]
        self.reached |= {f"{expected.name}.{n}" for n in (*needed, *extra)}
        meant = name if expected.name == "IdsFilter" else None
        return {n: self._value(expected.fields[n].type, meant or n, depth - 1) for n in dict.fromkeys([*needed, *extra])}

    def _focused(self, owner: str, names: Sequence[str]) -> list[str]:
        return [n for n in names if f"{owner}.{n}" in self.focus and self.rng.random() < 0.8]

    def _scalar(self, kind: str, name: str) -> Any:
        rng = self.rng
        match kind:
            case "Int":
                if self.focus and name == "first":
                    return 7
                return rng.choice(_NUMBERS.get(name, _DEFAULT_NUMBERS))
            case "Float":
                return self._float(name)
            case "Boolean":
                return rng.random() < 0.5
            case "ID":
                return self._id(name)
            case "DateTime":
                return f"{rng.choice(('2023-12-24', '2024-02-29', '2024-05-01', '2023-11-15'))}T{rng.randrange(24):02d}:00:00Z"
            case "LocalDateTime":
                return f"2024-05-01T{rng.randrange(24):02d}:00:00"
            case "Date":
                return rng.choice(("2023-12-24", "2024-02-29", "2024-05-01", "2024-05-02"))
            case "MonthDay":
                return rng.choice(("02-29", "05-01", "12-24"))
            case "_Any":
                kind = rng.choice(("Photo", "Album", "Person", "Customer", "Place"))
                return {"__typename": kind, "id": rng.choice(self.pools.ids[kind])}
            case _:
                return self._text(name)

    def _id(self, name: str) -> str:
        kind = _OF_TYPE.get(name)
        if kind is None or self.rng.random() < 0.1:
            kind = self.rng.choice([*self.pools.ids])
        return self.rng.choice(self.pools.ids[kind])

    def _float(self, name: str) -> float:
        rng = self.rng
        latitude, longitude = rng.choice(self.pools.points)
        near = rng.choice((0.0, 1e-5, 1e-3, 0.01, 1.0)) * rng.choice((-1, 1))
        if name in {"latitude", "south", "north"}:
            return round(latitude + near, 6)
        if name in {"longitude", "west", "east"}:
            return round(longitude + near, 6)
        return rng.choice((0.0, 0.5, 10.0, 200.0, 2_000.0, 100_000.0))

    def _text(self, name: str) -> str:
        if name == "languages":
            return self.rng.choice(("en", "it", "de"))
        if name == "countryCodes":
            return self.rng.choice(("IT", "FR"))
        return self.rng.choice(self.pools.keys if name == "keys" else self.pools.words)


def literal(expected: Any, value: Any) -> str:
    """A value as GraphQL writes it."""
    if isinstance(expected, GraphQLNonNull):
        return literal(expected.of_type, value)
    if value is None:
        return "null"
    if isinstance(expected, GraphQLList):
        return f"[{', '.join(literal(expected.of_type, v) for v in value)}]"
    if isinstance(expected, GraphQLEnumType):
        return str(value)
    if isinstance(expected, GraphQLInputObjectType):
        return "{" + ", ".join(f"{n}: {literal(expected.fields[n].type, v)}" for n, v in value.items()) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{n}: {json.dumps(v)}" for n, v in value.items()) + "}"
    return json.dumps(value)


def end_cursor(answer: Any, alias: str) -> str | None:
    """Where the next page of a list begins, if the answer tells."""
    page = ((answer.get("data") or {}).get(alias) or {}).get("pageInfo") or {}
    cursor = page.get("endCursor")
    return cursor if isinstance(cursor, str) else None
