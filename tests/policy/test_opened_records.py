"""Only scoped loaders give photos to the schema: other readers of decrypted records are listed, each with its reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPENED = {
    "indexing/documents.py": "fills the search index",
    "indexing/verify.py": "compares the search index",
    "ingest/resolving.py": "resolves places of imported photos",
    "ingest/pictures/pipeline.py": "reads pictures of imported photos",
    "resolvers/erasing/erase.py": "proves that nothing can be decrypted",
    "resolvers/exporting/photo_parts.py": "exports a library for its owner",
    "resolvers/importing/writer.py": "compares a record with the stored photo, and returns neither",
    "resolvers/writing/photo_writes.py": "changes photos of the caller's own library",
}
"""The modules that call `opened`, which takes a visibility instead of computing one from a scope."""


def callers(pattern: str, *folders: str) -> set[str]:
    paths = (p for folder in folders for p in (ROOT / folder).rglob("*.py"))
    return {str(p.relative_to(ROOT)) for p in paths if re.search(pattern, p.read_text())}


FOLDERS = ("access", "datasources", "execution", "indexing", "ingest", "resolvers", "schema", "serving", "commands")


def test_records_with_a_visibility_of_the_callers_choice_are_opened_by_listed_modules_only() -> None:
    assert callers(r"\b(photos|_photos)\.opened\(|\bpictures\.opened\(", *FOLDERS) == set(OPENED)


@pytest.mark.parametrize("pattern", [r"\.raw\(", r"\.opened\(", r"\bVisibility\(", r"\bSeen(Photo|Album|Person|Customer)\("])
def test_the_schema_reads_through_loaders_only(pattern: str) -> None:
    assert callers(pattern, "schema", "serving") == set()


def test_only_the_scope_and_the_policy_make_a_visibility_of_a_viewer() -> None:
    made = callers(r"\bVisibility\(", *FOLDERS)
    assert made == {
        "access/policy.py",
        "access/scope.py",
        "datasources/search/row_security.py",
        "datasources/tables/customers.py",
    }
