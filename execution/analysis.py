"""One pass over a document before validation: is it sane, how deep, how wide, how often repeated.

Validation and execution of a hostile document cost more than linear time, so this pass comes first, costs linear
time (each fragment is walked once, and every step is counted), and refuses what would blow up later.
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
# Lists of the introspection schema that lead back to types: nested, they multiply (graphql-js limits the same four).
_LOOPS: Final = frozenset({"fields", "interfaces", "possibleTypes", "inputFields"})


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """Bounds beyond which a document is refused before anything else looks at it (docs/limits.md)."""

    tokens: int = 500
    characters: int = 16 * 1024
    depth: int = 10
    aliases: int = 30
    same_key: int = 16  # fields that share a response key in one merged selection: the quadratic part of validation
    selections: int = 2_000  # after expanding fragments: what execution may have to walk for one object each
    root_fields: int = 10
    operations: int = 10
    directives: int = 50
    value_depth: int = 20  # of lists and objects in a literal or a variable
    values: int = 10_000  # values in a request's variables
    list_items: int = 2_000  # of one list; what a field takes is less, and told in its own words
    introspection_depth: int = 16  # the standard query is 15 deep, counted from the root
    introspection_loops: int = 2
    steps: int = 5_000


PERSISTED: Final = QueryLimits(tokens=2_000, characters=64 * 1024, selections=5_000, steps=20_000)
"""Of documents on the safelist: somebody put them there, so they may be long; no deeper, and no dearer."""


@dataclass(frozen=True, slots=True)
class QueryShape:
    """How large an operation is once its fragments are expanded."""

    depth: int
    selections: int
    aliases: int = 0
    loops: int = 0


class StepBudget:
    """Counts what the walks over one document do; raises RequestError where that is too much."""

    def __init__(self, most: int) -> None:
        self.taken = 0
        self._most = most

    def step(self) -> None:
        """One more."""
        self.taken += 1
        if self.taken > self._most:
            raise too_complex("SELECTIONS", "The operation is too large.")


class ShapeOf:
    """Measures one operation; raises RequestError where it passes the bounds.

    Everything is memoised by fragment. (Re-expanding fragments is exponential: 664 bytes took 3.5 s elsewhere.)
    """

    def __init__(self, document: DocumentNode, bounds: QueryLimits) -> None:
        self._bounds = bounds
        self._directives = 0
        self.steps = StepBudget(bounds.steps)
        self._fragments = {found.name.value: found for found in document.definitions if isinstance(found, FragmentDefinitionNode)}
        self._known: dict[str, QueryShape] = {}
        self._open: set[str] = set()

    def operation(self, operation: OperationDefinitionNode) -> QueryShape:
        """The shape of this operation."""
        bounds = self._bounds
        for variable in operation.variable_definitions or ():
            self._given(variable.directives)
            if variable.default_value is not None:
                self._value(variable.default_value)
        self._given(operation.directives)
        shape = self._selections(operation.selection_set)
        if shape.depth > bounds.depth:
            raise too_complex("DEPTH", f"The operation is nested deeper than {bounds.depth} levels.")
        if shape.aliases > bounds.aliases:
            raise too_complex("ALIASES", f"The operation has more than {bounds.aliases} aliases.")
        if shape.selections > bounds.selections:
            raise too_complex("SELECTIONS", "The operation selects too much once its fragments are expanded.")
        return shape

    def _selections(self, selection_set: SelectionSetNode | None) -> QueryShape:
        depth, count, aliases, loops = 0, 0, 0, 0
        most = self._bounds.selections + 1
        for selection in selection_set.selections if selection_set else ():
            self.steps.step()
            if selection.directives:
                self._given(selection.directives)
            if isinstance(selection, FragmentSpreadNode):
                inner = self._fragment(selection.name.value)
            elif isinstance(selection, FieldNode):
                inner = self._field(selection)
            elif isinstance(selection, InlineFragmentNode):
                inner = self._selections(selection.selection_set)
            else:
                continue
            depth, loops = max(depth, inner.depth), max(loops, inner.loops)
            # Both saturate, for the true number of a ladder of fragments has as many digits as the ladder rungs.
            count, aliases = min(count + inner.selections, most), min(aliases + inner.aliases, most)
        return QueryShape(depth, count, aliases, loops)

    def _field(self, node: FieldNode) -> QueryShape:
        name = node.name.value
        arguments = node.arguments or ()
        for argument in arguments:
            self._value(argument.value)
        if len(arguments) > self._bounds.same_key:
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
        if depth > self._bounds.introspection_depth or inner.loops > self._bounds.introspection_loops:
            raise too_complex("INTROSPECTION", "The introspection is nested too deeply.")

    def _fragment(self, name: str) -> QueryShape:
        if name in self._known:
            return self._known[name]
        fragment = self._fragments.get(name)
        if fragment is None:
            return QueryShape(0, 0)  # validation will tell
        if name in self._open:
            raise RequestError("GRAPHQL_VALIDATION_FAILED", "A fragment spreads itself.", reason="FRAGMENT_CYCLE")
        if len(self._open) > self._bounds.depth:
            raise too_complex("DEPTH", f"Fragments are nested deeper than {self._bounds.depth} levels.")
        self._open.add(name)
        self._given(fragment.directives)
        shape = self._selections(fragment.selection_set)
        self._open.discard(name)
        self._known[name] = shape
        return shape

    def _given(self, directives: tuple[DirectiveNode, ...] | None) -> None:
        for directive in directives or ():
            self._directives += 1
            if self._directives > self._bounds.directives:
                raise too_complex("DIRECTIVES", f"The document has more than {self._bounds.directives} directives.")
            for argument in directive.arguments or ():
                self._value(argument.value)

    def _value(self, node: ValueNode, depth: int = 0) -> None:
        self.steps.step()
        if depth > self._bounds.value_depth:
            raise too_complex("VALUE_DEPTH", f"A value is nested deeper than {self._bounds.value_depth} levels.")
        if isinstance(node, ListValueNode):
            if len(node.values) > self._bounds.list_items:
                raise too_complex("LIST_SIZE", f"A list has more than {self._bounds.list_items:,} items.")
            for value in node.values:
                self._value(value, depth + 1)
        elif isinstance(node, ObjectValueNode):
            if len(node.fields) > self._bounds.same_key:
                self._repeated(Counter(field.name.value for field in node.fields))
            for field in node.fields:
                self._value(field.value, depth + 1)

    def _repeated(self, names: Counter[str]) -> None:
        """Validation compares repeated names pair by pair."""
        if max(names.values()) > self._bounds.same_key:
            raise too_complex("REPEATED_FIELDS", "The operation gives the same name too many times.")


def too_complex(reason: str, message: str) -> RequestError:
    """The refusal of what is too large, with which bound it passed."""
    return RequestError("TOO_COMPLEX", message, reason=reason)
