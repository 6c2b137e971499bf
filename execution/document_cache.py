"""LRU cache of prepared operations: each document is parsed, measured, validated and analysed for access once."""

from __future__ import annotations

import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLInterfaceType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    validate,
)

from execution.analysis import PERSISTED, QueryLimits, QueryShape, ShapeAnalyzer, too_complex
from execution.errors import RequestError
from execution.parsing import parse_document, select_operation
from execution.prices import PricedSelection, actual_cost, minimum_cost, requested_cost
from execution.pricing import PriceCompiler, Pricing
from execution.schema_coordinates import Coordinates, CoordinatesVisitor
from execution.validation_rules import RULES, variables_that_may_not_be_null

C = TypeVar("C")
Use = Literal["read", "use"]
Classes = Mapping[tuple[C, Use], frozenset[str]]
MAX_ERRORS = 20
MAX_COST = 25_000.0
CacheKey = tuple[bytes, str | None, bool]
"""A document's hash, the operation's name, and whether the document is on the safelist."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared(Generic[C]):
    """One operation, ready to be authorised and executed. It is shared between requests and holds no request data."""

    document: DocumentNode
    operation: OperationDefinitionNode
    hash: str  # SHA-256 of the text, hexadecimal
    shape: QueryShape
    coordinates: Coordinates
    classes: Classes[C]  # needed with any values of the variables
    limits: QueryLimits
    trusted: bool  # the document is on the safelist
    never_null: frozenset[str]  # variables for which an explicit null is refused
    _prices: PricedSelection = field(repr=False)
    _max_cost: float
    _classify: Callable[[str], C | None] = field(repr=False)

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.operation.operation

    @property
    def name(self) -> str | None:
        """The operation's own name."""
        return self.operation.name.value if self.operation.name else None

    @property
    def depth(self) -> int:
        """The largest number of nested fields."""
        return self.shape.depth

    def cost(self, variables: Mapping[str, Any]) -> float:
        """The estimated cost with a request's coerced variables; raises RequestError above the limit."""
        cost = requested_cost(self._prices, variables)
        check_cost(cost, self._max_cost)
        return cost

    def cost_of(self, data: Any) -> float:
        """The actual cost of a response."""
        return actual_cost(self._prices, data)

    def uses_of(self, variables: Mapping[str, Any]) -> Classes[C]:
        """The classes needed with a request's variables: `classes` and those that the variables' values use."""
        found = self.coordinates.used_by(variables)
        if not found:
            return self.classes
        return merged(self.classes, by_class(found, "use", self._classify))


