"""SECURITY.md names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROOF = re.compile(r"`(tests/|test_)")
TEXT = (ROOT / "SECURITY.md").read_text("utf-8")


def named() -> list[str]:
    return [name for name in re.findall(r"`([^`\s]+)`", TEXT) if name.startswith(("tests/", "test_", "docs/"))]


def there(name: str) -> bool:
    """A file, a folder or a pattern of files; a file's own name anywhere in the tests; a test by name."""
    if name.startswith("docs/decisions/"):
        return any(ROOT.glob(f"{name}*"))
    if "/" in name:
        return any(ROOT.glob(name.rstrip("/")))
    if name.endswith(".py"):
        return any((ROOT / "tests").rglob(name))
    return any(f"def {name}(" in path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))


def test_every_control_names_tests_that_are_there() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) > 25
    assert [row.split("|")[1] for row in rows if not PROOF.search(row.split("|")[4])] == []
    assert [name for name in named() if not there(name)] == []


def test_a_name_of_nothing_is_noticed() -> None:
    for name in (
        "tests/erasing/test_nothing.py",
        "tests/nothing/",
        "test_nothing.py",
        "test_no_such_thing",
        "docs/decisions/999",
    ):
        assert not there(name)
