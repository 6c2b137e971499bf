"""Removes from operations of client applications what the schema does not serve, and lists what was removed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphql import (
    REMOVE,
    ArgumentNode,
    DefinitionNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    ObjectFieldNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableNode,
    Visitor,
    VisitorAction,
    get_named_type,
    parse,
    print_ast,
    visit,
)

DOCUMENTS = Path(__file__).with_name("documents")


@dataclass
class ReducedOperations:
    """Operations that are valid for a schema."""

    documents: dict[str, str]  # by file name, without files that became empty
    removed: list[str] = field(default_factory=list)  # "file: what"


def reduce_to_schema(schema: GraphQLSchema, folder: Path = DOCUMENTS) -> ReducedOperations:
    """Reduces every file of the folder to what the schema serves; the results are valid together."""
    files = {path.name: parse(path.read_text("utf-8")) for path in sorted(folder.glob("*.graphql"))}
    removed: list[str] = []
    reduced = {name: _Reduction(schema, name, removed).document(document) for name, document in files.items()}
    # Removing an empty fragment can make its users empty too.
    while _without_empty(reduced, removed):
        pass
    _without_unused_fragments(reduced, removed)
    reduced = {name: _without_unused_variables(document) for name, document in reduced.items()}
    return ReducedOperations({name: print_ast(found) + "\n" for name, found in reduced.items() if found.definitions}, removed)


class _Reduction(Visitor):
    """Removes from one file everything that the schema does not define."""

    def __init__(self, schema: GraphQLSchema, name: str, removed: list[str]) -> None:
        super().__init__()
        self._schema = schema
        self._name = name
        self._removed = removed
        self._info = TypeInfo(schema)

    def document(self, document: DocumentNode) -> DocumentNode:
        reduced: DocumentNode = visit(document, TypeInfoVisitor(self._info, self))
        return reduced

    def _remove(self, what: str) -> VisitorAction:
        self._removed.append(f"{self._name}: {what}")
        return REMOVE

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> VisitorAction:
        if self._schema.get_root_type(node.operation) is None:
            return self._remove(f"{node.operation.value} {node.name.value if node.name else ''}")
        return None

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> VisitorAction:
        if node.type_condition.name.value not in self._schema.type_map:
            return self._remove(f"fragment {node.name.value} on {node.type_condition.name.value}")
        return None

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> VisitorAction:
        if node.type_condition and node.type_condition.name.value not in self._schema.type_map:
            return self._remove(f"... on {node.type_condition.name.value}")
        return None

    def enter_field(self, node: FieldNode, *_: Any) -> VisitorAction:
        if self._info.get_field_def() is None:
            return self._remove(f"{self._info.get_parent_type()}.{node.name.value}")
        return None

    def enter_argument(self, node: ArgumentNode, *_: Any) -> VisitorAction:
        owner = self._info.get_field_def()
        if owner is None or self._info.get_directive() is not None:
            return None
        if node.name.value not in owner.args:
            return self._remove(f"{self._info.get_parent_type()}.{self._field_name()}({node.name.value}:)")
        return self._without_unknown_value(node.value)

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> VisitorAction:
        parent = get_named_type(self._info.get_parent_input_type())
        if node.name.value not in getattr(parent, "fields", {node.name.value: None}):
            return self._remove(f"{parent}.{node.name.value}")
        return self._without_unknown_value(node.value)

    def _without_unknown_value(self, value: ValueNode) -> VisitorAction:
        """Removes the argument or field that contains an unknown enum value."""
        expected = get_named_type(self._info.get_input_type())
        values = value.values if isinstance(value, ListValueNode) else (value,)
        for one in values:
            if isinstance(one, EnumValueNode) and isinstance(expected, GraphQLEnumType) and one.value not in expected.values:
                return self._remove(f"{expected}.{one.value}")
        return None

    def _field_name(self) -> str:
        owner, parent = self._info.get_field_def(), self._info.get_parent_type()
        fields = getattr(parent, "fields", {})
        return next((name for name, known in fields.items() if known is owner), "?")


def _without_empty(documents: dict[str, DocumentNode], removed: list[str]) -> bool:
    """Removes empty selections and spreads of removed fragments; returns whether there were any."""
    known = {
        definition.name.value
        for document in documents.values()
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    before = len(removed)
    for name, document in documents.items():
        documents[name] = visit(document, _EmptySelections(name, known, removed))
    return len(removed) > before


class _EmptySelections(Visitor):
    def __init__(self, name: str, known: set[str], removed: list[str]) -> None:
        super().__init__()
        self._name = name
        self._known = known
        self._removed = removed

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> VisitorAction:
        return None if node.name.value in self._known else self._remove(f"...{node.name.value}")

    def leave_field(self, node: FieldNode, *_: Any) -> VisitorAction:
        return self._remove(f"{node.name.value}, now empty") if _is_empty(node.selection_set) else None

    def leave_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> VisitorAction:
        return self._remove("an inline fragment, now empty") if _is_empty(node.selection_set) else None

    def leave_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> VisitorAction:
        return self._remove(f"fragment {node.name.value}, now empty") if _is_empty(node.selection_set) else None

    def leave_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> VisitorAction:
        named = node.name.value if node.name else ""
        return self._remove(f"{node.operation.value} {named}, now empty") if _is_empty(node.selection_set) else None

    def _remove(self, what: str) -> VisitorAction:
        self._removed.append(f"{self._name}: {what}")
        return REMOVE


def _is_empty(selection_set: SelectionSetNode | None) -> bool:
    return selection_set is not None and not selection_set.selections


def _without_unused_fragments(documents: dict[str, DocumentNode], removed: list[str]) -> None:
    """Removes unused fragments: validation and compilers reject them."""
    bodies = {
        definition.name.value: definition
        for document in documents.values()
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    reached: set[str] = set()
    waiting: list[DefinitionNode] = [
        definition
        for document in documents.values()
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    ]
    while waiting:
        for name in names_of(waiting.pop(), FragmentSpreadNode) - reached:
            reached.add(name)
            waiting.append(bodies[name])
    for name, document in documents.items():
        used = [one for one in document.definitions if not _is_unreached(one, reached)]
        unused = [one for one in document.definitions if _is_unreached(one, reached)]
        removed.extend(f"{name}: fragment {one.name.value}, used by nothing" for one in unused if one.name)  # type: ignore[attr-defined]
        documents[name] = DocumentNode(definitions=tuple(used))


def _is_unreached(definition: DefinitionNode, reached: set[str]) -> bool:
    return isinstance(definition, FragmentDefinitionNode) and definition.name.value not in reached


def _without_unused_variables(document: DocumentNode) -> DocumentNode:
    """Removes variables that are no longer used."""
    definitions: list[DefinitionNode] = []
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            used = names_of(definition.selection_set, VariableNode)
            variables = tuple(v for v in definition.variable_definitions or () if v.variable.name.value in used)
            definitions.append(_with_variables(definition, variables))
        else:
            definitions.append(definition)
    return DocumentNode(definitions=tuple(definitions))


def _with_variables(node: OperationDefinitionNode, variables: Iterable[Any]) -> OperationDefinitionNode:
    return OperationDefinitionNode(
        operation=node.operation,
        name=node.name,
        directives=node.directives,
        selection_set=node.selection_set,
        variable_definitions=tuple(variables),
    )


def names_of(tree: Any, kind: type[FragmentSpreadNode | VariableNode]) -> set[str]:
    """The names of all nodes of a kind in a tree."""
    found: set[str] = set()

    class Names(Visitor):
        def enter(self, node: Any, *_: Any) -> None:
            if isinstance(node, kind):
                found.add(node.name.value)

    visit(tree, Names())
    return found
