"""Nobody keeps a promise unwatched: every adapter under `datasources/` stands in the table of its contract suite."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PORTS = {
    "ItemStore": "tests/tables/engines.py",
    "ChangeFeed": "tests/tables/engines.py",
    "KeyService": "tests/contract/test_key_service.py",
    "PhotoIndex": "tests/search/engines.py",
    "LocationService": "tests/locations/engines.py",
    "TranslationService": "tests/contract/test_translations.py",
    "MediaStore": "tests/contract/test_media_store.py",
    "AuditLog": "tests/contract/test_audit_log.py",
    "GroupedAuditLog": "tests/contract/test_audit_log.py",
    "Translator": "tests/contract/test_translators.py",
}
STANDS_IN = {
    "GroupedAuditLog": "what both engines of the audit share",
    "ReadOnlyIndexStub": "the index is another process's: it refuses everything",
}
MADE_BY = {
    "SqliteItemStore": "SqliteTables", "SqliteChangeFeed": "SqliteTables",
    "DynamoItemStore": "DynamoTables", "DynamoChangeFeed": "DynamoTables",
}  # fmt: skip


def adapters() -> dict[str, str]:
    """Classes that inherit a port, by name, with the port."""
    found = {}
    for path in (ROOT / "datasources").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                for base in node.bases:
                    if isinstance(base, ast.Name) and base.id in PORTS:
                        found[node.name] = base.id
    return found


def unwatched(known: dict[str, str]) -> list[str]:
    return [
        f"{name} ({port})"
        for name, port in known.items()
        if name not in STANDS_IN and MADE_BY.get(name, name) not in (ROOT / PORTS[port]).read_text()
    ]


def test_every_adapter_stands_in_the_table_of_its_contract_suite() -> None:
    known = adapters()
    assert set(known.values()) == set(PORTS)
    assert unwatched(known) == []


def test_a_planted_adapter_is_missed() -> None:
    assert unwatched({"RedisItemStore": "ItemStore"}) == ["RedisItemStore (ItemStore)"]
