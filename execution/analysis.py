"""Measures a document before validation: depth, selections, aliases, repeated names.

Validation and execution of a hostile document can take more than linear time. This pass runs first in linear time
(each fragment is visited once and every step is counted) and rejects documents that exceed a limit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
)

from execution.errors import RequestError

INTROSPECTION: Final = frozenset({"__schema", "__type"})
# Lists of the introspection schema that lead back to types: nested, their sizes multiply (graphql-js limits the same four).
_LOOPS: Final = frozenset({"fields", "interfaces", "possibleTypes", "inputFields"})


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """Limits that are checked before a document is validated (docs/limits.md)."""

    tokens: int = 500
    characters: int = 16 * 1024
    depth: int = 10
    aliases: int = 30
    same_key: int = 16  # fields with the same response key in one merged selection: validation compares them in pairs
    selections: int = 2_000  # after expanding fragments
    root_fields: int = 10
    operations: int = 10
    directives: int = 50
    value_depth: int = 20  # of lists and objects in a literal or a variable
    values: int = 10_000  # values in a request's variables
    list_items: int = 2_000  # of one list; most fields have a lower limit and an error message of their own
    introspection_depth: int = 16  # the standard introspection query is 15 levels deep, counted from the root
    introspection_loops: int = 2
    steps: int = 5_000


PERSISTED: Final = QueryLimits(tokens=2_000, characters=64 * 1024, selections=5_000, steps=20_000)
"""Limits of documents on the safelist: operators registered them, so they may be longer, but neither deeper nor costlier."""


@dataclass(frozen=True, slots=True)
class QueryShape:
    """Size of an operation after its fragments are expanded."""

    depth: int
    selections: int
    aliases: int = 0
    loops: int = 0


class StepBudget:
    """Counts the steps of all passes over one document; raises RequestError above the limit."""

    def __init__(self, limit: int) -> None:
        self.taken = 0
        self._limit = limit

    def step(self) -> None:
        """Counts one step."""
        self.taken += 1
        if self.taken > self._limit:
            raise too_complex("SELECTIONS", "The operation is too large. Select fewer fields or use fewer fragments.")


class ShapeAnalyzer:
    """Measures operations of one document; raises RequestError above a limit.

    Results are memoised by fragment, because expanding fragments again and again takes exponential time.
    """

    def __init__(self, document: DocumentNode, limits: QueryLimits) -> None:
        self._limits = limits
        self._directives = 0
        self.steps = StepBudget(limits.steps)
        self._fragments = {found.name.value: found for found in document.definitions if isinstance(found, FragmentDefinitionNode)}
        self._measured: dict[str, QueryShape] = {}
        self._open: set[str] = set()

    def operation(self, operation: OperationDefinitionNode) -> QueryShape:
        """Returns the shape of an operation."""
        limits = self._limits
        for variable in operation.variable_definitions or ():
            self._check_directives(variable.directives)
            if variable.default_value is not None:
                self._check_value(variable.default_value)
        self._check_directives(operation.directives)
        shape = self._selections(operation.selection_set)
        if shape.depth > limits.depth:
            raise too_complex("DEPTH", f"The operation is nested deeper than {limits.depth} levels.")
        if shape.aliases > limits.aliases:
            raise too_complex("ALIASES", f"The operation has more than {limits.aliases} aliases.")
        if shape.selections > limits.selections:
            raise too_complex("SELECTIONS", f"The operation selects more than {limits.selections:,} fields, fragments expanded.")
        return shape

    def _selections(self, selection_set: SelectionSetNode | None) -> QueryShape:
        depth, count, aliases, loops = 0, 0, 0, 0
        limit = self._limits.selections + 1
        for selection in selection_set.selections if selection_set else ():
            self.steps.step()
            if selection.directives:
                self._check_directives(selection.directives)
            if isinstance(selection, FragmentSpreadNode):
                inner = self._fragment(selection.name.value)
            elif isinstance(selection, FieldNode):
                inner = self._field(selection)
            elif isinstance(selection, InlineFragmentNode):
                inner = self._selections(selection.selection_set)
            else:
                continue
            depth, loops = max(depth, inner.depth), max(loops, inner.loops)
            # Both counts saturate: nested fragments can multiply them to numbers of any length.
            count, aliases = min(count + inner.selections, limit), min(aliases + inner.aliases, limit)
        return QueryShape(depth, count, aliases, loops)

    def _field(self, node: FieldNode) -> QueryShape:
        name = node.name.value
        arguments = node.arguments or ()
        for argument in arguments:
            self._check_value(argument.value)
        if len(arguments) > self._limits.same_key:
            self._repeated(Counter(argument.name.value for argument in arguments))
        inner = self._selections(node.selection_set)
        alias = node.alias is not None and node.alias.value != name
        loops = inner.loops + (name in _LOOPS)
        depth = inner.depth + 1
        if name in INTROSPECTION:
            self._check_introspection(depth, inner)
            depth, loops = 1, 0
        return QueryShape(depth, inner.selections + 1, inner.aliases + alias, loops)

    def _check_introspection(self, depth: int, inner: QueryShape) -> None:
        if depth > self._limits.introspection_depth or inner.loops > self._limits.introspection_loops:
            raise too_complex("INTROSPECTION", "The introspection query is nested too deeply.")

    def _fragment(self, name: str) -> QueryShape:
        if name in self._measured:
            return self._measured[name]
        fragment = self._fragments.get(name)
        if fragment is None:
            return QueryShape(0, 0)  # validation reports it
        if name in self._open:
            raise RequestError("GRAPHQL_VALIDATION_FAILED", "A fragment spreads itself.", reason="FRAGMENT_CYCLE")
        if len(self._open) > self._limits.depth:
            raise too_complex("DEPTH", f"Fragments are nested deeper than {self._limits.depth} levels.")
        self._open.add(name)
        self._check_directives(fragment.directives)
        shape = self._selections(fragment.selection_set)
        self._open.discard(name)
        self._measured[name] = shape
        return shape

    def _check_directives(self, directives: tuple[DirectiveNode, ...] | None) -> None:
        for directive in directives or ():
            self._directives += 1
            if self._directives > self._limits.directives:
                raise too_complex("DIRECTIVES", f"The document has more than {self._limits.directives} directives.")
            for argument in directive.arguments or ():
                self._check_value(argument.value)

    def _check_value(self, node: ValueNode, depth: int = 0) -> None:
        self.steps.step()
        if depth > self._limits.value_depth:
            raise too_complex("VALUE_DEPTH", f"A value is nested deeper than {self._limits.value_depth} levels.")
        if isinstance(node, ListValueNode):
            if len(node.values) > self._limits.list_items:
                raise too_complex("LIST_SIZE", f"A list has more than {self._limits.list_items:,} items.")
            for value in node.values:
                self._check_value(value, depth + 1)
        elif isinstance(node, ObjectValueNode):
            if len(node.fields) > self._limits.same_key:
                self._repeated(Counter(field.name.value for field in node.fields))
            for field in node.fields:
                self._check_value(field.value, depth + 1)

    def _repeated(self, names: Counter[str]) -> None:
        """Limits repeated names, because validation compares them in pairs."""
        if max(names.values()) > self._limits.same_key:
            raise too_complex("REPEATED_FIELDS", f"The operation repeats a name more than {self._limits.same_key} times.")


def too_complex(reason: str, message: str) -> RequestError:
    """Returns the error of an operation that exceeds the limit `reason`."""
    return RequestError("TOO_COMPLEX", message, reason=reason)
