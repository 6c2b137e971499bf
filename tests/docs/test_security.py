"""The tests that SECURITY.md names exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROOF = re.compile(r"`(tests/|test_)")
TEXT = (ROOT / "SECURITY.md").read_text("utf-8")


def references() -> list[str]:
    return [name for name in re.findall(r"`([^`\s]+)`", TEXT) if name.startswith(("tests/", "test_", "docs/"))]


def exists(name: str) -> bool:
    """Whether a file, a folder, a pattern of files, a test file in any folder or a test of this name exists."""
    if name.startswith("docs/decisions/"):
        return any(ROOT.glob(f"{name}*"))
    if "/" in name:
        return any(ROOT.glob(name.rstrip("/")))
    if name.endswith(".py"):
        return any((ROOT / "tests").rglob(name))
    return any(f"def {name}(" in path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))


def test_every_control_names_tests_that_exist() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) > 25
    assert [row.split("|")[1] for row in rows if not PROOF.search(row.split("|")[4])] == []
    assert [name for name in references() if not exists(name)] == []


def test_a_missing_name_is_detected() -> None:
    for name in (
        "tests/erasing/test_nothing.py",
        "tests/nothing/",
        "test_nothing.py",
        "test_no_such_thing",
        "docs/decisions/999",
    ):
        assert not exists(name)
