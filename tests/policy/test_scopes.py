"""Nobody reaches customers' data without a scope, and nobody makes a scope or a viewer but those who verify.

Found by walking every source of the house: a new noun or method is judged without being listed.
"""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import get_type_hints

from datasources import Sources

ROOT = Path(__file__).parents[2]
FLOORS = (
    "access",
    "datasources",
    "execution",
    "identity",
    "indexing",
    "ingest",
    "resolvers",
    "schema",
    "serving",
    "demo",
    "commands",
)
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
    "meter": "numbers of calls",
    "signer": "texts",
    "connections": "open connections",
    "media": "sealed bytes without meaning; `originals` over it is judged",
    "results": "files of jobs, unsealed for seven days (SECURITY.md); the route asks `jobs.by_id` with the viewer first",
    "audit": "keyed hashes; written at a request's end, read by commands",
}
"""Sources whose methods need no scope, and why."""
SERVES_NO_VIEWER = {
    "photos.raw": "writers and the indexer",
    "photos.opened": "writers and the indexer, who say with which visibility",
    "photos.save": "the one write path",
    "pictures.save_many": "the one write path",
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
    "invitations.pending": "the recipient's own list",
    "invitations.one": "the recipient's own mutation, and the sender's",
    "invitations.of_sender": "the sender's own shares, and the limit of pending invitations",
    "invitations.save": "the one write path",
    "invitations.accept": "the one write path",
    "invitations.remove": "the one write path",
    "albums.of_invitations": "titles for the recipient's own list",
    "customers.of_invitations": "names of senders for the recipient's own list",
    "grants.remove": "the one write path",
    "idempotency_keys.begin": "keyed by the viewer, sealed for the owner",
    "idempotency_keys.end": "keyed by the viewer, sealed for the owner",
    "idempotency_keys.forget": "keyed by the viewer",
    "tickets.open": "a command",
    "tickets.close": "a command",
    "customers.identity_of": "the import, which names a customer whose identity it was given",
    "access_log.add": "a request's end",
    "access_log.unname": "erasure",
    "jobs.begin": "whoever starts one: the viewer's own, or a command",
    "jobs.save": "the runner",
    "jobs.raw": "the runner",
    "jobs.due": "the runner",
    "jobs.of_owner": "erasure",
    "jobs.forget": "erasure",
    "jobs.with_old_files": "the sweeper",
    "originals.store": "the import",
    "originals.link": "the import",
    "originals.has": "the import",
    "originals.name_of": "a keyed hash",
    "originals.delete": "the one write path, and taking back an import",
    "originals.delete_owner": "erasure",
    "pictures.raw": "writers",
    "pictures.opened": "writers, who say with which visibility",
    "pictures.save": "the one write path",
    "pictures.put_waiting": "the import",
    "pictures.waiting": "the import",
    "pictures.delete_many": "the one write path",
    "pictures.of_owner": "verifying and erasure",
    "zones.of": "the write path of photos",
    "zones.settling": "owners whose photos everybody else sees less of",
    "zones.unsettled": "the same, for whoever goes on with it",
    "zones.begin": "the owner's own settings",
    "zones.reached": "home zones on their way to photos",
    "zones.settled": "home zones on their way to photos",
    "index.write": "the indexer",
    "index.refresh": "the indexer",
    "index.erase": "erasure",
    "index.purge": "erasure",
    "index.versions": "verifying",
    "index.close": "the end",
}
"""Methods without a scope, and for whom they are: never for a reader."""
RAW = frozenset(m for m in SERVES_NO_VIEWER if m.split(".")[1] in {"raw", "opened", "everyone", "rezoned", "waiting"})


GATES = frozenset({"Scope", "Viewer", "Visibility"})
"""What a method may begin with: only a scope makes a visibility or, for an owner's jobs, the policy."""


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
    return {name for name, first in found if first not in GATES}


def test_every_method_takes_a_scope_first_or_says_for_whom_it_is() -> None:
    assert unscoped(methods()) == set(SERVES_NO_VIEWER)


def test_a_planted_method_without_a_scope_is_found() -> None:
    assert unscoped(iter([("photos.by_place", "str"), ("photos.by_ids", "Scope")])) == {"photos.by_place"}


@cache
def called() -> dict[str, frozenset[str]]:
    """By the name of what is called, alone and with what it is called on: files of ours that do."""
    found: dict[str, set[str]] = defaultdict(set)
    paths = [p for floor in FLOORS for p in (ROOT / floor).rglob("*.py")] + [ROOT / "server.py", ROOT / "cli.py"]
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                for name in names_of(node.func):
                    found[name].add(str(path.relative_to(ROOT)))
    return {name: frozenset(files) for name, files in found.items()}


def names_of(function: ast.expr) -> Iterator[str]:
    if isinstance(function, ast.Name):
        yield function.id
    if isinstance(function, ast.Attribute):
        yield function.attr
        on = function.value
        if isinstance(on, ast.Attribute | ast.Name):
            yield f"{(on.attr if isinstance(on, ast.Attribute) else on.id).lstrip('_')}.{function.attr}"


def calls(name: str) -> frozenset[str]:
    """Files of ours that call something by this name, or a source's method by both their names."""
    return called().get(name, frozenset())


def test_no_reader_calls_what_serves_no_viewer() -> None:
    writers = (
        "resolvers/writing/",
        "indexing/",
        "demo/drawn_pictures.py",
        "resolvers/home_zones.py",
        "resolvers/importing/",
        "resolvers/exporting/",
        "resolvers/jobs/job_run.py",
        "resolvers/jobs/runner.py",
        "resolvers/erasing/erase.py",
        "commands/erase.py",
        "commands/keys.py",
        "ingest/",
        "identity/",
        "datasources/",
    )
    assert {c for m in RAW for c in calls(m) if not c.startswith(writers)} == set()


def test_only_the_verifier_makes_viewers_and_only_one_place_makes_scopes_of_them() -> None:
    nobody = {
        "serving/routes.py": "asks as nobody whether the sources answer",
        "indexing/verify.py": "compares an owner's index",
        "resolvers/exporting/export.py": "a job that its owner started, about nobody else",
        "resolvers/writing/upserts.py": "writes to one library, after `may_write`; what it answers is read with the viewer's own",
    }
    assert calls("Viewer") - set(nobody) - {"schema/query.py"} == {"identity/verifier.py"}  # schema's Viewer is another type
    assert calls("Scope") == set(nobody)
    made = {c for c in calls("of") if "Scope.of(" in (ROOT / c).read_text()}
    assert made == {"resolvers/viewer_scope.py"}
