"""Reading in SQLite: items by key, pages of a partition, pages of an index.

Python's sqlite3 gives the interpreter lock away at every row, and beside a busy thread waits 5 ms to get it back: 100 items
took 208 ms. So SQL packs many rows into one: their columns as JSON, their bodies end to end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from datasources.errors import Corrupt
from datasources.tables.sqlite.schema import Statements
from datasources.tables.store import IndexEntry, Item, Key, Span

_SIZES = (1, 10, 100, 400)
"""Batch sizes. A batch is padded by repeating a key, so that four prepared statements suffice."""
_ROWS = 100
_PAGE_BYTES = 1_000_000
"""Maximum bytes of a page, as in DynamoDB."""

T = TypeVar("T")
Ask = tuple[int, list[str] | None, int]
"""Limit, last key and time of a page."""

_Row = tuple[str, str, int, int, int | None, tuple[str | None, ...]]
_decode_items = msgspec.json.Decoder(list[_Row]).decode
_decode_entries = msgspec.json.Decoder(list[tuple[str, str, str]]).decode


def items_by_key(conn: sqlite3.Connection, statements: Statements, keys: Sequence[Key], now: int) -> dict[Key, Item]:
    """The items that exist and are not expired."""
    found: dict[Key, Item] = {}
    for start in range(0, len(keys), _SIZES[-1]):
        batch = keys[start : start + _SIZES[-1]]
        size = next(size for size in _SIZES if size >= len(batch))
        values = [part for key in batch for part in key] + [*batch[-1]] * (size - len(batch))
        rows = (
            f"WITH k (p, s) AS (VALUES {', '.join(['(?, ?)'] * size)}) SELECT {statements.columns}"  # noqa: S608 - our own names, no values
            f" FROM (SELECT DISTINCT p, s FROM k) CROSS JOIN {statements.name} ON pk = p AND sk = s"
            " WHERE expires IS NULL OR expires > ?"
        )
        for item in _items(conn, statements, rows, (*values, now)):
            found[item.key] = item
    return found


def item_page(conn: sqlite3.Connection, statements: Statements, partition: str, span: Span, ask: Ask) -> tuple[list[Item], bool]:
    """Items in order, and whether more may follow."""
    limit, last, now = ask
    items: list[Item] = []
    size = 0
    while size < _PAGE_BYTES:
        where, bound = _within(span, "sk")
        if last is not None:
            where += f" AND sk {_beyond(span)} ?"
            bound += last
        rows = (
            f"SELECT {statements.columns} FROM {statements.name} WHERE pk = ?{where}"  # noqa: S608 - our own names, no values
            f" AND (expires IS NULL OR expires > ?) ORDER BY sk {_order(span)} LIMIT ?"
        )
        most = min(limit + 1 - len(items), _ROWS)
        some = _items(conn, statements, rows, (partition, *bound, now, most))
        items += sorted(some, key=lambda item: item.key.sort, reverse=span.descending)
        if len(items) > limit or len(some) < most:
            return items[:limit], len(items) > limit
        size += sum(len(item.body) for item in some)
        last = [items[-1].key.sort]
    return items, True


def scan_page(conn: sqlite3.Connection, statements: Statements, limit: int, after: Key | None) -> list[Item]:
    """Items in order of their keys, also expired ones."""
    where, bound = ("", ()) if after is None else (" WHERE (pk, sk) > (?, ?)", tuple(after))
    rows = f"SELECT {statements.columns} FROM {statements.name}{where} ORDER BY pk, sk LIMIT ?"  # noqa: S608 - our own names, no values
    return sorted(_items(conn, statements, rows, (*bound, min(limit, _ROWS))), key=lambda item: item.key)


def index_page(
    conn: sqlite3.Connection, place: tuple[Statements, str], partition: str, span: Span, ask: Ask
) -> tuple[list[IndexEntry], bool]:
    """Entries in order, and whether more follow."""
    (statements, index), (limit, last, now) = place, ask
    where, bound = _within(span, f"{index}_sk")
    if last is not None:
        where += f" AND ({index}_sk, sk, pk) {_beyond(span)} (?, ?, ?)"
        bound += last
    order = _order(span)
    rows = (
        f"SELECT {index}_sk AS at, sk, pk FROM {statements.name} WHERE {index}_pk = ?{where}"  # noqa: S608 - our own names, no values
        f" AND (expires IS NULL OR expires > ?) ORDER BY {index}_sk {order}, sk {order}, pk {order} LIMIT ?"
    )
    sql = f"SELECT json_group_array(json_array(at, sk, pk)) FROM ({rows})"  # noqa: S608 - our own names, no values
    (packed,) = conn.execute(sql, (partition, *bound, now, limit + 1)).fetchone()
    # An order inside an aggregate is no promise of SQL: sorted already, this costs one comparison a row.
    found = sorted(_unpacked(_decode_entries, packed), reverse=span.descending)
    return [IndexEntry(at, Key(pk, sk)) for at, sk, pk in found[:limit]], len(found) > limit


def _items(conn: sqlite3.Connection, statements: Statements, rows: str, values: Sequence[object]) -> list[Item]:
    places = ", ".join(f"{index}_pk, {index}_sk" for index in statements.table.indexes)
    sql = (
        f"SELECT json_group_array(json_array(pk, sk, version, length(body), expires, json_array({places}))),"  # noqa: S608 - our own names, no values
        f" CAST(group_concat(CAST(body AS TEXT), '') AS BLOB) FROM ({rows})"
    )
    packed, bodies = conn.execute(sql, values).fetchone()
    items, start = [], 0
    for partition, sort, version, size, expires, at in _unpacked(_decode_items, packed):
        body = bodies[start : start + size]
        items.append(Item(Key(partition, sort), version, body, _indexes(statements, at), expires))
        start += size
    if start != len(bodies or b""):
        raise Corrupt("tables", f"{statements.table.name}: bodies do not have the lengths they say")
    return items


def _unpacked(decode: Callable[[str], list[T]], packed: str) -> list[T]:
    try:
        return decode(packed)
    except (msgspec.MsgspecError, UnicodeError) as e:
        raise Corrupt("tables", "rows that cannot be read") from e


def _indexes(statements: Statements, places: Sequence[str | None]) -> dict[str, Key]:
    found = {}
    for index, partition, sort in zip(statements.table.indexes, places[::2], places[1::2], strict=True):
        if partition is not None and sort is not None:
            found[index] = Key(partition, sort)
    return found


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
