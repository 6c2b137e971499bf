"""Writes inside a transaction of SQLite, and the changes they feed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from datasources.errors import Conflict
from datasources.tables.sqlite_schema import Statements
from datasources.tables.store import Item, Key, Put, Remove, Write

_Fed = tuple[int, str, str, str, int]
_FEED = "INSERT INTO feed (at, tbl, pk, sk, version) VALUES (?, ?, ?, ?, ?)"


class Writer:
    """Applies writes to an open transaction, collecting what is to be fed; `feed` then writes that."""

    def __init__(self, conn: sqlite3.Connection, statements: Mapping[str, Statements], now: int) -> None:
        self._conn = conn
        self._statements = statements
        self._now = now
        self._fed: list[_Fed] = []

    def all_of(self, writes: Sequence[Write]) -> None:
        """All writes, or `Conflict`."""
        for at, write in enumerate(writes):
            if not self._apply(write):
                raise Conflict("tables", f"{write.table.name}: write {at + 1} of {len(writes)} met another version")
        self.feed()

    def each_of(self, writes: Sequence[Write]) -> list[bool]:
        """Each write whose condition holds."""
        done = [self._apply(write) for write in writes]
        self.feed()
        return done

    def swept(self, statements: Statements, most: int) -> int:
        """Removes expired items of a table, at most so many; how many there were."""
        gone = self._conn.execute(statements.sweep, (self._now, most)).fetchall()
        if statements.table.feed:
            self._fed += [(self._now, statements.table.name, *row) for row in gone]
        self.feed()
        return len(gone)

    def feed(self) -> None:
        """Writes the changes of this transaction, in order."""
        self._conn.executemany(_FEED, self._fed)
        self._fed.clear()

    def _apply(self, write: Write) -> bool:
        statements = self._statements[write.table.name]
        if isinstance(write, Remove):
            return self._remove(statements, write)
        written = self._put(statements, write)
        if written and statements.table.feed:
            key = write.item.key
            self._fed.append((self._now, statements.table.name, key.partition, key.sort, write.item.version))
        return written

    def _put(self, statements: Statements, put: Put) -> bool:
        row = _row(statements, put.item)
        if put.if_version is None:
            return self._conn.execute(statements.replace, row).rowcount == 1
        if put.if_version == 0:
            return self._conn.execute(statements.insert, (*row, self._now)).rowcount == 1
        return self._conn.execute(statements.update, (*row, put.if_version, self._now)).rowcount == 1

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


def _row(statements: Statements, item: Item) -> list[object]:
    row: list[object] = [item.key.partition, item.key.sort, item.version, item.body, item.expires_at]
    for index in statements.table.indexes:
        row += item.indexes.get(index, (None, None))
    return row


def item_of(statements: Statements, row: Sequence[object]) -> Item:
    """An item from the columns of its table."""
    partition, sort, version, body, expires, *places = row
    indexes = {}
    for at, index in enumerate(statements.table.indexes):
        if places[2 * at] is not None:
            indexes[index] = Key(places[2 * at], places[2 * at + 1])  # type: ignore[arg-type]
    return Item(Key(partition, sort), version, body, indexes, expires)  # type: ignore[arg-type]
