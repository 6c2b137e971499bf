"""The words that the project replaced by standard terms stay out of names, SDL descriptions, log messages and command help."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from graphql import GraphQLSchema, build_schema

ROOT = Path(__file__).parents[2]
REPLACED = {
    "darkroom": "renditions", "desk": "request handler, mutation context", "door": "authentication", "shelf": "cache, vectors",
    "toll": "rate limiter", "bell": "notifier", "flights": "single-flight", "told": "reported, metadata", "sight": "visibility",
    "sights": "visibility", "fineness": "precision", "anew": "again", "whoever": "anyone who",
    "timeliness": "precision", "patience": "retry policy", "ledger": "request statistics", "asked": "requested", "wished": "requested", "twins": "near-duplicates",
}  # fmt: skip
"""A word that may not be used in a name or in a sentence that users read, with the standard term for it."""
EXEMPT: dict[str, str] = {}
"""Names that must keep a replaced word because it is stored or public, each with the reason."""
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def sources() -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    yield from (ROOT / line for line in listed.stdout.split() if (ROOT / line).exists())


def words_of(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def names_of(tree: ast.AST) -> Iterator[str]:
    """Every name that a module defines: classes, functions, parameters, variables, attributes of `self`."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def refused_names(source: str) -> set[str]:
    return {name for name in names_of(ast.parse(source)) if name not in EXEMPT and words_of(name) & REPLACED.keys()}


def refused_sentences(texts: Iterator[str]) -> set[str]:
    return {text for text in texts if words_of(text) & REPLACED.keys()}


def log_messages(source: str) -> Iterator[str]:
    """First arguments of calls of a logger."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(value=logger), args=[ast.Constant(value=str(text)), *_]):
                if "log" in ast.unparse(logger).lower():
                    yield text


def descriptions(schema: GraphQLSchema) -> Iterator[str]:
    for kind in schema.type_map.values():
        if kind.name.startswith("__"):
            continue
        yield kind.description or ""
        for field in getattr(kind, "fields", {}).values():
            yield field.description or ""
            yield from (argument.description or "" for argument in getattr(field, "args", {}).values())
        yield from (value.description or "" for value in getattr(kind, "values", {}).values())
    yield from (directive.description or "" for directive in schema.directives)


def test_no_name_has_a_replaced_word() -> None:
    found = {str(path.relative_to(ROOT)): names for path in sources() if (names := refused_names(path.read_text("utf-8")))}
    assert found == {}, f"use the standard terms: {REPLACED}"


def test_no_module_or_folder_is_named_by_a_replaced_word() -> None:
    assert [str(path.relative_to(ROOT)) for path in sources() if words_of(str(path.relative_to(ROOT))) & REPLACED.keys()] == []


def test_no_log_message_has_a_replaced_word() -> None:
    assert [text for path in sources() for text in refused_sentences(log_messages(path.read_text("utf-8")))] == []


def test_no_description_of_the_schema_has_a_replaced_word() -> None:
    from schema.build import build

    assert refused_sentences(descriptions(build().graphql_schema)) == set()


def test_no_help_of_a_command_has_a_replaced_word() -> None:
    from typer.main import get_command

    import cli  # noqa: F401 - it registers the commands
    from commands.app import app

    def texts(command: object) -> Iterator[str]:
        yield from (getattr(command, "help", None) or "", getattr(command, "short_help", None) or "")
        yield from (getattr(option, "help", None) or "" for option in getattr(command, "params", ()))
        for inner in getattr(command, "commands", {}).values():
            yield from texts(inner)

    assert refused_sentences(texts(get_command(app))) == set()


def test_planted_words_are_found() -> None:
    assert refused_names("class MutationDesk: ...") == {"MutationDesk"}
    assert refused_names("def f(sight): told_apart = 1") == {"sight", "told_apart"}
    assert list(log_messages("log.info('Whoever rang the bell')")) == ["Whoever rang the bell"]
    assert refused_sentences(iter(["Whoever rang the bell", "A door", "An indoor photo"])) == {"Whoever rang the bell", "A door"}
    planted = build_schema('type Query { "What is told." photos: Int }')
    assert refused_sentences(descriptions(planted)) == {"What is told."}
