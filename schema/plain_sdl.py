"""Reduces the SDL to what tools for clients read: types, descriptions, and the directives of the GraphQL specification.

Code generators and `buildSchema` refuse directives that they do not know, such as `@link` and `@composeDirective` of federation.
"""

from dataclasses import replace
from typing import Any, Final

from graphql import (
    REMOVE,
    ConstDirectiveNode,
    DefinitionNode,
    DirectiveDefinitionNode,
    ScalarTypeDefinitionNode,
    SchemaExtensionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

_STANDARD: Final = frozenset({"deprecated", "specifiedBy", "oneOf"})
# Many tools know `@oneOf` only if the SDL defines it; the definitions of the other two are built in everywhere.
_DEFINED: Final = frozenset({"oneOf"})


def plain_sdl(sdl: str) -> str:
    """Returns the SDL without directives of federation and of the gateway; `@oneOf` is defined if it is used."""
    document = visit(parse(sdl), _Standard())
    return print_ast(replace(document, definitions=tuple(d for d in document.definitions if not _of_federation(d)))) + "\n"


class _Standard(Visitor):
    """Removes uses and definitions of other directives."""

    def enter_directive(self, node: ConstDirectiveNode, *_args: Any) -> Any:
        return None if node.name.value in _STANDARD else REMOVE

    def enter_directive_definition(self, node: DirectiveDefinitionNode, *_args: Any) -> Any:
        return None if node.name.value in _DEFINED else REMOVE


def _of_federation(node: DefinitionNode) -> bool:
    """Whether a definition only serves federation: a scalar for its directives, or an extension that had only directives."""
    if isinstance(node, SchemaExtensionNode):
        return not node.directives and not node.operation_types
    return isinstance(node, ScalarTypeDefinitionNode) and "__" in node.name.value
