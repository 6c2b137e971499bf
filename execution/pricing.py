"""What an operation costs: estimated before it runs, counted afterwards (IBM's cost directives, `@cost` and `@listSize`).

The price follows the merged selections that execution walks (CollectFields of the specification): a field that two
fragments ask for is paid once. Compiled once for a document, then priced with each request's variables.
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
from execution.prices import LARGEST, Asked, Group, Position

INTROSPECTING: Final = 500.0
MOST_UNKNOWN: Final = 20
"""Validation tells no more errors, and searches names like each unknown one."""


@dataclass(frozen=True, slots=True)
class ListSize:
    """How many objects a field gives: by these arguments, else `assumed`; in these fields of what it returns, else itself."""

    assumed: int
    slicing: tuple[str, ...] = ()  # numbers; the largest counts
    listed: tuple[str, ...] = ()  # lists, whose lengths count
    sized: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pricing:
    """The prices of a schema: weights by type or coordinate (1 for objects, 0 for leaves unless told), sizes by coordinate."""

    weights: Mapping[str, float] = field(default_factory=dict)
    sizes: Mapping[str, ListSize] = field(default_factory=dict)
    unlisted: int = 10
    """How many objects any other list is taken to hold."""

    def weight(self, coordinate: str, returned: GraphQLNamedType) -> float:
        """The price of one object at a coordinate."""
        if coordinate in self.weights:
            return self.weights[coordinate]
        return self.weights.get(returned.name, 1.0) if is_composite_type(returned) else 0.0


class PriceOf:
    """Compiles operations of one document to groups; refuses response keys repeated too often on the way."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, pricing: Pricing, bounds: QueryLimits, steps: StepBudget
    ) -> None:
        self._schema = schema
        self._pricing = pricing
        self._bounds = bounds
        self._steps = steps
        self._fragments = {found.name.value: found for found in document.definitions if isinstance(found, FragmentDefinitionNode)}
        self._unknown = 0
        self._known: dict[frozenset[int], Group] = {}
        self._defaults: dict[str, ValueNode] = {}

    def operation(self, operation: OperationDefinitionNode) -> Group:
        """The operation's price list."""
        self._known = {}  # a variable's default belongs to its operation
        self._defaults = {
            v.variable.name.value: v.default_value for v in operation.variable_definitions or () if v.default_value is not None
        }
        root = self._schema.get_root_type(operation.operation)
        group, fields = self._group([(operation.selection_set, root)])
        if fields > self._bounds.root_fields:
            raise too_complex("ROOT_FIELDS", f"The operation has more than {self._bounds.root_fields} root fields.")
        return group

    def _group(self, sets: list[tuple[SelectionSetNode, GraphQLNamedType | None]]) -> tuple[Group, int]:
        """The group of selection sets that merge, and how many response keys they have together."""
        identity = frozenset(id(found) for found, _ in sets)
        if identity in self._known:
            return self._known[identity], 0
        group = self._known[identity] = Group()
        by_key: dict[str, list[tuple[FieldNode, GraphQLNamedType | None]]] = defaultdict(list)
        for node, parent in self._fields(sets):
            by_key[(node.alias or node.name).value].append((node, parent))
        for key, nodes in by_key.items():
            if len(nodes) > self._bounds.same_key:
                raise too_complex("REPEATED_FIELDS", "The operation asks for the same field too many times.")
            position = self._position(key, nodes)
            if position.weight or (position.inner is not None and position.inner.positions):
                group.positions.append(position)
        return group, len(by_key)

    def _fields(
        self, sets: Sequence[tuple[SelectionSetNode, GraphQLNamedType | None]]
    ) -> Iterator[tuple[FieldNode, GraphQLNamedType | None]]:
        """The fields of a merged selection, each with the type it is asked of; every fragment once."""
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

    def _position(self, key: str, nodes: list[tuple[FieldNode, GraphQLNamedType | None]]) -> Position:
        position = Position(key, nodes[0][0].name.value)
        inner: list[tuple[SelectionSetNode, GraphQLNamedType | None]] = []
        for node, parent in nodes:
            returned = self._priced(position, node, parent)
            if node.selection_set is not None:
                inner.append((node.selection_set, returned))
        if inner:
            position.inner, _ = self._group(inner)
        if position.name in INTROSPECTION:
            position.weight, position.inner = INTROSPECTING, None  # its own rule bounds it; its answer is not counted
        return position

    def _priced(self, position: Position, node: FieldNode, parent: GraphQLNamedType | None) -> GraphQLNamedType | None:
        """Adds what this node says to its position; where nodes of several types differ, the dearer one counts."""
        name = node.name.value
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) or name.startswith("__"):
            return None  # validation will tell
        found = self._schema.get_field(parent, name)
        if found is None:
            self._unknown += 1
            if self._unknown > MOST_UNKNOWN:
                message = f"The document asks for more than {MOST_UNKNOWN} fields that do not exist."
                raise RequestError("GRAPHQL_VALIDATION_FAILED", message, reason="UNKNOWN_FIELDS")
            return None
        returned, coordinate = get_named_type(found.type), f"{parent.name}.{name}"
        position.weight = max(position.weight, self._pricing.weight(coordinate, returned))
        size = self._pricing.sizes.get(coordinate)
        many = isinstance(get_nullable_type(found.type), GraphQLList)
        position.many |= many
        if size is not None:
            position.assumed = max(position.assumed, size.assumed)
            position.asked += tuple(self._asked(node, found, size))
            position.sized |= frozenset(size.sized)
        elif many:
            position.assumed = max(position.assumed, self._pricing.unlisted)
        return returned

    def _asked(self, node: FieldNode, found: GraphQLField, size: ListSize) -> Iterator[Asked]:
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name in (*size.slicing, *size.listed):
            value = given.get(name)
            if isinstance(value, VariableNode):
                yield Asked(_number(self._defaults.get(value.name.value)), value.name.value)
            elif value is not None:
                yield Asked(_number(value))
            elif name in found.args and isinstance(found.args[name].default_value, int):
                yield Asked(found.args[name].default_value)


def _number(node: ValueNode | None) -> int | None:
    if isinstance(node, IntValueNode):
        return min(int(node.value[:12]), LARGEST)  # Python would read a number of a million digits, slowly
    return len(node.values) if isinstance(node, ListValueNode) else None
