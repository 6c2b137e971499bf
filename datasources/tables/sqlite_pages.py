"""Reading in SQLite: items by key, pages of a partition, pages of an index."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from datasources.tables.sqlite_schema import Statements
from datasources.tables.sqlite_writes import item_of
from datasources.tables.store import IndexEntry, Item, Key, Span

_SIZES = (1, 10, 100, 400)
"""Batches are filled up to one of these by repeating a key, so that four statements serve and stay prepared."""
_PAGE_BYTES = 1_000_000
"""A page ends here, as it does in DynamoDB."""

Ask = tuple[int, list[str] | None, int]
"""How many, after which key, and the time."""


def items_by_key(conn: sqlite3.Connection, statements: Statements, keys: Sequence[Key], now: int) -> dict[Key, Item]:
    """The items that are there and not expired."""
    found: dict[Key, Item] = {}
    for start in range(0, len(keys), _SIZES[-1]):
        batch = keys[start : start + _SIZES[-1]]
        size = next(size for size in _SIZES if size >= len(batch))
        values = [part for key in batch for part in key] + [*batch[-1]] * (size - len(batch))
        sql = (
            f"WITH k (p, s) AS (VALUES {', '.join(['(?, ?)'] * size)}) SELECT {statements.columns}"  # noqa: S608
            f" FROM k CROSS JOIN {statements.name} ON pk = p AND sk = s WHERE expires IS NULL OR expires > ?"
        )
        for row in conn.execute(sql, (*values, now)).fetchall():
            item = item_of(statements, row)
            found[item.key] = item
    return found


def item_page(conn: sqlite3.Connection, statements: Statements, partition: str, span: Span, ask: Ask) -> tuple[list[Item], bool]:
    """Items in order, and whether there may be more."""
    limit, last, now = ask
    where, bound = _within(span, "sk")
    if last is not None:
        where += f" AND sk {_beyond(span)} ?"
        bound += last
    sql = (
        f"SELECT {statements.columns} FROM {statements.name} WHERE pk = ?{where}"  # noqa: S608
        f" AND (expires IS NULL OR expires > ?) ORDER BY sk {_order(span)} LIMIT ?"
    )
    items: list[Item] = []
    size = 0
    rows = conn.execute(sql, (partition, *bound, now, limit + 1))
    for row in rows:
        if len(items) == limit or size > _PAGE_BYTES:
            rows.close()
            return items, True
        items.append(item_of(statements, row))
        size += len(items[-1].body)
    return items, False


def index_page(
    conn: sqlite3.Connection, place: tuple[Statements, str], partition: str, span: Span, ask: Ask
) -> tuple[list[IndexEntry], bool]:
    """Entries in order, and whether there are more."""
    (statements, index), (limit, last, now) = place, ask
    where, bound = _within(span, f"{index}_sk")
    if last is not None:
        where += f" AND ({index}_sk, sk, pk) {_beyond(span)} (?, ?, ?)"
        bound += last
    order = _order(span)
    sql = (
        f"SELECT {index}_sk, pk, sk FROM {statements.name} WHERE {index}_pk = ?{where}"  # noqa: S608
        f" AND (expires IS NULL OR expires > ?) ORDER BY {index}_sk {order}, sk {order}, pk {order} LIMIT ?"
    )
    rows = conn.execute(sql, (partition, *bound, now, limit + 1)).fetchall()
    return [IndexEntry(at, Key(pk, sk)) for at, pk, sk in rows[:limit]], len(rows) > limit


def _within(span: Span, column: str) -> tuple[str, list[str]]:
    where, bound = "", []
    for mark, text in ((">=", span.start), ("<", span.end)):
        if text is not None:
            where += f" AND {column} {mark} ?"
            bound.append(text)
    return where, bound


def _order(span: Span) -> str:
    return "DESC" if span.descending else "ASC"


def _beyond(span: Span) -> str:
    return "<" if span.descending else ">"
