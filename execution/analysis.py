"""One pass over a document before validation: is it sane, how deep is it, which schema coordinates does it use.

Validation and execution of a hostile document cost more than linear time, so this pass comes first, costs linear
time (each fragment is walked once, and every step is counted), and refuses what would blow up later.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from execution.errors import RequestError


@dataclass(frozen=True, slots=True)
class Sanity:
    """Bounds beyond which a document is refused before anything else looks at it; all are far above honest use."""

    tokens: int = 5_000
    characters: int = 256 * 1024
    depth: int = 50
    selections: int = 20_000  # after expanding fragments: what execution may have to walk for one object each
    same_key_pairs: int = 3_000  # fields that share a response key, in pairs: the quadratic part of validation
    steps: int = 60_000


@dataclass(frozen=True, slots=True)
class Shape:
    """How large an operation is once its fragments are expanded."""

    depth: int
    selections: int


class ShapeOf:
    """Measures one operation; raises RequestError where it passes the bounds.

    Depth and size are memoised by fragment. (Re-expanding fragments is exponential: 664 bytes took 3.5 s elsewhere.)
    """

    def __init__(self, document: DocumentNode, bounds: Sanity) -> None:
        self._bounds = bounds
        self._steps = 0
        self._pairs = 0
        self._fragments = {found.name.value: found for found in document.definitions if isinstance(found, FragmentDefinitionNode)}
        self._known: dict[str, Shape] = {}
        self._open: set[str] = set()

    def operation(self, operation: OperationDefinitionNode) -> Shape:
        """The shape of this operation."""
        shape = self._selections(operation.selection_set)
        if shape.depth > self._bounds.depth:
            raise _too_complex("DEPTH", f"The operation is nested deeper than {self._bounds.depth} levels.")
        if shape.selections > self._bounds.selections:
            raise _too_complex("SELECTIONS", "The operation selects too much once its fragments are expanded.")
        self._merged(operation.selection_set)
        return shape

    def _selections(self, selection_set: SelectionSetNode | None) -> Shape:
        depth, count = 0, 0
        for selection in selection_set.selections if selection_set else ():
            self._step()
            if isinstance(selection, FragmentSpreadNode):
                inner = self._fragment(selection.name.value)
            elif isinstance(selection, FieldNode):
                inner = self._selections(selection.selection_set)
                inner = Shape(inner.depth + 1, inner.selections + 1)
            elif isinstance(selection, InlineFragmentNode):
                inner = self._selections(selection.selection_set)
            else:
                continue
            depth = max(depth, inner.depth)
            # Saturates, for the true number of a ladder of fragments has as many digits as the ladder rungs.
            count = min(count + inner.selections, self._bounds.selections + 1)
        return Shape(depth, count)

    def _fragment(self, name: str) -> Shape:
        if name in self._known:
            return self._known[name]
        fragment = self._fragments.get(name)
        if fragment is None:
            return Shape(0, 0)  # validation will tell
        if name in self._open:
            raise RequestError("GRAPHQL_VALIDATION_FAILED", "A fragment spreads itself.", reason="FRAGMENT_CYCLE")
        if len(self._open) > self._bounds.depth:
            raise _too_complex("DEPTH", f"Fragments are nested deeper than {self._bounds.depth} levels.")
        self._open.add(name)
        shape = self._selections(fragment.selection_set)
        self._open.discard(name)
        self._known[name] = shape
        return shape

    def _merged(self, root: SelectionSetNode) -> None:
        """Count fields that merge under one response key, level by level, as validation will compare them."""
        waiting: list[tuple[SelectionSetNode, ...]] = [(root,)]
        seen: set[frozenset[int]] = set()
        while waiting:
            group = waiting.pop()
            key = frozenset(id(selection_set) for selection_set in group)
            if key in seen:
                continue
            seen.add(key)
            by_key = self._by_response_key(group)
            for fields in by_key.values():
                self._pairs += len(fields) * (len(fields) - 1) // 2
                inner = tuple(field.selection_set for field in fields if field.selection_set)
                if inner:
                    waiting.append(inner)
            if self._pairs > self._bounds.same_key_pairs:
                raise _too_complex("REPEATED_FIELDS", "The operation asks for the same fields too many times.")

    def _by_response_key(self, group: tuple[SelectionSetNode, ...]) -> dict[str, list[FieldNode]]:
        by_key: dict[str, list[FieldNode]] = defaultdict(list)
        spread: set[str] = set()
        waiting = list(group)
        while waiting:
            for selection in waiting.pop().selections:
                self._step()
                if isinstance(selection, FieldNode):
                    by_key[(selection.alias or selection.name).value].append(selection)
                elif isinstance(selection, InlineFragmentNode):
                    waiting.append(selection.selection_set)
                elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in spread:
                    spread.add(selection.name.value)
                    if fragment := self._fragments.get(selection.name.value):
                        waiting.append(fragment.selection_set)
        return by_key

    def _step(self) -> None:
        self._steps += 1
        if self._steps > self._bounds.steps:
            raise _too_complex("SELECTIONS", "The operation is too large.")


def _too_complex(reason: str, message: str) -> RequestError:
    return RequestError("TOO_COMPLEX", message, reason=reason)
