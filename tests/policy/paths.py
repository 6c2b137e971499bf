"""Every way through the schema to every type: found by walking, so that a new field, type or root is there by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLAbstractType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
)

LONGEST = 7


@dataclass(frozen=True)
class Step:
    """A field of a type, and which object type it leads to."""

    owner: str
    name: str
    leads_to: str
    narrowed: bool
    """Whether the field's own type is an interface or a union."""


@dataclass(frozen=True)
class Way:
    """From a root to a type, no type twice."""

    kind: str
    """query, mutation or subscription."""
    steps: tuple[Step, ...]

    @property
    def end(self) -> str:
        """The type it leads to."""
        return self.steps[-1].leads_to

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(s.name for s in self.steps)}: {self.end}"


def ways(schema: GraphQLSchema) -> Iterator[Way]:
    """Every way, shortest first: for each type by every last step, and from every root field."""
    roots = {"query": schema.query_type, "mutation": schema.mutation_type, "subscription": schema.subscription_type}
    for kind, root in roots.items():
        if root is not None:
            for name in root.fields:
                yield from _from_root(schema, kind, root, name)


def _from_root(schema: GraphQLSchema, kind: str, root: GraphQLObjectType, name: str) -> Iterator[Way]:
    """From one root field: every step of the schema that can be reached by it, by the shortest way."""
    level = [Way(kind, (step,)) for step in _steps(schema, root, name)]
    taken = set[tuple[str, str, str]]()
    while level:
        following = []
        for way in level:
            last = way.steps[-1]
            if (last.owner, last.name, last.leads_to) in taken or len(way.steps) > LONGEST:
                continue
            taken.add((last.owner, last.name, last.leads_to))
            yield way
            inside = schema.type_map[way.end]
            assert isinstance(inside, GraphQLObjectType)
            for field in inside.fields:
                following += [Way(kind, (*way.steps, step)) for step in _steps(schema, inside, field)]
        level = following


def _steps(schema: GraphQLSchema, owner: GraphQLObjectType | GraphQLInterfaceType, name: str) -> list[Step]:
    target = get_named_type(owner.fields[name].type)
    if is_abstract_type(target):
        abstract: GraphQLAbstractType = target
        return [Step(owner.name, name, t.name, narrowed=True) for t in schema.get_possible_types(abstract)]
    return [Step(owner.name, name, target.name, narrowed=False)] if isinstance(target, GraphQLObjectType) else []
