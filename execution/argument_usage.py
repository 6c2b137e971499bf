"""Which schema coordinates a value of an input type touches: in a literal, in a variable, in a default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    EnumValueNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_nullable_type,
)

LONGEST_PATH = 200  # as deep as graphql-core itself follows a value


class ArgumentUsageVisitor:
    """Gathers the coordinates of input fields and enum values.

    Null is no use in a query, where it means "no condition"; in a mutation it clears, so there it is one.
    A value that does not fit its type is walked as far as it fits: coercion refuses it anyway.
    """

    def __init__(self, *, null_is_a_use: bool) -> None:
        self._null_is_a_use = null_is_a_use
        self.found: set[str] = set()
        self.by_variable: set[tuple[str, str]] = set()  # (variable, input field that it fills)
        self._defaults: set[str] = set()

    def literal(self, node: ValueNode, expected: GraphQLInputType | None, depth: int = 0) -> None:
        """Walk a literal of the document."""
        bare = get_nullable_type(expected) if expected is not None else None
        if depth > LONGEST_PATH:
            return
        if isinstance(node, ListValueNode):
            item = bare.of_type if isinstance(bare, GraphQLList) else None
            for value in node.values:
                self.literal(value, item, depth + 1)
        elif isinstance(bare, GraphQLList):
            self.literal(node, bare.of_type, depth + 1)
        elif isinstance(node, EnumValueNode) and isinstance(bare, GraphQLEnumType):
            self._enum(bare, node.value)
        elif isinstance(node, ObjectValueNode) and isinstance(bare, GraphQLInputObjectType):
            self._literal_object(node, bare, depth)

    def value(self, value: Any, expected: GraphQLInputType, depth: int = 0) -> None:
        """Walk a variable's value as it came in the request."""
        bare = get_nullable_type(expected)
        if depth > LONGEST_PATH:
            return
        if isinstance(bare, GraphQLList):
            for item in value if isinstance(value, list | tuple) else (value,):
                self.value(item, bare.of_type, depth + 1)
        elif isinstance(bare, GraphQLEnumType):
            if isinstance(value, str):
                self._enum(bare, value)
        elif isinstance(bare, GraphQLInputObjectType) and isinstance(value, Mapping):
            given = {name for name, inner in value.items() if inner is not None or self._null_is_a_use}
            for name, field in self._fields(bare, given, set(value)):
                self.value(value[name], field.type, depth + 1)

    def default(self, owner: GraphQLArgument | GraphQLInputField, coordinate: str) -> None:
        """Walk a default that the schema puts in; each once, so that a recursive input ends."""
        if coordinate in self._defaults:
            return
        self._defaults.add(coordinate)
        if owner.default is not None and owner.default.literal is not None:
            self.literal(owner.default.literal, owner.type)
        elif owner.default is not None:
            self.value(owner.default.value, owner.type)
        elif owner.default_value is not Undefined:
            self._internal_default(owner.default_value, owner.type)

    def is_used(self, node: ValueNode) -> bool:
        """Whether a literal counts as a use of the place where it stands; a variable decides that with the request."""
        if isinstance(node, VariableNode):
            return False
        return self._null_is_a_use or not isinstance(node, NullValueNode)

    def _internal_default(self, value: Any, expected: GraphQLInputType) -> None:
        """A default in its Python form, where an enum value is a member and not yet a name."""
        bare = get_nullable_type(expected)
        if isinstance(bare, GraphQLList):
            for item in value if isinstance(value, list | tuple) else (value,):
                self._internal_default(item, bare.of_type)
        elif isinstance(bare, GraphQLEnumType):
            if value is not None:
                self._enum(bare, str(bare.serialize(value)))
        else:
            self.value(value, expected)

    def _literal_object(self, node: ObjectValueNode, expected: GraphQLInputObjectType, depth: int) -> None:
        values = {field.name.value: field.value for field in node.fields}
        for name, value in values.items():
            if isinstance(value, VariableNode) and name in expected.fields:
                self.by_variable.add((value.name.value, f"{expected.name}.{name}"))
        given = {name for name, value in values.items() if self.is_used(value)}
        for name, field in self._fields(expected, given, set(values)):
            self.literal(values[name], field.type, depth + 1)

    def _fields(self, expected: GraphQLInputObjectType, given: set[str], named: set[str]) -> list[tuple[str, GraphQLInputField]]:
        """The given fields that exist, counted as used; defaults of the fields not named are walked."""
        known = []
        for name, field in expected.fields.items():
            coordinate = f"{expected.name}.{name}"
            if name in given:
                self.found.add(coordinate)
                known.append((name, field))
            elif name not in named and (field.default is not None or field.default_value is not Undefined):
                self.found.add(coordinate)
                self.default(field, coordinate)
        return known

    def _enum(self, enum: GraphQLEnumType, name: str) -> None:
        if name in enum.values:
            self.found.add(f"{enum.name}.{name}")
