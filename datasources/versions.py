"""Versions of everything that is stored, and the steps that upgrade what an older program stored.

A version is one more than the number of its steps, so no version can be raised without a step. A step is never changed
after a release; a later change of the same thing is another step. `docs/operations.md` describes how steps are run.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

    from datasources.tables.store import Item

EXPORT_VERSION: Final = 1
"""Of the files of an export. `ingest/readers/export_upgrades.py` has a step for every older one."""
DOCUMENT_VERSION: Final = 1
"""Of the documents of the search index: raise it when a document of the same record gets other values."""


@dataclass(frozen=True, slots=True)
class FolderStep:
    """Changes files of a data folder. A repeat after an interruption gives the same result."""

    name: str
    run: Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class SqliteStep:
    """Changes the SQLite file of the tables, in the transaction that also stores the file's new version."""

    name: str
    run: Callable[[sqlite3.Connection], None]


@dataclass(frozen=True, slots=True)
class RecordStep:
    """Changes every record of a table, on each engine. `change` returns None for a record that is already changed."""

    name: str
    table: str
    change: Callable[[Item], Item | None]


@dataclass(frozen=True, slots=True)
class Upgrades:
    """Every step in order, from number 2. Each raises the format of the data folder, so an older program refuses it."""

    steps: tuple[FolderStep | SqliteStep | RecordStep, ...]

    @property
    def folder_format(self) -> int:
        """The format of a data folder that this program reads and writes."""
        return 1 + len(self.steps)

    def sqlite_version(self, folder_format: int | None = None) -> int:
        """The version of the SQLite file in a folder of this format, or of the current one."""
        return 1 + sum(isinstance(step, SqliteStep) for step in self.steps[: (folder_format or self.folder_format) - 1])

    def of_table(self, table: str) -> tuple[RecordStep, ...]:
        """The steps of the records of one table."""
        return tuple(step for step in self.steps if isinstance(step, RecordStep) and step.table == table)

    def record_version(self, table: str) -> int:
        """The version of the records of a table."""
        return 1 + len(self.of_table(table))


def _remove_unfinished_indexes(folder: Path) -> None:
    """Programs of format 1 wrote no versions into an index, so what they began cannot be continued."""
    for name in ("index.next", "index.left"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _leave_unchanged(folder: Path) -> None:
    """The chain needs a key, so it is continued with keyed hashes when the folder is opened (`wiring.embedded`)."""
    del folder


UPGRADES: Final = Upgrades(
    (
        FolderStep("remove unfinished search indexes, which carry no versions", _remove_unfinished_indexes),
        FolderStep("continue the audit log with keyed hashes, which older programs cannot write", _leave_unchanged),
    )
)
