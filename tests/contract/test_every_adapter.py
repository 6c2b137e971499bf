"""Every adapter under `datasources/` is tested by the contract suite of its port, and every port method is measured."""

from __future__ import annotations

import ast
from pathlib import Path

from datasources.instrumentation.instrumented import PORTS as INSTRUMENTED

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
EXEMPT = {
    "GroupedAuditLog": "abstract base class of the audit logs",
    "ReadOnlyIndexStub": "raises for every call",
}
CREATED_BY = {
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


def untested(known: dict[str, str]) -> list[str]:
    return [
        f"{name} ({port})"
        for name, port in known.items()
        if name not in EXEMPT and CREATED_BY.get(name, name) not in (ROOT / PORTS[port]).read_text()
    ]


def what_to_do(missing: list[str]) -> str:
    return "\n".join(
        f"{name}: add it to the table of adapters in {PORTS[port.rstrip(')')]}, so that the contract suite runs on it"
        for name, port in (entry.split(" (") for entry in missing)
    )


def test_every_adapter_is_in_the_table_of_its_contract_suite() -> None:
    known = adapters()
    without = sorted(set(PORTS) - set(known.values()))
    assert not without, f"{without}: no adapter inherits these ports; remove them from PORTS in {Path(__file__).name}"
    missing = untested(known)
    assert not missing, what_to_do(missing)


def test_every_port_has_a_contract_suite() -> None:
    ports = {
        node.name
        for path in (ROOT / "datasources").rglob("port.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and any(isinstance(base, ast.Name) and base.id == "ABC" for base in node.bases)
    }
    missing = sorted(ports - set(PORTS))
    assert not missing, (
        f"{missing}: write a contract suite in tests/contract/ and add the ports to PORTS in {Path(__file__).name}"
    )


# Properties, streams of a whole store, and methods that only open or close are not calls to a source.
NOT_MEASURED = {"append_later", "checkpoints", "close", "flush", "links", "reload"}


def test_every_method_of_an_instrumented_port_is_measured_or_exempt() -> None:
    for port, (_, measures) in INSTRUMENTED.items():
        abstract: frozenset[str] = getattr(port, "__abstractmethods__", frozenset())
        methods = {name for name in abstract if not isinstance(getattr(port, name), property)}
        missing = sorted(methods - set(measures) - NOT_MEASURED)
        assert not missing, (
            f"{port.__name__}.{missing}: add a Measure to PORTS in datasources/instrumentation/instrumented.py, "
            f"or the name to NOT_MEASURED in {Path(__file__).name}"
        )
        stale = sorted(set(measures) - methods)
        assert not stale, f"{port.__name__} has no {stale}: remove them from PORTS in datasources/instrumentation/instrumented.py"


def test_an_adapter_without_tests_is_reported_with_the_file_to_edit() -> None:
    assert "tests/tables/engines.py" in what_to_do(untested({"RedisItemStore": "ItemStore"}))
    assert untested({"RedisItemStore": "ItemStore"}) == ["RedisItemStore (ItemStore)"]
