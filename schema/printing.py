"""The schema as text, in two printings: for every router, and with auth for routers that enforce it.

Strawberry prints types and classes; everything that follows from a class, a price or the policy is put in here, in one
walk over the printed document. Interfaces' fields are left as they are: what stands on them routers copy, or refuse.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final, TypeVar

from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    ListValueNode,
    ObjectTypeDefinitionNode,
    SchemaDefinitionNode,
    StringValueNode,
    parse,
    print_ast,
)

from access.classes import DataClass
from access.policy import MATRIX
from access.token_scopes import PERSONS
from execution.pricing import ListSize, Pricing

CONSENT: Final = "photos:consent:people"
"""What a router's policy hook must answer before it asks for people: that the customer has agreed."""
N = TypeVar("N", bound=Any)
_HARMLESS = frozenset({DataClass.PUBLIC, DataClass.OPERATIONAL})
_FEDERATION = "https://specs.apollo.dev/federation/"
_REFETCH = frozenset({"node", "nodes"})


def printed(sdl: str, classes: Mapping[str, DataClass], pricing: Pricing, *, auth: bool = False, refetch: bool = True) -> str:
    """Strawberry's printing with prices, tags and, where wanted, auth; `refetch`: with Query.node and Query.nodes."""
    walk = _Printing(classes, pricing, auth=auth, refetch=refetch)
    document = parse(sdl)
    definitions = tuple(walk.definition(found) for found in document.definitions)
    used = walk.used
    linked = tuple(_linked(found, used) if isinstance(found, SchemaDefinitionNode) else found for found in definitions)
    return print_ast(DocumentNode(definitions=linked)) + "\n"


class _Printing:
    """One walk over the definitions; remembers which directives it used, for they must be imported."""

    def __init__(self, classes: Mapping[str, DataClass], pricing: Pricing, *, auth: bool, refetch: bool) -> None:
        self._classes = classes
        self._pricing = pricing
        self._auth = auth
        self._refetch = refetch
        self.used: set[str] = set()

    def definition(self, node: DefinitionNode) -> DefinitionNode:
        """The definition with what follows from it."""
        if isinstance(node, ObjectTypeDefinitionNode):
            return self._object(node)
        if isinstance(node, InputObjectTypeDefinitionNode):
            return replace(node, fields=tuple(self._tagged(f, f"{node.name.value}.{f.name.value}") for f in node.fields or ()))
        if isinstance(node, EnumTypeDefinitionNode):
            return replace(node, values=tuple(self._tagged(v, f"{node.name.value}.{v.name.value}") for v in node.values or ()))
        return node

    def _object(self, node: ObjectTypeDefinitionNode) -> ObjectTypeDefinitionNode:
        name = node.name.value
        hidden = _REFETCH if name == "Query" and not self._refetch else frozenset()
        fields = tuple(self._field(f, name) for f in node.fields or () if f.name.value not in hidden)
        priced = replace(node, fields=fields)
        weight = self._pricing.weights.get(name)
        return priced if weight is None else self._with(priced, [_cost(weight)])

    def _field(self, node: FieldDefinitionNode, owner: str) -> FieldDefinitionNode:
        coordinate = f"{owner}.{node.name.value}"
        arguments = tuple(self._tagged(a, f"{coordinate}({a.name.value}:)") for a in node.arguments or ())
        further: list[str] = []
        if coordinate in self._pricing.weights:
            further.append(_cost(self._pricing.weights[coordinate]))
        if coordinate in self._pricing.sizes:
            further.append(_list_size(self._pricing.sizes[coordinate]))
        if self._auth and coordinate in self._classes:
            further += auth_of(self._classes[coordinate])
        tagged: FieldDefinitionNode = self._tagged(replace(node, arguments=arguments), coordinate)
        return self._with(tagged, further)

    def _tagged(self, node: N, coordinate: str) -> N:
        found = self._classes.get(coordinate)
        if found is None or found in _HARMLESS:
            return node
        return self._with(node, [f'@tag(name: "pii-{found.value.lower().replace("_", "-")}")'])

    def _with(self, node: N, directives: Iterable[str]) -> N:
        wanted = tuple(directives)
        self.used |= {text.partition("(")[0] for text in wanted}
        return replace(node, directives=(*(node.directives or ()), *map(_directive, wanted))) if wanted else node


def auth_of(data_class: DataClass) -> list[str]:
    """What a router must hold a caller to for a class, from the policy's table: any one of the scopes is enough."""
    if data_class is DataClass.PUBLIC:
        return []
    row = MATRIX[data_class]
    scopes = [PERSONS[r] for r in PERSONS if row.of(r) is not None]
    if row.service is not None and row.service.scope is not None:
        scopes.append(row.service.scope)
    listed = ", ".join(f'["{scope}"]' for scope in dict.fromkeys(scopes))
    auth = ["@authenticated", f"@requiresScopes(scopes: [{listed}])"]
    return [*auth, f'@policy(policies: [["{CONSENT}"]])'] if data_class is DataClass.BIOMETRIC else auth


def _cost(weight: float) -> str:
    """In tenths of our unit: a weight is a whole number in federation's definition of `@cost` (IBM's has a text)."""
    return f"@cost(weight: {round(10 * weight)})"


def _list_size(size: ListSize) -> str:
    """Only numbers may be slicing arguments; a list's own length is told by what is assumed of it."""
    parts = [f"assumedSize: {size.assumed}"]
    if size.slicing:
        parts.append(f"slicingArguments: {_names(size.slicing)}")
    if size.sized:
        parts.append(f"sizedFields: {_names(size.sized)}")
    return f"@listSize({', '.join([*parts, 'requireOneSlicingArgument: false'])})"


def _names(names: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


@cache
def _directive(text: str) -> ConstDirectiveNode:
    (node,) = parse(f"scalar X {text}").definitions
    (directive,) = node.directives  # type: ignore[attr-defined]
    return directive  # type: ignore[no-any-return]


def _linked(node: SchemaDefinitionNode, used: set[str]) -> SchemaDefinitionNode:
    """Federation's @link imports what was used."""
    return replace(node, directives=tuple(_importing(d, used) for d in node.directives or ()))


def _importing(directive: ConstDirectiveNode, used: set[str]) -> ConstDirectiveNode:
    given = {argument.name.value: argument.value for argument in directive.arguments or ()}
    url, imported = given.get("url"), given.get("import")
    if not isinstance(url, StringValueNode) or not url.value.startswith(_FEDERATION) or not isinstance(imported, ListValueNode):
        return directive
    known = {value.value for value in imported.values if isinstance(value, StringValueNode)}
    return _directive(f'@link(url: "{url.value}", import: {_names(sorted(known | used))})')
