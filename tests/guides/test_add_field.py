"""The guide "Add a stored field to a photo" is complete: its steps work in a copy of the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guides import add_field

ROOT = Path(__file__).parents[2]
SKIPPED = shutil.ignore_patterns(".*", "node_modules", "__pycache__", "*.egg-info", "web", "docs", "benchmarks")


def link_or_copy(source: str, target: str) -> str:
    """Copies Python files and links the others, which are large and not edited."""
    if source.endswith(".py"):
        return shutil.copyfile(source, target)
    Path(target).symlink_to(source)
    return target


def run(tree: Path, *module_and_arguments: str) -> None:
    """Runs a Python module in a copy of the repository."""
    command = [sys.executable, "-m", *module_and_arguments]
    done = subprocess.run(
        command, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-4_000:]}{done.stderr[-4_000:]}"


@pytest.mark.slow
def test_a_new_field_is_imported_queried_exported_and_imported_again(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=SKIPPED, copy_function=link_or_copy)
    add_field.apply(tree)
    (tmp_path / "data").mkdir()
    command = [sys.executable, "-m", "tests.guides.check_field", str(tmp_path / "data")]
    done = subprocess.run(
        command, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4_000:]


def test_every_anchor_of_the_guide_occurs_once() -> None:
    for edit in add_field.EDITS:
        assert (ROOT / edit.file).read_text("utf-8").count(edit.anchor) == 1, edit
