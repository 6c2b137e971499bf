"""Upgrades of the SQLite file of the tables: a copy before the first step, and each step in one transaction."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from datasources.tables.sqlite.threads import translated
from datasources.versions import SqliteStep


def copy_once(file: Path, copy: Path) -> None:
    """Copies the file to `copy` unless an interrupted upgrade did so already; raises `SourceError`."""
    if copy.exists() or not file.exists():
        return
    draft = copy.with_name(f"{copy.name}.part")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    try:
        with closing(_connect(file)) as conn, closing(sqlite3.connect(draft)) as target:
            conn.backup(target)
    except sqlite3.Error as e:
        draft.unlink(missing_ok=True)
        raise translated(e) from e
    draft.rename(copy)


def run_step(file: Path, step: SqliteStep, to: int) -> None:
    """Runs a step unless the file has its version already; raises `SourceError`, and then nothing is changed."""
    if not file.exists():
        return
    with closing(_connect(file)) as conn:
        try:
            conn.execute("PRAGMA secure_delete = ON")
            conn.execute("BEGIN IMMEDIATE")
            (version,) = conn.execute("PRAGMA user_version").fetchone()
            if version < to:
                step.run(conn)
                conn.execute(f"PRAGMA user_version = {to}")
            conn.execute("COMMIT")
        except sqlite3.Error as e:
            raise translated(e) from e


def _connect(file: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(file, timeout=5.0, isolation_level=None)
    except sqlite3.Error as e:
        raise translated(e) from e
