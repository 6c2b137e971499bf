"""Prints the schema as SDL for federation routers, with or without auth directives.

Strawberry prints types and data classes. One walk over the printed document adds `@tag`, `@cost`, `@listSize` and, for
routers that enforce them, `@authenticated`, `@requiresScopes` and `@policy`. Fields of interfaces get none of them: routers
copy directives of interface fields to objects, or reject them.

`python -m schema.printing > schema/schema.graphql` writes the contract that `tests/schema/test_contract.py` compares.
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
from access.token_scopes import PERSON_SCOPES, service_scopes
from execution.pricing import ListSize, Pricing

CONSENT: Final = "photos:consent:people"
"""The policy that a router must confirm before it reads people: the customer has given consent."""
N = TypeVar("N", bound=Any)
_HARMLESS = frozenset({DataClass.PUBLIC, DataClass.OPERATIONAL})
_FEDERATION = "https://specs.apollo.dev/federation/"
_REFETCH = frozenset({"node", "nodes"})


def print_sdl(sdl: str, classes: Mapping[str, DataClass], pricing: Pricing, *, auth: bool = False, refetch: bool = True) -> str:
    """Adds costs, tags and optionally auth directives to SDL; `refetch` keeps `Query.node` and `Query.nodes`."""
    walk = _Printing(classes, pricing, auth=auth, refetch=refetch)
    document = parse(sdl)
    definitions = tuple(walk.definition(found) for found in document.definitions)
    used = walk.used
    linked = tuple(_with_imports(found, used) if isinstance(found, SchemaDefinitionNode) else found for found in definitions)
    return print_ast(DocumentNode(definitions=linked)) + "\n"


class _Printing:
    """One walk over the definitions. It collects the used directives, because `@link` must import them."""

    def __init__(self, classes: Mapping[str, DataClass], pricing: Pricing, *, auth: bool, refetch: bool) -> None:
        self._classes = classes
        self._pricing = pricing
        self._auth = auth
        self._refetch = refetch
        self.used: set[str] = set()

    def definition(self, node: DefinitionNode) -> DefinitionNode:
        """Returns the definition with its directives."""
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
        trimmed = replace(node, fields=fields)
        weight = self._pricing.weights.get(name)
        return trimmed if weight is None else self._with(trimmed, [_cost(weight)])

    def _field(self, node: FieldDefinitionNode, owner: str) -> FieldDefinitionNode:
        coordinate = f"{owner}.{node.name.value}"
        arguments = tuple(self._tagged(a, f"{coordinate}({a.name.value}:)") for a in node.arguments or ())
        directives: list[str] = []
        if coordinate in self._pricing.weights:
            directives.append(_cost(self._pricing.weights[coordinate]))
        if coordinate in self._pricing.sizes:
            directives.append(_list_size(self._pricing.sizes[coordinate]))
        if self._auth and coordinate in self._classes:
            directives += auth_of(self._classes[coordinate])
        tagged: FieldDefinitionNode = self._tagged(replace(node, arguments=arguments), coordinate)
        return self._with(tagged, directives)

    def _tagged(self, node: N, coordinate: str) -> N:
        found = self._classes.get(coordinate)
        if found is None or found in _HARMLESS:
            return node
        return self._with(node, [f'@tag(name: "pii-{found.value.lower().replace("_", "-")}")'])

    def _with(self, node: N, directives: Iterable[str]) -> N:
        added = tuple(directives)
        self.used |= {text.partition("(")[0] for text in added}
        return replace(node, directives=(*(node.directives or ()), *map(_directive, added))) if added else node


def auth_of(data_class: DataClass) -> list[str]:
    """Returns the auth directives of a class from the access policy. Any one of the inner lists of scopes is sufficient."""
    if data_class is DataClass.PUBLIC:
        return []
    row = MATRIX[data_class]
    scopes = [(PERSON_SCOPES[r],) for r in PERSON_SCOPES if row.of(r) is not None]
    of_service = service_scopes(data_class)
    scope_lists = ", ".join(map(_names, dict.fromkeys([*scopes, *([of_service] if of_service else [])])))
    auth = ["@authenticated", f"@requiresScopes(scopes: [{scope_lists}])"]
    return [*auth, f'@policy(policies: [["{CONSENT}"]])'] if data_class is DataClass.BIOMETRIC else auth


def _cost(weight: float) -> str:
    """Returns `@cost` in tenths of a unit, because its weight is an integer in the federation specification."""
    return f"@cost(weight: {round(10 * weight)})"


def _list_size(size: ListSize) -> str:
    """Returns `@listSize`. Only integer arguments can be slicing arguments; lists of inputs are covered by the assumed size."""
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


def _with_imports(node: SchemaDefinitionNode, used: set[str]) -> SchemaDefinitionNode:
    """Adds the used directives to the import list of the federation `@link`."""
    return replace(node, directives=tuple(_with_imported_names(d, used) for d in node.directives or ()))


def _with_imported_names(directive: ConstDirectiveNode, used: set[str]) -> ConstDirectiveNode:
    arguments = {argument.name.value: argument.value for argument in directive.arguments or ()}
    url, imported = arguments.get("url"), arguments.get("import")
    if not isinstance(url, StringValueNode) or not url.value.startswith(_FEDERATION) or not isinstance(imported, ListValueNode):
        return directive
    known = {value.value for value in imported.values if isinstance(value, StringValueNode)}
    return _directive(f'@link(url: "{url.value}", import: {_names(sorted(known | used))})')


if __name__ == "__main__":
    from schema.build import build

    print(build().sdl(), end="")  # noqa: T201 - the SDL is the output of this command
