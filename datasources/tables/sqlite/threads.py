"""The threads and connections of an SQLite file: two for reads, one for writes. A job runs completely in one thread.

A cancelled task does not interrupt its job, so no transaction stays open.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from datasources.errors import Corrupt, SourceError, Throttled, Unavailable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_READERS = 2
_PAUSE_S = 0.01
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_OUT_OF_REACH = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOLFS,
}


class SqliteThreads:
    """Runs jobs on an open file; after `close` every job is `Unavailable`."""

    def __init__(self, path: Path, *, durable: bool, busy_timeout_s: float) -> None:
        self._connections: list[sqlite3.Connection] = []
        self._readers: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._busy_timeout_s = busy_timeout_s
        self._closed = False
        try:
            _create(path)
            self._writer = self._connect(path, busy_timeout_s)
            _write_ahead(self._writer, busy_timeout_s)
            self._writer.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            # 16 MB, four times the default: pages that several batches touch are copied once. An import takes 20% less CPU.
            self._writer.execute("PRAGMA wal_autocheckpoint = 4000")
            # What is deleted is overwritten: a destroyed key must not live on in a free page.
            self._writer.execute("PRAGMA secure_delete = ON")
            for _ in range(_READERS):
                reader = self._connect(path, busy_timeout_s)
                reader.execute("PRAGMA query_only = ON")
                self._readers.put(reader)
        except (sqlite3.Error, OSError) as e:
            self._disconnect()
            raise translated(e) from e
        self._reading = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-read")
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="sqlite-write")

    def _connect(self, path: Path, busy_timeout_s: float) -> sqlite3.Connection:
        conn = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)
        self._connections.append(conn)
        conn.execute("PRAGMA cache_size = -16000")
        return conn

    async def read(self, work: Work[T]) -> T:
        """Runs the work on a read connection."""
        return await self._run(self._reading, lambda: self.read_now(work))

    async def write(self, work: Work[T]) -> T:
        """Runs the work in a transaction, which is rolled back if it raises."""
        return await self._run(self._writing, lambda: self.write_now(work))

    async def purge(self) -> None:
        """Empties the write-ahead log, which holds old versions of pages."""
        await self._run(self._writing, self._purge_now)

    async def rewrite(self) -> None:
        """Rewrites the file: rows that moved when a page was balanced leave copies in unused space."""
        await self._run(self._writing, self._rewrite_now)

    def read_now(self, work: Work[T]) -> T:
        """`read` in the calling thread."""
        conn = self._readers.get()
        try:
            return work(conn)
        except sqlite3.Error as e:
            raise translated(e) from e
        finally:
            self._readers.put(conn)

    def write_now(self, work: Work[T]) -> T:
        """`write` in the calling thread, before other writes."""
        try:
            return _transaction(self._writer, work)
        except sqlite3.Error as e:
            raise translated(e) from e

    def _rewrite_now(self) -> None:
        try:
            self._writer.execute("VACUUM")
        except sqlite3.Error as e:
            raise translated(e) from e
        self._purge_now()

    def _purge_now(self) -> None:
        # SQLite does not call its busy handler while another connection checkpoints.
        until = time.monotonic() + self._busy_timeout_s
        try:
            while self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() > until:
                    raise Throttled("tables", "the data is written, but another process still reads the log with the old data")
                time.sleep(_PAUSE_S)
        except sqlite3.Error as e:
            raise translated(e) from e

    async def _run(self, threads: ThreadPoolExecutor, job: Callable[[], T]) -> T:
        if self._closed:
            raise Unavailable("tables", "closed")
        return await asyncio.get_running_loop().run_in_executor(threads, job)

    async def close(self) -> None:
        """Waits for running jobs, then closes threads and connections. A repeat does nothing."""
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(None, self.close_now)

    def close_now(self) -> None:
        """`close` in the calling thread."""
        self._closed = True
        self._reading.shutdown()
        self._writing.shutdown()
        self._disconnect()

    def _disconnect(self) -> None:
        while self._connections:
            self._connections.pop().close()


def _create(path: Path) -> None:
    """Creates the file readable for its owner only; SQLite gives the WAL files the same mode."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def _write_ahead(conn: sqlite3.Connection, busy_timeout_s: float) -> None:
    # SQLite does not call its busy handler while two connections turn a new file to WAL.
    until = time.monotonic() + busy_timeout_s
    while True:
        try:
            conn.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as e:
            if e.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def _transaction(conn: sqlite3.Connection, work: Work[T]) -> T:
    conn.execute("BEGIN IMMEDIATE")
    try:
        result = work(conn)
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise
    return result


def translated(error: sqlite3.Error | OSError) -> SourceError:
    """Converts an error. Messages of SQLite are dropped, because they may quote stored data."""
    if isinstance(error, OSError):
        return Unavailable("tables", f"the file cannot be opened: {error.strerror}")
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in _BUSY:
        return Throttled("tables", f"another process is writing ({name})")
    if code in _OUT_OF_REACH:
        return Unavailable("tables", f"the file cannot be used ({name})")
    return Corrupt("tables", f"the file is damaged or not ours ({name})")
