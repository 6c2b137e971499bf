"""The schema of the SQLite file: the SQL of each table, and the creation and check of a file.

A sparse index is a partial index over two columns, so SQLite updates it with every write.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from datasources.errors import Unavailable
from datasources.tables.store import Table

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_FIXED = ("pk", "sk", "version", "body", "expires")

_OWN_TABLES = (
    """CREATE TABLE feed (position INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,
    tbl TEXT NOT NULL, pk TEXT NOT NULL, sk TEXT NOT NULL, version INTEGER NOT NULL) STRICT""",
    "CREATE TABLE marks (consumer TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE secrets (name TEXT PRIMARY KEY, secret BLOB NOT NULL) STRICT, WITHOUT ROWID",
)


@dataclass(frozen=True, slots=True)
class Statements:
    """The SQL of a table. A write binds `pk, sk, version, body, expires`, two columns for each index, then its condition."""

    table: Table
    name: str
    columns: str
    create: tuple[str, ...]
    insert: str
    """Inserts if there is no item or an expired one; binds `…, now`."""
    replace: str
    update: str
    """Updates if the stored version matches and is not expired; binds `…, if_version, now`."""
    remove: str
    """Binds `pk, sk`; returns the removed version."""
    remove_if: str
    """Binds `pk, sk, if_version, now`; returns the removed version."""
    exists: str
    """Binds `pk, sk, now`."""
    sweep: str
    """Binds `now, limit`; returns the removed rows."""
    width: int
    """The number of columns."""

    def many(self, one: str, rows: int) -> str:
        """`insert`, `replace` or `update` for several rows; binds the rows (for `update` each with its condition), then `now`."""
        if one == self.update:
            values = ", ".join([f"({', '.join('?' * (self.width + 1))})"] * rows)
            to = ", ".join(f"{c} = column{i + 3}" for i, c in enumerate(self.columns.split(", ")[2:]))
            return (
                f"UPDATE {self.name} SET {to} FROM (VALUES {values})"  # noqa: S608 - our own names, no values
                f" WHERE pk = column1 AND sk = column2 AND version = column{self.width + 1} AND {_live('?')}"
            )
        row = f"({', '.join('?' * self.width)})"
        into, again = one.split(" ON CONFLICT ")
        values = ", ".join([row] * rows)
        again = re.sub(r"\?\d+$", "?", again)
        return f"{into[: into.index('VALUES')]}VALUES {values} ON CONFLICT {again}"


def statements_of(table: Table) -> Statements:
    """The SQL of a table. Names are checked, values are always bound."""
    for name in (table.name, *table.indexes):
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name for a table or an index: {name}")
    name = f"items_{table.name}"
    columns = (*_FIXED, *(f"{index}_{part}" for index in table.indexes for part in ("pk", "sk")))
    at = len(columns)
    into = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join(f'?{i + 1}' for i in range(at))})"  # noqa: S608 - our own names, no values
    again = f"ON CONFLICT (pk, sk) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in columns[2:])}"
    to = ", ".join(f"{c} = ?{i + 3}" for i, c in enumerate(columns[2:]))
    return Statements(
        table=table,
        name=name,
        columns=", ".join(columns),
        create=_create(table, name),
        insert=f"{into} {again} WHERE {name}.expires <= ?{at + 1}",
        replace=f"{into} {again}",
        update=f"UPDATE {name} SET {to} WHERE pk = ?1 AND sk = ?2 AND version = ?{at + 1} AND {_live(f'?{at + 2}')}",  # noqa: S608 - our own names, no values
        remove=f"DELETE FROM {name} WHERE pk = ?1 AND sk = ?2 RETURNING version",  # noqa: S608 - our own names, no values
        remove_if=f"DELETE FROM {name} WHERE pk = ?1 AND sk = ?2 AND version = ?3 AND {_live('?4')} RETURNING version",  # noqa: S608 - our own names, no values
        exists=f"SELECT 1 FROM {name} WHERE pk = ?1 AND sk = ?2 AND {_live('?3')}",  # noqa: S608 - our own names, no values
        sweep=f"DELETE FROM {name} WHERE (pk, sk) IN (SELECT pk, sk FROM {name} WHERE expires <= ?1 LIMIT ?2)"  # noqa: S608 - our own names, no values
        " RETURNING pk, sk, version",
        width=at,
    )


def _live(now: str) -> str:
    return f"(expires IS NULL OR expires > {now})"


def _create(table: Table, name: str) -> tuple[str, ...]:
    own = "".join(f", {i}_pk TEXT, {i}_sk TEXT" for i in table.indexes)
    made = [
        f"""CREATE TABLE {name} (pk TEXT NOT NULL, sk TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
        expires INTEGER{own}, PRIMARY KEY (pk, sk)) STRICT, WITHOUT ROWID"""
    ]
    # Each index contains `expires`, so that a page is read from the index alone.
    made += [
        f"CREATE INDEX {name}_{i} ON {name} ({i}_pk, {i}_sk, sk, pk, expires) WHERE {i}_pk IS NOT NULL" for i in table.indexes
    ]
    if table.expires:
        made.append(f"CREATE INDEX {name}__expires ON {name} (expires) WHERE expires IS NOT NULL")
    return tuple(made)


def prepare(conn: sqlite3.Connection, tables: Sequence[Statements], file_version: int) -> bytes:
    """Creates or checks the tables of a file inside a write transaction; returns the secret that signs continuation tokens."""
    (version,) = conn.execute("PRAGMA user_version").fetchone()
    (empty,) = conn.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()
    if version == 0 and empty:
        _create_own(conn, file_version)
    elif version != file_version:
        raise Unavailable("tables", f"the file is of version {version}, and this program reads version {file_version}")
    for table in tables:
        _create_or_check(conn, table)
    (secret,) = conn.execute("SELECT secret FROM secrets WHERE name = 'tokens'").fetchone()
    return bytes(secret)


def _create_own(conn: sqlite3.Connection, file_version: int) -> None:
    for sql in _OWN_TABLES:
        conn.execute(sql)
    conn.execute("INSERT INTO secrets VALUES ('tokens', ?)", (secrets.token_bytes(32),))
    conn.execute(f"PRAGMA user_version = {file_version}")


def _create_or_check(conn: sqlite3.Connection, table: Statements) -> None:
    found = {sql for (sql,) in conn.execute("SELECT sql FROM sqlite_master WHERE tbl_name = ?", (table.name,)) if sql}
    if found and found != set(table.create):
        raise Unavailable(
            "tables",
            f"the file has {table.table.name} with other indexes than this program: use the program that wrote it",
        )
    if not found:
        for sql in table.create:
            conn.execute(sql)
