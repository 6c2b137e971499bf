"""The change feed in SQLite: rows written in the transaction of the change itself.

SQLite has one writer at a time over all processes, so positions appear in the order of commits, and a rollback gives
its positions back: they are dense, and lag is a subtraction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from typing_extensions import override

from datasources.errors import Corrupt
from datasources.tables.changes import Change, ChangeFeed
from datasources.tables.limits import check_limit, check_text
from datasources.tables.sqlite.threads import SqliteThreads
from datasources.tables.store import Key

_KEPT_S = 86_400
"""The retention of DynamoDB Streams."""


class SqliteChangeFeed(ChangeFeed):
    """Created by `SqliteTables.open`."""

    def __init__(self, threads: SqliteThreads) -> None:
        self._threads = threads

    @override
    async def read(self, after: str | None, *, limit: int) -> Sequence[Change]:
        check_limit(limit)
        return await self._threads.read(lambda conn: _read(conn, after, limit))

    @override
    async def head(self) -> str | None:
        newest = await self._threads.read(_newest)
        return str(newest) if newest else None

    @override
    async def mark(self, consumer: str) -> str | None:
        check_text(consumer)
        mark = await self._threads.read(lambda conn: _mark(conn, consumer))
        return None if mark is None else str(mark)

    @override
    async def set_mark(self, consumer: str, position: str) -> None:
        check_text(consumer)
        await self._threads.write(lambda conn: _set_mark(conn, consumer, position))

    @override
    async def lag(self, consumer: str) -> int:
        check_text(consumer)
        return await self._threads.read(lambda conn: _lag(conn, consumer))

    @override
    async def forget(self, owner: str) -> int:
        check_text(owner)
        return await self._threads.write(lambda conn: _forget(conn, owner))


def trim(conn: sqlite3.Connection, now: int) -> int:
    """Removes changes older than a day and before every checkpoint, and returns their number."""
    sql = "DELETE FROM feed WHERE at <= ? AND position <= (SELECT min(position) FROM marks)"
    return conn.execute(sql, (now - _KEPT_S,)).rowcount


def _forget(conn: sqlite3.Connection, owner: str) -> int:
    """Blanks rows instead of deleting them, so that positions stay dense. The sort key of a grant contains its grantee."""
    sql = "UPDATE feed SET tbl = '-', pk = '-', sk = '-' WHERE pk = ?1 OR instr(sk, ?1)"
    return conn.execute(sql, (owner,)).rowcount


def _read(conn: sqlite3.Connection, after: str | None, limit: int) -> list[Change]:
    newest = _newest(conn)
    start = None if after is None else _position(conn, after)
    sql = "SELECT position, tbl, pk, sk, version FROM feed WHERE position > ? ORDER BY position LIMIT ?"
    rows = conn.execute(sql, (start or 0, limit)).fetchall()
    if start is not None and start < newest and (not rows or rows[0][0] != start + 1):
        raise Corrupt("tables", "changes after this position are no longer kept: rebuild from the tables")
    return [Change(str(position), table, Key(pk, sk), version) for position, table, pk, sk, version in rows]


def _newest(conn: sqlite3.Connection) -> int:
    row = conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'feed'").fetchone()
    return int(row[0]) if row else 0


def _mark(conn: sqlite3.Connection, consumer: str) -> int | None:
    row = conn.execute("SELECT position FROM marks WHERE consumer = ?", (consumer,)).fetchone()
    return int(row[0]) if row else None


def _set_mark(conn: sqlite3.Connection, consumer: str, position: str) -> None:
    sql = (
        "INSERT INTO marks (consumer, position) VALUES (?, ?) ON CONFLICT (consumer)"
        " DO UPDATE SET position = max(position, excluded.position)"
    )
    conn.execute(sql, (consumer, _position(conn, position)))


def _lag(conn: sqlite3.Connection, consumer: str) -> int:
    mark = _mark(conn, consumer)
    if mark is None:
        return int(conn.execute("SELECT count(*) FROM feed").fetchone()[0])
    return max(0, _newest(conn) - mark)


def _position(conn: sqlite3.Connection, text: str) -> int:
    """Parses a position of this feed."""
    if not (text.isascii() and text.isdecimal() and len(text) < 19 and 1 <= int(text) <= _newest(conn)):  # noqa: PLR2004 - digits of 2^63
        raise Corrupt("tables", "a position that this feed never gave")
    return int(text)
