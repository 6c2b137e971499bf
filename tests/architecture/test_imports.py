"""The house stays as drawn: imports point downwards, SDKs stay in adapters, rooms stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "access": {"access"},
    "execution": {"execution"},
    "pictures": {"pictures"},
    "workers": {"workers"},
    "datasources": {"datasources", "access"},
    "indexing": {"indexing", "resolvers", "datasources", "access"},
    "resolvers": {"resolvers", "indexing", "datasources", "access", "pictures"},
    "schema": {"schema", "resolvers", "indexing", "datasources", "access", "execution"},
    "ingest": {"ingest", "schema", "resolvers", "indexing", "datasources", "access", "execution", "pictures", "workers", "settings"},
    "identity": {"identity", "datasources", "access", "settings"},
    "serving": {
        "serving", "identity", "schema", "resolvers", "indexing", "datasources", "access", "execution", "pictures",
        "workers", "settings",
    },
}  # fmt: skip
ALLOWED["demo"] = {"demo", *ALLOWED["serving"]}
ALLOWED["commands"] = {"commands", "server", "ingest", *ALLOWED["demo"]}
FLOORS = set(ALLOWED) | {"server", "cli", "settings"}
SDKS = {"sqlite3", "tantivy", "boto3", "aioboto3", "botocore", "aiobotocore", "opensearchpy", "scipy", "shapely"}
SOURCES = {"tables", "search", "locations", "translations", "keys", "media"}
ENGINES = ("sqlite", "tantivy", "file", "dynamodb", "opensearch", "kms", "s3")


def modules() -> Iterator[tuple[str, str]]:
    for floor in ALLOWED:
        for path in (ROOT / floor).rglob("*.py"):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts), path.read_text()


def imports_of(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{a.name}" for a in node.names)


def is_adapter(module: str) -> bool:
    """An engine's own room: `datasources/<source>/<engine>*.py`, and the rooms only it uses."""
    parts = module.split(".")
    return len(parts) > 2 and parts[0] == "datasources" and parts[1] in SOURCES and parts[2] != "port"


def breaches(module: str, source: str) -> list[str]:
    floor = module.split(".", maxsplit=1)[0]
    found = []
    for name in imports_of(source):
        top, *rest = name.split(".")
        if top in FLOORS and top not in ALLOWED[floor]:
            found.append(f"{module} -> {name}: imports point downwards")
        if top == "strawberry" and floor != "schema":
            found.append(f"{module} -> {name}: only the schema knows strawberry")
        if top in SDKS and not is_adapter(module) and not module.startswith(("ingest.places", "datasources.aws")):
            found.append(f"{module} -> {name}: SDKs stay in adapters")
        if name.startswith("datasources.wiring") and floor in {"schema", "resolvers", "datasources"}:
            found.append(f"{module} -> {name}: only the composition wires")
        if floor in {"schema", "resolvers"} and top == "datasources" and len(rest) > 1 and rest[1].startswith(ENGINES):
            found.append(f"{module} -> {name}: ports only")
        if is_adapter(module) and top == "datasources" and rest and rest[0] in SOURCES:
            own = module.split(".")[1]
            if rest[0] != own and not (len(rest) > 1 and rest[1] == "port"):
                found.append(f"{module} -> {name}: never another source")
    return found


def test_imports_point_downwards() -> None:
    assert [b for m, s in modules() for b in breaches(m, s)] == []


def test_planted_breaches_are_caught() -> None:
    planted = {
        "access.x": "import datasources.errors",
        "execution.x": "from access.classes import DataClass",
        "resolvers.x": "import strawberry",
        "resolvers.y": "from datasources.tables.sqlite.store import SqliteTables",
        "schema.x": "from datasources import wiring",
        "ingest.x": "from commands.app import app",
        "datasources.x": "import sqlite3",
        "datasources.search.tantivy.index": "from datasources.tables.photos import Photos",
        "resolvers.z": "from schema.photo import Photo",
    }
    for module, source in planted.items():
        assert breaches(module, source), module


LONG_FILES: dict[str, str] = {
    "resolvers/context.py": "one value for a request, with a loader of every noun",
    "datasources/tables/photos.py": "the noun, its seals and its one write path are one idea",
    "schema/photo.py": "one type, forty fields",
    "datasources/search/port.py": "what every engine promises, in one place",
    "schema/enums.py": "a list",
    "datasources/wiring.py": "which engine stands behind each port, for both stacks",
    "demo": "tables of the demo's world",
    "demo/scenery.py": "a list of shapes",
    "ingest/places": "a developer's build command",
}


def test_files_stay_small_or_are_named_with_a_reason() -> None:
    long = []
    for path in [p for floor in ALLOWED for p in (ROOT / floor).rglob("*.py")] + [ROOT / "server.py", ROOT / "cli.py"]:
        name = str(path.relative_to(ROOT))
        if len(path.read_text().splitlines()) > 250 and not any(name.startswith(k) for k in LONG_FILES):
            long.append(name)
    assert long == []


BANNED = {"utils", "helpers", "common", "base", "manager", "impl"}


def test_no_room_has_a_name_that_says_nothing() -> None:
    parts = {p for m, _ in modules() for p in m.split(".")}
    assert parts & BANNED == set()
