"""Prepared documents: parsed, measured, walked for access and validated once, then kept in a bounded cache."""

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
    specified_rules,
    validate,
)

from execution.analysis import PERSISTED, QueryLimits, QueryShape, ShapeOf, too_complex
from execution.errors import RequestError
from execution.parsing import chosen, parsed
from execution.prices import Group, actual, least, requested
from execution.pricing import PriceOf, Pricing
from execution.schema_coordinates import Coordinates, CoordinatesOf

C = TypeVar("C")
Use = Literal["read", "use"]
Classes = Mapping[tuple[C, Use], frozenset[str]]
MOST_ERRORS = 20
MOST_COST = 25_000.0
Known = tuple[bytes, str | None, bool]
"""A document's hash, the operation's name, and whether it is on the safelist."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared(Generic[C]):
    """One operation, ready to be judged and run; shared between requests, so it holds nothing of any of them."""

    document: DocumentNode
    operation: OperationDefinitionNode
    hash: str  # sha256 of the text, hexadecimal
    shape: QueryShape
    coordinates: Coordinates
    classes: Classes[C]  # what it needs whatever its variables hold
    bounds: QueryLimits
    trusted: bool  # it is on the safelist
    _prices: Group = field(repr=False)
    _most_cost: float
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
        """How many fields lie beneath each other at most."""
        return self.shape.depth

    def cost(self, variables: Mapping[str, Any]) -> float:
        """What it may cost with these variables of a request, coerced; raises RequestError where that is too much."""
        cost = requested(self._prices, variables)
        check_cost(cost, self._most_cost)
        return cost

    def cost_of(self, data: Any) -> float:
        """What this answer to it did cost."""
        return actual(self._prices, data)

    def uses_of(self, variables: Mapping[str, Any]) -> Classes[C]:
        """What it needs with these variables of a request: `classes` and, with them, what the variables use."""
        found = self.coordinates.used_by(variables)
        if not found:
            return self.classes
        return merged(self.classes, by_class(found, "use", self._classify))


class DocumentCache(Generic[C]):
    """A bounded cache of prepared operations, refusals among them (validation is the dear part of either).

    `classify` tells the class of a schema coordinate; None is a coordinate that needs no permission.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        classify: Callable[[str], C | None],
        size: int = 1_000,
        sanity: QueryLimits | None = None,
        trusted: QueryLimits = PERSISTED,
        pricing: Pricing | None = None,
        most_cost: float = MOST_COST,
        hide_suggestions: bool = False,
        rules: Collection[type[ASTValidationRule]] = specified_rules,
    ) -> None:
        self._schema = schema
        self._classify = classify
        self._size = size
        self._most_characters = size * 4_096  # many short documents or few long ones, never many long ones
        self._characters = 0
        self._sanity = sanity or QueryLimits()
        self._trusted = trusted
        self._pricing = pricing or Pricing()
        self._most_cost = most_cost
        self._hide_suggestions = hide_suggestions
        self._rules = rules
        self.misses = 0  # documents that had to be prepared
        self._kept: OrderedDict[Known, tuple[Prepared[C] | RequestError, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def prepare(self, text: str, operation_name: str | None = None, *, trusted: bool = False) -> Prepared[C]:
        """The operation of that name, or the only one; raises RequestError. `trusted`: it is on the safelist."""
        bounds = self._trusted if trusted else self._sanity
        if len(text) > bounds.characters:
            raise RequestError("TOO_COMPLEX", "The document is too long.", reason="CHARACTERS")
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
        key = (digest.digest(), operation_name or None, trusted)
        if key in self._kept:
            self._kept.move_to_end(key)
            known, _ = self._kept[key]
        else:
            self.misses += 1
            known = self._attempt(text, operation_name or None, digest.hexdigest(), trusted=trusted)
            self._keep(key, known, len(text))
        if isinstance(known, RequestError):
            raise known.again()
        return known

    def _keep(self, key: Known, value: Prepared[C] | RequestError, characters: int) -> None:
        self._kept[key] = (value, characters)
        self._characters += characters
        while len(self._kept) > self._size or (self._characters > self._most_characters and len(self._kept) > 1):
            _, (_, gone) = self._kept.popitem(last=False)
            self._characters -= gone

    def _attempt(self, text: str, operation_name: str | None, digest: str, *, trusted: bool) -> Prepared[C] | RequestError:
        try:
            return self._prepare(text, operation_name, digest, trusted=trusted)
        except RequestError as refusal:
            return refusal.again()

    def _prepare(self, text: str, operation_name: str | None, digest: str, *, trusted: bool) -> Prepared[C]:
        bounds = self._trusted if trusted else self._sanity
        document = parsed(text, bounds)
        measured = self._measured(document, bounds)
        self._validate(document)
        operation = chosen(document, operation_name)
        coordinates = CoordinatesOf(self._schema, document, operation).gather()
        shape, prices = measured[id(operation)]
        return Prepared(
            document=document,
            operation=operation,
            hash=digest,
            shape=shape,
            coordinates=coordinates,
            classes=self._classes(coordinates),
            bounds=bounds,
            trusted=trusted,
            _prices=prices,
            _most_cost=self._most_cost,
            _classify=self._classify,
        )

    def _measured(self, document: DocumentNode, bounds: QueryLimits) -> dict[int, tuple[QueryShape, Group]]:
        """Shape and price list of every operation, not only of the one asked for: validation looks at them all."""
        operations = [found for found in document.definitions if isinstance(found, OperationDefinitionNode)]
        if len(operations) > bounds.operations:
            raise too_complex("OPERATIONS", f"The document has more than {bounds.operations} operations.")
        shapes = ShapeOf(document, bounds)
        shaped = {id(found): shapes.operation(found) for found in operations}
        prices = PriceOf(self._schema, document, self._pricing, bounds, shapes.steps)
        measured: dict[int, tuple[QueryShape, Group]] = {}
        for found in operations:
            group = prices.operation(found)
            check_cost(least(group), self._most_cost)
            measured[id(found)] = shaped[id(found)], group
        return measured

    def _validate(self, document: DocumentNode) -> None:
        errors = validate(self._schema, document, self._rules, max_errors=MOST_ERRORS, hide_suggestions=self._hide_suggestions)
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
        """A field asked of an interface is also asked of each implementation that gives it another class."""
        owner, _, name = coordinate.partition(".")
        interface = self._schema.get_type(owner)
        if not isinstance(interface, GraphQLInterfaceType):
            return set()
        own = self._classify(coordinate)
        concrete = {f"{possible.name}.{name}" for possible in self._schema.get_possible_types(interface)}
        return {found for found in concrete if self._classify(found) != own}


def round_cost(cost: float) -> int | float:
    """As it is told: one decimal, and none where there is none; what is beyond any limit is cut off."""
    shown = round(min(cost, 1e12), 1)
    return int(shown) if shown == int(shown) else shown


def check_cost(cost: float, most: float) -> None:
    """Raises RequestError where an operation would cost more than one may."""
    if cost > most:
        told = {"cost": {"requested": round_cost(cost), "limit": round_cost(most)}}
        raise RequestError("TOO_COMPLEX", "The operation costs too much.", reason="COST", extensions=told)


def by_class(coordinates: Iterable[str], use: Use, classify: Callable[[str], C | None]) -> Classes[C]:
    """The coordinates sorted by what they need; those that need nothing are left out."""
    sorted_out: dict[tuple[C, Use], set[str]] = defaultdict(set)
    for coordinate in coordinates:
        needed = classify(coordinate)
        if needed is not None:
            sorted_out[needed, use].add(coordinate)
    return {key: frozenset(found) for key, found in sorted_out.items()}


def merged(left: Classes[C], right: Classes[C]) -> Classes[C]:
    """Both together."""
    return {key: left.get(key, frozenset()) | right.get(key, frozenset()) for key in {*left, *right}}
