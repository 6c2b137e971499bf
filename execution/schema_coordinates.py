"""Collects the schema coordinates that one operation uses, in linear time; the document need not be valid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    is_input_type,
    type_from_ast,
)

from execution.analysis import INTROSPECTION
from execution.argument_usage import ArgumentUsageVisitor

NO_USES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class VariableDefinition:
    """A variable of the operation."""

    name: str
    type: GraphQLInputType
    default: frozenset[str] | None  # coordinates used by its default value; None: it has no default


@dataclass(frozen=True, slots=True)
class VariableUsage:
    """An argument or input field that takes its value from a variable."""

    variable: str
    coordinate: str
    default_uses: frozenset[str] = (
        NO_USES  # used by the default of the argument or field, which applies if the variable is missing
    )


@dataclass(frozen=True, slots=True)
class Coordinates:
    """The coordinates that an operation uses.

    `@skip` and `@include` are ignored: a field that may be skipped counts as read.
    """

    outputs: frozenset[str]  # Type.field
    inputs: frozenset[str]  # Type.field(argument:), Input.field, Enum.VALUE
    variable_usages: tuple[VariableUsage, ...]
    variables: tuple[VariableDefinition, ...]
    null_is_a_use: bool
    introspects: bool = False

    def used_by(self, variables: Mapping[str, Any]) -> frozenset[str]:
        """Returns the input coordinates used by a request's coerced variables; defaults included."""
        walk = ArgumentUsageVisitor(null_is_a_use=self.null_is_a_use)
        found = walk.found
        defaulted = set()
        for declared in self.variables:
            if declared.name in variables:
                walk.value(variables[declared.name], declared.type)
            elif declared.default is not None:
                defaulted.add(declared.name)
                found |= declared.default
        for usage in self.variable_usages:
            if usage.variable in variables:
                if self.null_is_a_use or variables[usage.variable] is not None:
                    found.add(usage.coordinate)
            elif usage.variable in defaulted:
                found.add(usage.coordinate)
            else:
                found |= usage.default_uses
        return frozenset(found)


class CoordinatesVisitor:
    """Visits one operation; every fragment once."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = {found.name.value: found for found in document.definitions if isinstance(found, FragmentDefinitionNode)}
        self._visited: set[str] = set()
        self._outputs: set[str] = set()
        self._introspects = False
        self._filled: set[VariableUsage] = set()
        self._null_is_a_use = operation.operation is OperationType.MUTATION
        self._walk = ArgumentUsageVisitor(null_is_a_use=self._null_is_a_use)

    def gather(self) -> Coordinates:
        """Returns all coordinates of the operation."""
        self._selections(self._operation.selection_set, self._schema.get_root_type(self._operation.operation))
        inner = {VariableUsage(variable, coordinate) for variable, coordinate in self._walk.by_variable}
        return Coordinates(
            outputs=frozenset(self._outputs),
            inputs=frozenset(self._walk.found),
            variable_usages=tuple(self._filled | inner),
            variables=self._variables(),
            null_is_a_use=self._null_is_a_use,
            introspects=self._introspects,
        )

    def _variables(self) -> tuple[VariableDefinition, ...]:
        variables = []
        for definition in self._operation.variable_definitions or ():
            expected = type_from_ast(self._schema, definition.type)
            if expected is not None and is_input_type(expected):
                uses = self._uses(definition.default_value, expected) if definition.default_value else None
                variables.append(VariableDefinition(definition.variable.name.value, expected, uses))
        return tuple(variables)

    def _uses(self, literal: ValueNode, expected: GraphQLInputType) -> frozenset[str]:
        walk = ArgumentUsageVisitor(null_is_a_use=self._null_is_a_use)
        walk.literal(literal, expected)
        return frozenset(walk.found)

    def _selections(self, selection_set: SelectionSetNode | None, parent: GraphQLNamedType | None) -> None:
        for selection in selection_set.selections if selection_set else ():
            if isinstance(selection, FieldNode):
                self._field(selection, parent)
            elif isinstance(selection, FragmentSpreadNode):
                self._spread(selection.name.value)
            elif isinstance(selection, InlineFragmentNode):
                narrowed = selection.type_condition
                inside = self._schema.get_type(narrowed.name.value) if narrowed else parent
                self._selections(selection.selection_set, inside)

    def _spread(self, name: str) -> None:
        fragment = self._fragments.get(name)
        if fragment is None or name in self._visited:
            return
        self._visited.add(name)
        self._selections(fragment.selection_set, self._schema.get_type(fragment.type_condition.name.value))

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> None:
        name = node.name.value
        self._introspects |= name in INTROSPECTION
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) or name.startswith("__"):
            return  # introspection is authorised as a whole
        field = self._schema.get_field(parent, name)
        if field is None:
            return  # validation reports it
        self._outputs.add(f"{parent.name}.{name}")
        self._arguments(node, field, f"{parent.name}.{name}")
        self._selections(node.selection_set, get_named_type(field.type))

    def _arguments(self, node: FieldNode, field: GraphQLField, owner: str) -> None:
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name, argument in field.args.items():
            coordinate = f"{owner}({name}:)"
            value = given.get(name)
            if value is None:
                self._walk.found |= self._default(argument, coordinate)
            elif isinstance(value, VariableNode):
                self._filled.add(VariableUsage(value.name.value, coordinate, self._default(argument, coordinate)))
            elif self._walk.is_used(value):
                self._walk.found.add(coordinate)
                self._walk.literal(value, argument.type)

    def _default(self, argument: GraphQLArgument, coordinate: str) -> frozenset[str]:
        """The coordinates used by a default: a default order reveals as much as a requested one."""
        if argument.default is None and argument.default_value is Undefined:
            return NO_USES
        walk = ArgumentUsageVisitor(null_is_a_use=self._null_is_a_use)
        walk.default(argument, coordinate)
        return frozenset(walk.found | {coordinate})
