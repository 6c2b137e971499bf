"""An upgrade with a step of each kind, and a program that is killed in the middle of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from pathlib import Path

from datasources.data_folder import prepare
from datasources.tables.store import Item
from datasources.versions import UPGRADES, FolderStep, RecordStep, SqliteStep, Upgrades
from datasources.wiring import embedded

OLD, NEW = b"\xa3old", b"\xa3new"
"""The record as MessagePack before and after its step."""
KILL_AT = os.environ.get("KILL_AT", "")


def _die(point: str) -> None:
    if point == KILL_AT:
        os.kill(os.getpid(), signal.SIGKILL)


def _add_column(conn: sqlite3.Connection) -> None:
    conn.execute("ALTER TABLE feed ADD COLUMN planted TEXT")
    _die("sqlite")


def _write_file(folder: Path) -> None:
    (folder / "media").mkdir(exist_ok=True)
    (folder / "media" / "planted").write_text("once")
    _die("folder")


_changed = 0


def _change(item: Item) -> Item | None:
    global _changed  # noqa: PLW0603 - counts calls in one process
    _changed += 1
    if _changed == 700:
        _die("records")
    return None if item.body == NEW else Item(item.key, item.version, NEW, item.indexes, item.expires_at)


PLANTED = Upgrades(
    (
        *UPGRADES.steps,
        SqliteStep("add a column", _add_column),
        RecordStep("rename a value", "documents", _change),
        FolderStep("write a file", _write_file),
    )
)


async def upgrade(folder: Path) -> None:
    sources = await embedded(prepare(folder, upgrades=PLANTED), upgrades=PLANTED)
    await sources.close()


if __name__ == "__main__":
    asyncio.run(upgrade(Path(sys.argv[1])))
