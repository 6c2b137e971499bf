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
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)

from execution.analysis import Sanity, Shape, ShapeOf
from execution.coordinates import Coordinates, CoordinatesOf
from execution.errors import RequestError

C = TypeVar("C")
Use = Literal["read", "use"]
Classes = Mapping[tuple[C, Use], frozenset[str]]
MOST_ERRORS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Prepared(Generic[C]):
    """One operation, ready to be judged and run; shared between requests, so it holds nothing of any of them."""

    document: DocumentNode
    operation: OperationDefinitionNode
    hash: str  # sha256 of the text, hexadecimal
    shape: Shape
    coordinates: Coordinates
    classes: Classes[C]  # what it needs whatever its variables hold
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

    def uses_of(self, variables: Mapping[str, Any]) -> Classes[C]:
        """What it needs with these variables of a request: `classes` and, with them, what the variables use."""
        found = self.coordinates.used_by(variables)
        if not found:
            return self.classes
        return merged(self.classes, by_class(found, "use", self._classify))


class Documents(Generic[C]):
    """A bounded cache of prepared operations, refusals among them (validation is the dear part of either).

    `classify` tells the class of a schema coordinate; None is a coordinate that needs no permission.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        classify: Callable[[str], C | None],
        size: int = 1_000,
        sanity: Sanity | None = None,
        hide_suggestions: bool = False,
        rules: Collection[type[ASTValidationRule]] = specified_rules,
    ) -> None:
        self._schema = schema
        self._classify = classify
        self._size = size
        self._most_characters = size * 4_096  # many short documents or few long ones, never many long ones
        self._characters = 0
        self._sanity = sanity or Sanity()
        self._hide_suggestions = hide_suggestions
        self._rules = rules
        self._kept: OrderedDict[tuple[bytes, str | None], tuple[Prepared[C] | RequestError, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def prepare(self, text: str, operation_name: str | None = None) -> Prepared[C]:
        """The operation of that name, or the only one; raises RequestError."""
        if len(text) > self._sanity.characters:
            raise RequestError("TOO_COMPLEX", "The document is too long.", reason="CHARACTERS")
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
        key = (digest.digest(), operation_name or None)
        if key in self._kept:
            self._kept.move_to_end(key)
            known, _ = self._kept[key]
        else:
            known = self._attempt(text, operation_name or None, digest.hexdigest())
            self._keep(key, known, len(text))
        if isinstance(known, RequestError):
            raise known.again()
        return known

    def _keep(self, key: tuple[bytes, str | None], value: Prepared[C] | RequestError, characters: int) -> None:
        self._kept[key] = (value, characters)
        self._characters += characters
        while len(self._kept) > self._size or (self._characters > self._most_characters and len(self._kept) > 1):
            _, (_, gone) = self._kept.popitem(last=False)
            self._characters -= gone

    def _attempt(self, text: str, operation_name: str | None, digest: str) -> Prepared[C] | RequestError:
        try:
            return self._prepare(text, operation_name, digest)
        except RequestError as refusal:
            return refusal.again()

    def _prepare(self, text: str, operation_name: str | None, digest: str) -> Prepared[C]:
        document = self._parse(text)
        shapes = ShapeOf(document, self._sanity)
        # Every operation is measured, not only the one asked for: validation looks at them all.
        measured = {
            id(found): shapes.operation(found) for found in document.definitions if isinstance(found, OperationDefinitionNode)
        }
        self._validate(document)
        operation = _chosen(document, operation_name)
        coordinates = CoordinatesOf(self._schema, document, operation).gather()
        return Prepared(
            document=document,
            operation=operation,
            hash=digest,
            shape=measured[id(operation)],
            coordinates=coordinates,
            classes=self._classes(coordinates),
            _classify=self._classify,
        )

    def _parse(self, text: str) -> DocumentNode:
        try:
            return parse(text, max_tokens=self._sanity.tokens)
        except GraphQLSyntaxError as error:
            if "tokens. Parsing aborted" in error.message:  # graphql-core has no class of its own for it
                raise RequestError("TOO_COMPLEX", "The document has too many tokens.", reason="TOKENS") from error
            raise RequestError("GRAPHQL_PARSE_FAILED", error.message, located=[error]) from error
        except (GraphQLError, RecursionError) as error:
            raise RequestError("GRAPHQL_PARSE_FAILED", "The document is nested too deeply.") from error

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


def _chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [found for found in document.definitions if isinstance(found, OperationDefinitionNode)]
    if name is None:
        if len(operations) == 1:
            return operations[0]
        message = "Which operation? The document has several, so `operationName` is needed."
        raise RequestError("BAD_USER_INPUT", message, reason="OPERATION_NAME")
    for operation in operations:
        if operation.name is not None and operation.name.value == name:
            return operation
    raise RequestError("BAD_USER_INPUT", f"The document has no operation {name}.", reason="OPERATION_NAME")
