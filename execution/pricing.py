"""Compiles the prices of an operation (IBM's GraphQL cost directives specification, `@cost` and `@listSize`).

Prices follow the merged selections of execution (CollectFields of the GraphQL specification): a field that two fragments
select is charged once. Prices are compiled once per document and evaluated with each request's variables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
)

from execution.analysis import INTROSPECTION, QueryLimits, StepBudget, too_complex
from execution.errors import RequestError
from execution.prices import MAX_SIZE, PricedField, PricedSelection, RequestedSize

INTROSPECTION_COST: Final = 500.0
MAX_UNKNOWN_FIELDS: Final = 20
"""Validation reports no more errors, and it searches similar names for each unknown field, which is slow."""


@dataclass(frozen=True, slots=True)
class ListSize:
    """The number of objects in a list: given by arguments, else `assumed`; in the fields `sized`, else in the field itself."""

    assumed: int
    slicing: tuple[str, ...] = ()  # arguments that are numbers; the largest counts
    listed: tuple[str, ...] = ()  # arguments that are lists; their length counts
    sized: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pricing:
    """The prices of a schema: weights by type or coordinate (default: 1 for objects, 0 for leaves), sizes by coordinate."""

    weights: Mapping[str, float] = field(default_factory=dict)
    sizes: Mapping[str, ListSize] = field(default_factory=dict)
    unlisted: int = 10
    """The assumed size of lists without an entry in `sizes`."""

    def weight(self, coordinate: str, returned: GraphQLNamedType) -> float:
        """Returns the price of one object at a coordinate."""
        if coordinate in self.weights:
            return self.weights[coordinate]
        return self.weights.get(returned.name, 1.0) if is_composite_type(returned) else 0.0


class PriceCompiler:
    """Compiles the operations of one document to prices; raises RequestError for response keys that repeat too often."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, pricing: Pricing, limits: QueryLimits, steps: StepBudget
    ) -> None:
        self._schema = schema
        self._pricing = pricing
        self._limits = limits
        self._steps = steps
        self._fragments = {found.name.value: found for found in document.definitions if isinstance(found, FragmentDefinitionNode)}
        self._unknown = 0
        self._compiled: dict[frozenset[int], PricedSelection] = {}
        self._defaults: dict[str, ValueNode] = {}

    def operation(self, operation: OperationDefinitionNode) -> PricedSelection:
        """Returns the prices of an operation."""
        self._compiled = {}  # a variable's default belongs to its operation
        self._defaults = {
            v.variable.name.value: v.default_value for v in operation.variable_definitions or () if v.default_value is not None
        }
        root = self._schema.get_root_type(operation.operation)
        group, fields = self._group([(operation.selection_set, root)])
        if fields > self._limits.root_fields:
            raise too_complex("ROOT_FIELDS", f"The operation has more than {self._limits.root_fields} root fields.")
        return group

    def _group(self, sets: list[tuple[SelectionSetNode, GraphQLNamedType | None]]) -> tuple[PricedSelection, int]:
        """Returns the prices of selection sets that merge, and their number of response keys."""
        identity = frozenset(id(found) for found, _ in sets)
        if identity in self._compiled:
            return self._compiled[identity], 0
        group = self._compiled[identity] = PricedSelection()
        by_key: dict[str, list[tuple[FieldNode, GraphQLNamedType | None]]] = defaultdict(list)
        for node, parent in self._fields(sets):
            by_key[(node.alias or node.name).value].append((node, parent))
        for key, nodes in by_key.items():
            if len(nodes) > self._limits.same_key:
                raise too_complex("REPEATED_FIELDS", f"The operation selects a field more than {self._limits.same_key} times.")
            position = self._position(key, nodes)
            if position.weight or (position.inner is not None and position.inner.positions):
                group.positions.append(position)
        return group, len(by_key)

    def _fields(
        self, sets: Sequence[tuple[SelectionSetNode, GraphQLNamedType | None]]
    ) -> Iterator[tuple[FieldNode, GraphQLNamedType | None]]:
        """Yields the fields of a merged selection with their parent types; every fragment once."""
        spread: set[str] = set()
        waiting = list(reversed(sets))
        while waiting:
            selection_set, parent = waiting.pop()
            for selection in selection_set.selections:
                self._steps.step()
                if isinstance(selection, FieldNode):
                    yield selection, parent
                elif isinstance(selection, InlineFragmentNode):
                    narrowed = selection.type_condition
                    inside = self._schema.get_type(narrowed.name.value) if narrowed else parent
                    waiting.append((selection.selection_set, inside))
                elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in spread:
                    spread.add(selection.name.value)
                    if fragment := self._fragments.get(selection.name.value):
                        waiting.append((fragment.selection_set, self._schema.get_type(fragment.type_condition.name.value)))

    def _position(self, key: str, nodes: list[tuple[FieldNode, GraphQLNamedType | None]]) -> PricedField:
        position = PricedField(key, nodes[0][0].name.value)
        inner: list[tuple[SelectionSetNode, GraphQLNamedType | None]] = []
        for node, parent in nodes:
            returned = self._priced(position, node, parent)
            if node.selection_set is not None:
                inner.append((node.selection_set, returned))
        if inner:
            position.inner, _ = self._group(inner)
        if position.name in INTROSPECTION:
            position.weight, position.inner = INTROSPECTION_COST, None  # limited by depth; its response is not counted
        return position

    def _priced(self, position: PricedField, node: FieldNode, parent: GraphQLNamedType | None) -> GraphQLNamedType | None:
        """Adds a node to its priced field; where nodes of several types differ, the higher price counts."""
        name = node.name.value
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) or name.startswith("__"):
            return None  # validation reports it
        found = self._schema.get_field(parent, name)
        if found is None:
            self._unknown += 1
            if self._unknown > MAX_UNKNOWN_FIELDS:
                message = f"The document selects more than {MAX_UNKNOWN_FIELDS} fields that do not exist."
                raise RequestError("GRAPHQL_VALIDATION_FAILED", message, reason="UNKNOWN_FIELDS")
            return None
        returned, coordinate = get_named_type(found.type), f"{parent.name}.{name}"
        position.weight = max(position.weight, self._pricing.weight(coordinate, returned))
        size = self._pricing.sizes.get(coordinate)
        many = isinstance(get_nullable_type(found.type), GraphQLList)
        position.many |= many
        if size is not None:
            position.assumed = max(position.assumed, size.assumed)
            position.requested_sizes += tuple(self._requested_sizes(node, found, size))
            position.sized |= frozenset(size.sized)
        elif many:
            position.assumed = max(position.assumed, self._pricing.unlisted)
        return returned

    def _requested_sizes(self, node: FieldNode, found: GraphQLField, size: ListSize) -> Iterator[RequestedSize]:
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name in (*size.slicing, *size.listed):
            value = given.get(name)
            if isinstance(value, VariableNode):
                yield RequestedSize(_number(self._defaults.get(value.name.value)), value.name.value)
            elif value is not None:
                yield RequestedSize(_number(value))
            elif name in found.args and isinstance(found.args[name].default_value, int):
                yield RequestedSize(found.args[name].default_value)


def _number(node: ValueNode | None) -> int | None:
    if isinstance(node, IntValueNode):
        return min(int(node.value[:12]), MAX_SIZE)  # parsing a number of a million digits is slow
    return len(node.values) if isinstance(node, ListValueNode) else None