class DocumentCache(Generic[C]):
    """LRU cache of prepared operations. Rejected documents are cached too, because validation is expensive.

    `classify` returns the class of a schema coordinate, or None if the coordinate needs no permission.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        classify: Callable[[str], C | None],
        size: int = 1_000,
        limits: QueryLimits | None = None,
        trusted_limits: QueryLimits = PERSISTED,
        pricing: Pricing | None = None,
        max_cost: float = MAX_COST,
        hide_suggestions: bool = False,
        rules: Collection[type[ASTValidationRule]] = RULES,
    ) -> None:
        self._schema = schema
        self._classify = classify
        self._size = size
        self._max_characters = size * 4_096  # bounds the memory of long documents
        self._characters = 0
        self._limits = limits or QueryLimits()
        self._trusted_limits = trusted_limits
        self._pricing = pricing or Pricing()
        self._max_cost = max_cost
        self._hide_suggestions = hide_suggestions
        self._rules = rules
        self.misses = 0  # documents that had to be prepared
        self._entries: OrderedDict[CacheKey, tuple[Prepared[C] | RequestError, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def prepare(self, text: str, operation_name: str | None = None, *, trusted: bool = False) -> Prepared[C]:
        """Returns the named operation, or the only one; raises RequestError. `trusted`: the document is on the safelist."""
        limits = self._trusted_limits if trusted else self._limits
        if len(text) > limits.characters:
            raise RequestError(
                "TOO_COMPLEX", f"The document is longer than {limits.characters:,} characters.", reason="CHARACTERS"
            )
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
        key = (digest.digest(), operation_name or None, trusted)
        if key in self._entries:
            self._entries.move_to_end(key)
            entry, _ = self._entries[key]
        else:
            self.misses += 1
            entry = self._attempt(text, operation_name or None, digest.hexdigest(), trusted=trusted)
            self._store(key, entry, len(text))
        if isinstance(entry, RequestError):
            raise entry.copy()
        return entry

    def _store(self, key: CacheKey, value: Prepared[C] | RequestError, characters: int) -> None:
        self._entries[key] = (value, characters)
        self._characters += characters
        while len(self._entries) > self._size or (self._characters > self._max_characters and len(self._entries) > 1):
            _, (_, removed) = self._entries.popitem(last=False)
            self._characters -= removed

    def _attempt(self, text: str, operation_name: str | None, digest: str, *, trusted: bool) -> Prepared[C] | RequestError:
        try:
            return self._prepare(text, operation_name, digest, trusted=trusted)
        except RequestError as refusal:
            return refusal.copy()

    def _prepare(self, text: str, operation_name: str | None, digest: str, *, trusted: bool) -> Prepared[C]:
        limits = self._trusted_limits if trusted else self._limits
        document = parse_document(text, limits)
        measured = self._measured(document, limits)
        self._validate(document)
        operation = select_operation(document, operation_name)
        coordinates = CoordinatesVisitor(self._schema, document, operation).gather()
        shape, prices = measured[id(operation)]
        return Prepared(
            document=document,
            operation=operation,
            hash=digest,
            shape=shape,
            coordinates=coordinates,
            classes=self._classes(coordinates),
            limits=limits,
            trusted=trusted,
            never_null=variables_that_may_not_be_null(self._schema, document, operation),
            _prices=prices,
            _max_cost=self._max_cost,
            _classify=self._classify,
        )

    def _measured(self, document: DocumentNode, limits: QueryLimits) -> dict[int, tuple[QueryShape, PricedSelection]]:
        """Shape and prices of every operation, not only of the requested one, because validation visits all of them."""
        operations = [found for found in document.definitions if isinstance(found, OperationDefinitionNode)]
        if len(operations) > limits.operations:
            raise too_complex("OPERATIONS", f"The document has more than {limits.operations} operations.")
        shapes = ShapeAnalyzer(document, limits)
        shaped = {id(found): shapes.operation(found) for found in operations}
        prices = PriceCompiler(self._schema, document, self._pricing, limits, shapes.steps)
        measured: dict[int, tuple[QueryShape, PricedSelection]] = {}
        for found in operations:
            group = prices.operation(found)
            check_cost(minimum_cost(group), self._max_cost)
            measured[id(found)] = shaped[id(found)], group
        return measured

    def _validate(self, document: DocumentNode) -> None:
        errors = validate(self._schema, document, self._rules, max_errors=MAX_ERRORS, hide_suggestions=self._hide_suggestions)
        if errors:
            raise RequestError("GRAPHQL_VALIDATION_FAILED", errors[0].message, located=errors)

    def _classes(self, coordinates: Coordinates) -> Classes[C]:
        outputs = set(coordinates.outputs)
        for coordinate in coordinates.outputs:
            outputs |= self._stricter_implementations(coordinate)
        return merged(
            by_class(outputs, "read", self._classify),
            by_class(coordinates.inputs, "use", self._classify),
        )

    def _stricter_implementations(self, coordinate: str) -> set[str]:
        """The coordinates of an interface's field in the object types that give it another class."""
        owner, _, name = coordinate.partition(".")
        interface = self._schema.get_type(owner)
        if not isinstance(interface, GraphQLInterfaceType):
            return set()
        own = self._classify(coordinate)
        concrete = {f"{possible.name}.{name}" for possible in self._schema.get_possible_types(interface)}
        return {found for found in concrete if self._classify(found) != own}


def round_cost(cost: float) -> int | float:
    """Rounds to one decimal, or to an integer if the value is one; costs above 10^12 are cut off."""
    shown = round(min(cost, 1e12), 1)
    return int(shown) if shown == int(shown) else shown


def check_cost(cost: float, limit: float) -> None:
    """Raises RequestError if the cost is above the limit."""
    if cost > limit:
        costs = {"cost": {"requested": round_cost(cost), "limit": round_cost(limit)}}
        message = "The operation costs too much. Request fewer objects, or split it into several operations."
        raise RequestError("TOO_COMPLEX", message, reason="COST", extensions=costs)


def by_class(coordinates: Iterable[str], use: Use, classify: Callable[[str], C | None]) -> Classes[C]:
    """Groups coordinates by the class that they need; those that need none are left out."""
    groups: dict[tuple[C, Use], set[str]] = defaultdict(set)
    for coordinate in coordinates:
        needed = classify(coordinate)
        if needed is not None:
            groups[needed, use].add(coordinate)
    return {key: frozenset(found) for key, found in groups.items()}


def merged(left: Classes[C], right: Classes[C]) -> Classes[C]:
    """Returns the union of both."""
    return {key: left.get(key, frozenset()) | right.get(key, frozenset()) for key in {*left, *right}}
