"""Writes inside a transaction of SQLite, and their rows of the change feed.

Python's sqlite3 gives the interpreter lock away at every statement, and beside a busy thread waits 5 ms to get it back:
500 puts took 670 ms one by one. So puts go in statements of many rows, and one by one only where a condition fails.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from datasources.errors import Conflict
from datasources.tables.sqlite.schema import Statements
from datasources.tables.store import Put, Remove, Write

_ROWS = 100
_FED = 5


class Writer:
    """Applies writes and their feed rows to an open transaction."""

    def __init__(self, conn: sqlite3.Connection, statements: Mapping[str, Statements], now: int) -> None:
        self._conn = conn
        self._statements = statements
        self._now = now
        self._fed: list[tuple[object, ...]] = []

    def all_of(self, writes: Sequence[Write]) -> None:
        """Executes all writes or raises `Conflict`."""
        done = self.each_of(writes)
        if not all(done):
            missed = done.index(False)
            name = writes[missed].table.name
            raise Conflict("tables", f"{name}: write {missed + 1} of {len(writes)} met another version")

    def each_of(self, writes: Sequence[Write]) -> list[bool]:
        """Executes each write whose condition holds."""
        done = [False] * len(writes)
        alike: dict[str, list[int]] = {}
        for at, write in enumerate(writes):
            if isinstance(write, Remove):
                done[at] = self._remove(self._statements[write.table.name], write)
            else:
                alike.setdefault(_statement(self._statements[write.table.name], write), []).append(at)
        for sql, places in alike.items():
            for start in range(0, len(places), _ROWS):
                some = places[start : start + _ROWS]
                for at, ok in zip(some, self._put_all(sql, [writes[at] for at in some]), strict=True):
                    done[at] = ok
        self._feed()
        return done

    def swept(self, statements: Statements, most: int) -> int:
        """Removes up to `most` expired items of a table and returns their number."""
        gone = self._conn.execute(statements.sweep, (self._now, most)).fetchall()
        if statements.table.feed:
            self._fed += [(self._now, statements.table.name, *row) for row in gone]
        self._feed()
        return len(gone)

    def _feed(self) -> None:
        for start in range(0, len(self._fed), _ROWS):
            rows = self._fed[start : start + _ROWS]
            values = ", ".join([f"({', '.join('?' * _FED)})"] * len(rows))
            sql = f"INSERT INTO feed (at, tbl, pk, sk, version) VALUES {values}"  # noqa: S608 - our own names, no values
            self._conn.execute(sql, [value for row in rows for value in row])
        self._fed.clear()

    def _put_all(self, sql: str, puts: Sequence[Write]) -> list[bool]:
        """Executes puts of the same statement, in one statement if all conditions hold."""
        statements = self._statements[puts[0].table.name]
        rows = [_row(statements, put) for put in puts if isinstance(put, Put)]
        done = [True] * len(rows) if self._at_once(statements, sql, rows) else [self._put(statements, sql, r) for r in rows]
        if statements.table.feed:
            self._fed += [(self._now, statements.table.name, *r[:3]) for r, ok in zip(rows, done, strict=True) if ok]
        return done

    def _at_once(self, statements: Statements, sql: str, rows: Sequence[Sequence[object]]) -> bool:
        if len(rows) == 1:
            return False
        self._conn.execute("SAVEPOINT at_once")
        values = [value for row in rows for value in row] + self._tail(statements, sql)
        whole = self._conn.execute(statements.many(sql, len(rows)), values).rowcount == len(rows)
        if not whole:
            self._conn.execute("ROLLBACK TO at_once")
        self._conn.execute("RELEASE at_once")
        return whole

    def _put(self, statements: Statements, sql: str, row: Sequence[object]) -> bool:
        return self._conn.execute(sql, [*row, *self._tail(statements, sql)]).rowcount == 1

    def _tail(self, statements: Statements, sql: str) -> list[object]:
        return [] if sql == statements.replace else [self._now]

    def _remove(self, statements: Statements, remove: Remove) -> bool:
        key = (remove.key.partition, remove.key.sort)
        if remove.if_version == 0:
            return self._conn.execute(statements.exists, (*key, self._now)).fetchone() is None
        if remove.if_version is None:
            gone = self._conn.execute(statements.remove, key).fetchall()
        else:
            gone = self._conn.execute(statements.remove_if, (*key, remove.if_version, self._now)).fetchall()
        if statements.table.feed:
            self._fed += [(self._now, statements.table.name, *key, version) for (version,) in gone]
        return bool(gone) or remove.if_version is None


def _statement(statements: Statements, put: Put) -> str:
    if put.if_version is None:
        return statements.replace
    return statements.update if put.if_version else statements.insert


def _row(statements: Statements, put: Put) -> list[object]:
    item = put.item
    row: list[object] = [item.key.partition, item.key.sort, item.version, item.body, item.expires_at]
    for index in statements.table.indexes:
        row += item.indexes.get(index, (None, None))
    if put.if_version:
        row.append(put.if_version)
    return row
