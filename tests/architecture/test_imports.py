"""Every package lists what it may import (tests/architecture/allowed_imports.toml); every other import fails."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("allowed_imports.toml")
PACKAGES: dict[str, dict[str, list[str]]] = tomllib.loads(TABLE.read_text("utf-8"))
GROUPS: dict[str, list[str]] = PACKAGES.pop("groups")
TOP = sorted({name.partition(".")[0] for name in PACKAGES})
# Modules of the standard library which reach outside the process: a package must list them as it lists dependencies.
GUARDED = {
    "asyncio.subprocess", "ctypes", "fcntl", "http", "multiprocessing", "pickle", "smtplib", "socket", "sqlite3", "ssl",
    "subprocess", "threading", "urllib",
}  # fmt: skip
FREE = sys.stdlib_module_names - {name.partition(".")[0] for name in GUARDED if "." not in name}
_WORKER_JOB = re.compile(r"^[a-z_]+(\.[a-z_]+)+:[a-z_]+$")


def modules() -> dict[str, str]:
    """The source of every module of the product, by its dotted name."""
    found = {}
    for top in TOP:
        single = ROOT / f"{top}.py"
        for path in [single] if single.exists() else sorted((ROOT / top).rglob("*.py")):
            found[".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")] = path.read_text("utf-8")
    return found


MODULES = modules()


@cache
def imports_of(source: str) -> tuple[str, ...]:
    """What a module imports, also inside functions, by `import_module` and as the address of a worker's job."""
    return tuple(_imports_of(ast.parse(source)))


def _imports_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not used"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)
        elif isinstance(node, ast.Call) and "import" in ast.unparse(node.func) and node.args:
            if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
                yield node.args[0].value
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _WORKER_JOB.match(node.value):
            yield node.value.partition(":")[0]


def package_of(name: str) -> str | None:
    """The longest listed package that holds a module; None for what is not ours."""
    parts = name.split(".")
    candidates = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((c for c in candidates if c in PACKAGES), None)


def allowed(package: str) -> set[str]:
    listed = PACKAGES[package]["may_import"]
    return {package} | {name for entry in listed for name in (GROUPS[entry[1:]] if entry.startswith("@") else [entry])}


def breaches(module: str, source: str) -> list[str]:
    """Imports that the table does not allow, each with what to do."""
    package = package_of(module)
    if package is None:
        return [f"{module} is in no listed package: add one to {TABLE.name}"]
    found = []
    for name in imports_of(source):
        top = name.partition(".")[0]
        target = package_of(name) or (name if name in GUARDED else top)
        if target in FREE or target in allowed(package):
            continue
        found.append(f"{module} imports {name}: [{package}] may not import {target} (see tests/architecture/{TABLE.name})")
    return found


def test_every_import_is_allowed() -> None:
    assert [b for module, source in MODULES.items() for b in breaches(module, source)] == []


def test_every_allowed_import_is_used() -> None:
    """An entry that nobody uses would allow the next mistake."""
    used: dict[str, set[str]] = {package: set() for package in PACKAGES}
    for module, source in MODULES.items():
        package = package_of(module)
        for name in imports_of(source):
            used[str(package)] |= {package_of(name) or name.partition(".")[0], name.partition(".")[0]}
    unused = {
        f"[{package}] {entry}"
        for package, table in PACKAGES.items()
        for entry in table["may_import"]
        if not entry.startswith("@") and entry not in used[package]
    }
    assert unused == set()


def test_top_level_packages_are_ordered() -> None:
    """No top-level package imports another one that imports it back, directly or through others."""
    graph: dict[str, set[str]] = {top: set() for top in TOP}
    for module, source in MODULES.items():
        top = module.partition(".")[0]
        graph[top] |= {name.partition(".")[0] for name in imports_of(source)} & set(TOP) - {top}
    done: set[str] = set()

    def visit(package: str, path: tuple[str, ...]) -> None:
        assert package not in path, f"import cycle: {' -> '.join((*path, package))}"
        if package not in done:
            for target in sorted(graph[package]):
                visit(target, (*path, package))
            done.add(package)

    for package in sorted(graph):
        visit(package, ())


PLANTED = {
    "resolvers.planted_a": "from datasources.locations.gazetteer import Gazetteer",
    "resolvers.planted_b": "from datasources.locations import amazon",
    "resolvers.planted_c": "import pyarrow",
    "resolvers.planted_d": "import httpx",
    "resolvers.planted_e": "from starlette.requests import Request",
    "datasources.audit.s3": "from datasources.tables.photos import Photos",
    "datasources.tables.photos": "import sqlite3",
    "pictures.planted": "from datasources.tables.photos import Photos",
    "access.planted": "import datasources.errors",
    "execution.planted": "from access.classes import DataClass",
    "resolvers.planted_f": "import strawberry",
    "resolvers.planted_g": "from datasources.tables.sqlite.store import SqliteTables",
    "resolvers.planted_h": "from schema.photo import Photo",
    "schema.planted": "from datasources import wiring",
    "ingest.planted": "from commands.app import app",
    "datasources.planted": "import sqlite3",
    "datasources.search.tantivy.planted": "from datasources.tables.photos import Photos",
    "serving.planted": "from ingest.run import run_import",
    "serving.planted_b": "JOB = 'ingest.run:run_import'",
    "server": "import ingest.run",
    "execution.planted_b": "import importlib\nimportlib.import_module('resolvers.photos')",
    "execution.planted_c": "def late():\n    from resolvers.context import Context",
    "newpackage.planted": "import os",
    "workers.planted": "import socket",
}


def test_planted_breaches_are_caught() -> None:
    assert [module for module, source in PLANTED.items() if not breaches(module, source)] == []


LONG_FILES: dict[str, str] = {
    "access/policy.py": "the one table of the policy and what reads it",
    "resolvers/context.py": "one value for a request, with a loader for every source",
    "datasources/tables/photos.py": "the record, its seals and its one write path belong together",
    "schema/photo.py": "one type with forty fields",
    "datasources/search/port.py": "what every search engine promises, in one place",
    "schema/enums.py": "a list of enums",
    "datasources/wiring.py": "the choice of an engine for every port, for both stacks",
    "demo/": "tables and drawings of the demo library",
    "ingest/places/": "a developer's build command",
    "settings.py": "a list of settings",
    "schema/query.py": "the fields of one type",
    "datasources/tables/jobs.py": "the record of a job and its one write path belong together",
}
MOST_LINES = 250


def test_files_are_short_or_listed_with_a_reason() -> None:
    long = {
        name
        for module, source in MODULES.items()
        if len(source.splitlines()) > MOST_LINES and not (name := module.replace(".", "/") + ".py").startswith(tuple(LONG_FILES))
    }
    assert long == set()


BANNED = {"utils", "helpers", "common", "base", "manager", "impl"}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert {part for module in MODULES for part in module.split(".")} & BANNED == set()
