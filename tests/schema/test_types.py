"""Resolvers are type-checked: a lazy type is the real class for mypy, so a wrong return value is an error."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "schema").rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(ROOT)))
def test_lazy_types_are_imported_for_type_checking(module: Path) -> None:
    text = module.read_text("utf-8")
    assert "name-defined" not in text
    tree = ast.parse(text)
    names = {n.name for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}
    names |= {alias.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for alias in n.names}
    assert set(re.findall(r'Annotated\["(\w+)", strawberry\.lazy', text)) <= names


PLANTED = {
    "photo": ("Photo", ["owner", "place", "people", "albums", "location"]),
    "album": ("Album", ["owner", "cover", "photos"]),
    "person": ("Person", ["cover", "name"]),
    "query": ("Query", ["photo", "node", "nodes"]),
}


@pytest.mark.slow
def test_mypy_rejects_resolvers_that_return_a_wrong_value(tmp_path: Path) -> None:
    arguments = [f"--config-file={ROOT / 'pyproject.toml'}", f"--cache-dir={ROOT / '.mypy_cache'}", "--follow-imports=silent"]
    files = [str(ROOT / "schema" / f"{module}.py") for module in PLANTED]
    for module, (owner, resolvers) in PLANTED.items():
        original, planted = ROOT / "schema" / f"{module}.py", tmp_path / f"{module}.py"
        source = original.read_text("utf-8")
        for resolver in resolvers:
            source = _with_return_123(source, owner, resolver)
        planted.write_text(source, "utf-8")
        arguments += ["--shadow-file", str(original), str(planted)]
    out, err, _ = api.run([*arguments, *files])
    assert err == ""
    found = {
        module: len(re.findall(rf'schema/{module}\.py:\d+: error: Incompatible return value.*got "int"', out))
        for module in PLANTED
    }
    assert found == {module: len(resolvers) for module, (_, resolvers) in PLANTED.items()}


def _with_return_123(source: str, owner: str, resolver: str) -> str:
    """Inserts `return 123` as the first statement of a method."""
    (found,) = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ClassDef) and n.name == owner]
    (method,) = [n for n in found.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == resolver]
    lines = source.splitlines(keepends=True)
    first = method.body[0]
    lines.insert(first.lineno - 1, " " * first.col_offset + "return 123\n")
    return "".join(lines)
