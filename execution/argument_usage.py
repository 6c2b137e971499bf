"""Finds the schema coordinates that a value of an input type uses: in a literal, a variable or a default."""

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

MAX_PATH = 200  # graphql-core follows values to the same depth


class ArgumentUsageVisitor:
    """Collects the coordinates of input fields and enum values.

    In a query null means "no condition", so it is not a use; in a mutation null clears a value, so it is one.
    A value of a wrong type is visited as far as it matches: coercion rejects it later.
    """

    def __init__(self, *, null_is_a_use: bool) -> None:
        self._null_is_a_use = null_is_a_use
        self.found: set[str] = set()
        self.by_variable: set[tuple[str, str]] = set()  # (variable, input field that takes its value)
        self._defaults: set[str] = set()

    def literal(self, node: ValueNode, expected: GraphQLInputType | None, depth: int = 0) -> None:
        """Visits a literal of the document."""
        bare = get_nullable_type(expected) if expected is not None else None
        if depth > MAX_PATH:
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
        """Visits a variable's value as sent in the request."""
        bare = get_nullable_type(expected)
        if depth > MAX_PATH:
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
        """Visits a default value of the schema; each once, so that recursive input types terminate."""
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
        """Whether a literal counts as a use of its argument or field; for a variable its value in the request decides."""
        if isinstance(node, VariableNode):
            return False
        return self._null_is_a_use or not isinstance(node, NullValueNode)

    def _internal_default(self, value: Any, expected: GraphQLInputType) -> None:
        """Visits a default in its Python form, where an enum value is a member instead of a name."""
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
        """Returns the given fields that exist and marks them as used; visits the defaults of fields that are absent."""
        used = []
        for name, field in expected.fields.items():
            coordinate = f"{expected.name}.{name}"
            if name in given:
                self.found.add(coordinate)
                used.append((name, field))
            elif name not in named and (field.default is not None or field.default_value is not Undefined):
                self.found.add(coordinate)
                self.default(field, coordinate)
        return used

    def _enum(self, enum: GraphQLEnumType, name: str) -> None:
        if name in enum.values:
            self.found.add(f"{enum.name}.{name}")
