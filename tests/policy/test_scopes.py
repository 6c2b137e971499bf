"""Nobody reaches customers' data without a scope, and nobody makes a scope or a viewer but those who verify.

Found by walking every source of the house: a new noun or method is judged without being listed.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

from datasources import Sources

ROOT = Path(__file__).parents[2]
FLOORS = ("access", "datasources", "execution", "identity", "ingest", "resolvers", "schema", "serving", "commands")
NOT_CUSTOMERS = {
    "store": "items without meaning; the nouns over it are judged",
    "feed": "keys of what changed, for the index and the lake; serves no viewer",
    "key_service": "wrapped keys",
    "keys": "data keys; what they open is judged where it is opened",
    "locations": "public",
    "translations": "public",
    "translator": "words of a question; it holds no customer's data",
    "documents": "the safelist: clients' queries, written by developers",
    "ids": "texts",
    "cursors": "texts",
    "now_ms": "a clock",
}
"""Sources whose methods need no scope, and why."""
SERVES_NO_VIEWER = {
    "photos.raw": "writers and the indexer",
    "photos.opened": "writers and the indexer, who say with which sight",
    "photos.save": "the one write path",
    "photos.rezoned": "home zones on their way to photos",
    "photos.of_owner": "rebuilding, verifying, home zones",
    "albums.raw": "writers",
    "albums.save": "the one write path",
    "people.raw": "writers",
    "people.save": "the one write path",
    "customers.raw": "writers",
    "customers.everyone": "rebuilding and verifying",
    "customers.ensure": "the first verified token or import of a customer",
    "customers.save": "the one write path",
    "grants.of_grantee": "a guest's token, by the secret's hash",
    "grants.of_album": "the owner's own album, checked before",
    "grants.of_albums": "the owner's own albums, whose id the scope gave",
    "grants.by_slot": "writers and the command that makes a guest's token",
    "grants.secret_of": "shares, which only their owner is given",
    "grants.save": "the one write path",
    "grants.remove": "the one write path",
    "repeats.begin": "keyed by the viewer, sealed for the owner",
    "repeats.end": "keyed by the viewer, sealed for the owner",
    "repeats.forget": "keyed by the viewer",
    "tickets.open": "a command",
    "tickets.close": "a command",
    "zones.of": "the write path of photos",
    "zones.settling": "owners whose photos everybody else sees less of",
    "zones.unsettled": "the same, for whoever goes on with it",
    "zones.begin": "the owner's own settings",
    "zones.reached": "home zones on their way to photos",
    "zones.settled": "home zones on their way to photos",
    "index.write": "the indexer",
    "index.refresh": "the indexer",
    "index.erase": "erasure",
    "index.versions": "verifying",
    "index.close": "the end",
}
"""Methods without a scope, and for whom they are: never for a reader."""
RAW = frozenset(m.partition(".")[2] for m in SERVES_NO_VIEWER if m.split(".")[1] in {"raw", "opened", "everyone", "rezoned"})


def methods() -> Iterator[tuple[str, str]]:
    """Every public coroutine or generator of every source, with the type of its first argument."""
    hints = get_type_hints(Sources)
    for field in fields(Sources):
        if field.name in NOT_CUSTOMERS:
            continue
        for name, method in inspect.getmembers(hints[field.name], inspect.isfunction):
            if not name.startswith("_"):
                first = next(iter(list(inspect.signature(method).parameters.values())[1:]), None)
                yield f"{field.name}.{name}", str(first.annotation) if first else ""


def unscoped(found: Iterator[tuple[str, str]]) -> set[str]:
    return {name for name, first in found if first not in {"Scope", "Viewer"}}


def test_every_method_takes_a_scope_first_or_says_for_whom_it_is() -> None:
    assert unscoped(methods()) == set(SERVES_NO_VIEWER)


def test_a_planted_method_without_a_scope_is_found() -> None:
    assert unscoped(iter([("photos.by_place", "str"), ("photos.by_ids", "Scope")])) == {"photos.by_place"}


def calls(name: str) -> set[str]:
    """Files of ours that call something by this name."""
    found = set()
    paths = [p for floor in FLOORS for p in (ROOT / floor).rglob("*.py")] + [ROOT / "server.py", ROOT / "cli.py"]
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            if (isinstance(called, ast.Name) and called.id == name) or (
                isinstance(called, ast.Attribute) and called.attr == name
            ):
                found.add(str(path.relative_to(ROOT)))
    return found


def test_no_reader_calls_what_serves_no_viewer() -> None:
    writers = (
        "resolvers/writing/",
        "resolvers/indexing.py",
        "resolvers/zoning.py",
        "ingest/",
        "identity/",
        "datasources/",
    )
    assert {c for m in RAW for c in calls(m) if not c.startswith(writers)} == set()


def test_only_the_verifier_makes_viewers_and_only_the_context_makes_scopes_of_them() -> None:
    nobody = {"serving/routes.py": "asks as nobody whether the sources answer", "ingest/verify.py": "compares an owner's index"}
    assert calls("Viewer") - set(nobody) - {"schema/query.py"} == {"identity/verifier.py"}  # schema's Viewer is another type
    assert calls("Scope") == set(nobody)
    made = {c for c in calls("of") if "Scope.of(" in (ROOT / c).read_text()}
    assert made == {"resolvers/context.py"}
