"""The table of jobs: work that outlives its request, its starter, its worker, and its result files.

A record holds no personal values and is not sealed, so that a job can go on, and be read, after its customer's key is gone.
`input` and `checkpoint` are its kind's own; what is personal in them, the kind seals.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from enum import Enum
from typing import NamedTuple

import msgspec

from access.classes import DataClass
from access.viewer import Viewer
from datasources.errors import Conflict
from datasources.stored_data import Backup, Erasure, Export, StoredData
from datasources.tables.index_entries import first_entries
from datasources.tables.notifier import Notifier
from datasources.tables.sealed_body import read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Remove, Span, Table, Write

JOBS = Table(
    "jobs",
    indexes=("due", "owners", "files"),
    expires=True,
    stored=StoredData(
        name="table jobs",
        holds="Bulk operations: kind, progress, names of result files",
        classes=(DataClass.OPERATIONAL,),
        erased=Erasure("Every job of the customer; the erasure itself expires after thirty days.", step="jobs"),
        exported=Export(text="It describes exports and erasures, and expires after thirty days."),
        backed_up=Backup.INCLUDED,
        proven=("tests/erasing/test_erase.py", "tests/erasing/test_staying_out.py"),
    ),
)
KEPT_S = 30 * 86_400
"""How long an ended job is listed. Its files expire earlier."""
_DUE = "due"
_FILES = "files"
_LOCK = "active:"
_ENCODE = msgspec.msgpack.Encoder().encode


class JobStatus(Enum):
    """States. EXPIRED is never stored: it is COMPLETED after `files_until_ms`."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


LIVE = frozenset({JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.CANCELING})


class JobKind(Enum):
    """The kind of work. `resolvers.jobs` has a function for each."""

    EXPORT = "EXPORT"
    ERASE = "ERASE"
    ROTATE = "ROTATE"


class JobKey(NamedTuple):
    """The starter (`Viewer.key`) and the local id, which increases with time."""

    starter: str
    id: str


class JobFile(msgspec.Struct, frozen=True, array_like=True):
    """A result file. `path` is its section (`photos`), `name` its file name."""

    name: str
    path: str
    rows: int
    size: int
    sha256: bytes


class Lease(msgspec.Struct, frozen=True, array_like=True):
    """The lease of a worker. Without a worker, `until_ms` is the earliest time of the next attempt."""

    worker: str
    until_ms: int


class JobRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A job. `owner` is the customer whose data it concerns; only `starter` may see it."""

    id: str
    owner: str
    starter: str
    kind: JobKind
    version: int
    created_at_ms: int
    status: JobStatus = JobStatus.QUEUED
    progress: float = 0.0
    rows: int = 0
    error_code: str | None = None
    completed_at_ms: int | None = None
    files_until_ms: int | None = None
    files: tuple[JobFile, ...] = ()
    manifest: JobFile | None = None
    snapshot: str | None = None
    cost: float | None = None
    input: bytes = b""
    checkpoint: bytes = b""
    """The checkpoint to continue from, written together with the completed files."""
    lease: Lease = Lease("", 0)
    attempts: int = 0
    """Attempts since the last checkpoint."""
    outlives_owner: bool = False
    """Whether the job and its files remain when the customer is erased: an erasure and its certificate."""

    @property
    def key(self) -> JobKey:
        """The starter and the local id."""
        return JobKey(self.starter, self.id)

    @property
    def live(self) -> bool:
        """Whether the job has not ended."""
        return self.status in LIVE

    def status_at(self, now_ms: int) -> JobStatus:
        """The status at a time; EXPIRED after the files expired."""
        gone = self.status is JobStatus.COMPLETED and self.files_until_ms is not None and self.files_until_ms <= now_ms
        return JobStatus.EXPIRED if gone else self.status


_RECORD = msgspec.msgpack.Decoder(JobRecord)
_KEY = msgspec.msgpack.Decoder(JobKey)


class Running(NamedTuple):
    """Another job of the same customer and kind that has not ended."""

    key: JobKey


class Jobs:
    """Jobs of a viewer, due jobs for the runner, and jobs of a customer for the erasure."""

    def __init__(self, store: ItemStore) -> None:
        self._store = store
        self.notifier = Notifier()
        """Notified when a job of this process begins, progresses, or is cancelled."""

    async def by_id(self, viewer: Viewer, job: JobKey) -> JobRecord | None:
        """A job that this viewer started."""
        return await self.raw(job) if job.starter == viewer.key else None

    async def of_viewer(self, viewer: Viewer, *, limit: int, before: str | None = None) -> Sequence[JobRecord]:
        """The viewer's jobs before a local id, latest first, at most `limit`."""
        found: list[JobRecord] = []
        after: str | None = None
        while len(found) < limit:
            span = Span(end=before, descending=True)
            page = await self._store.query(JOBS, viewer.key, span, limit=limit - len(found), after=after)
            found += [read_body(_RECORD, i, JOBS) for i in page.items]
            after = page.after
            if after is None:
                break
        return found

    async def raw(self, job: JobKey) -> JobRecord | None:
        """A job as stored; for runners and for requests with a signed URL."""
        item = (await self._store.get_many(JOBS, [Key(*job)])).get(Key(*job))
        return None if item is None else read_body(_RECORD, item, JOBS)

    async def begin(self, record: JobRecord) -> JobRecord | Running:
        """Stores a new job, unless one of the same customer and kind is live."""
        first = msgspec.structs.replace(record, version=1)
        lock = Item(_lock(record), 1, _ENCODE(record.key))
        try:
            await self._store.transact([Put(JOBS, _item(first), 0), Put(JOBS, lock, 0)])
        except Conflict:
            held = (await self._store.get_many(JOBS, [lock.key])).get(lock.key)
            if held is None:
                raise
            return Running(read_body(_KEY, held, JOBS))
        return first

    async def save(self, record: JobRecord) -> JobRecord | None:
        """Writes the next version; None if the stored version differs. An ended job releases the lock of its kind."""
        written = msgspec.structs.replace(record, version=record.version + 1)
        writes: list[Write] = [Put(JOBS, _item(written), record.version)]
        if not written.live and await self._holds(written):
            writes.append(Remove(JOBS, _lock(written), None))
        try:
            await self._store.transact(writes)
        except Conflict:
            return None
        return written

    async def _holds(self, record: JobRecord) -> bool:
        held = (await self._store.get_many(JOBS, [_lock(record)])).get(_lock(record))
        return held is not None and read_body(_KEY, held, JOBS) == record.key

    async def due(self, *, limit: int = 100) -> Sequence[JobRecord]:
        """Jobs that have not ended, oldest first."""
        return [r for r in await self._indexed("due", _DUE, Span(), limit) if r.live]

    async def with_old_files(self, now_ms: int, *, limit: int = 100) -> Sequence[JobRecord]:
        """Ended jobs whose files have expired."""
        return await self._indexed("files", _FILES, Span(end=f"{now_ms:014d}"), limit)

    async def _indexed(self, index: str, partition: str, span: Span, limit: int) -> Sequence[JobRecord]:
        """The first `limit` jobs of an index in its order."""
        entries = await first_entries(self._store, JOBS, index, partition, span, limit=limit)
        return await self._records([entry.key for entry in entries])

    async def of_owner(self, owner: str) -> AsyncIterator[JobRecord]:
        """Every job of a customer, by any starter."""
        after: str | None = None
        while True:
            page = await self._store.query_index(JOBS, "owners", owner, Span(), limit=100, after=after)
            for record in await self._records([e.key for e in page.entries]):
                yield record
            after = page.after
            if after is None:
                return

    async def forget(self, record: JobRecord) -> None:
        """Removes a job and its lock. Delete its files first."""
        writes: list[Write] = [Remove(JOBS, Key(*record.key), None)]
        if await self._holds(record):
            writes.append(Remove(JOBS, _lock(record), None))
        await self._store.transact(writes)

    async def _records(self, keys: Sequence[Key]) -> Sequence[JobRecord]:
        items = await self._store.get_many(JOBS, keys) if keys else {}
        return sorted((read_body(_RECORD, i, JOBS) for i in items.values()), key=lambda r: (r.created_at_ms, r.id))


def _lock(record: JobRecord) -> Key:
    return Key(f"{_LOCK}{record.owner}", record.kind.value)


def _item(record: JobRecord) -> Item:
    indexes = {"owners": Key(record.owner, record.id)}
    if record.live:
        indexes["due"] = Key(_DUE, record.id)
    elif record.files_until_ms is not None and (record.files or record.manifest):
        indexes["files"] = Key(_FILES, f"{record.files_until_ms:014d}")
    ended = max(record.completed_at_ms or 0, record.files_until_ms or 0)
    expires = None if record.live or "files" in indexes else ended // 1_000 + KEPT_S
    return Item(Key(*record.key), record.version, _ENCODE(record), indexes, expires)
