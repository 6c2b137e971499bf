"""Asking for jobs, stopping them, and following them: always the viewer's own."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import msgspec

from access.ids import BadId
from access.viewer import Viewer
from datasources import Sources
from datasources.tables.jobs import JobKey, JobKind, JobRecord, JobStatus, Running
from resolvers.context import Context
from resolvers.errors import NotThere
from resolvers.jobs.job_run import folder_of

TYPE = "BulkOperation"
_TRIES = 5
_LOOK_S = 1.0


def fresh_job(sources: Sources, viewer: Viewer, owner: str, kind: JobKind) -> JobRecord:
    """A job to be begun (`Jobs.begin`); its id grows with time."""
    return job_of(sources, viewer.key, owner, kind)


def job_of(sources: Sources, starter: str, owner: str, kind: JobKind) -> JobRecord:
    """The same for a starter by key: a command, whom no token stands for."""
    now = sources.now_ms()
    return JobRecord(
        id=f"{now:014d}{secrets.token_hex(8)}", owner=owner, starter=starter, kind=kind, version=0, created_at_ms=now
    )


def global_id(sources: Sources, key: JobKey) -> str:
    """Opaque and deterministic."""
    return sources.ids.encode(TYPE, key.starter, key.id)


def key_of(sources: Sources, text: str) -> JobKey | None:
    """The job an id stands for; None unless it is one."""
    try:
        known = sources.ids.decode(text)
    except BadId:
        return None
    return JobKey(known.owner, known.local) if known.type == TYPE else None


async def own_job(context: Context, text: str) -> JobRecord | None:
    """A job of the viewer's; anybody else's does not exist."""
    key = key_of(context.sources, text)
    return None if key is None else await context.sources.jobs.by_id(context.viewer, key)


async def start(sources: Sources, record: JobRecord) -> JobRecord | Running:
    """Begins a job and wakes the runner."""
    begun = await sources.jobs.begin(record)
    await sources.jobs.bell.notify()
    return begun


async def cancel(sources: Sources, viewer: Viewer, key: JobKey) -> JobRecord | None:
    """Stops a job: at once where nobody works on it, else soon. One that has ended stays as it is. None: not theirs.

    An erasure cannot be stopped: the key is gone already.
    """
    for _ in range(_TRIES):
        record = await sources.jobs.by_id(viewer, key)
        if record is None or not record.live or record.status is JobStatus.CANCELING or record.kind is JobKind.ERASE:
            return record
        changed = await sources.jobs.save(_canceled(record, sources.now_ms()))
        if changed is not None:
            if not changed.live:
                await sources.results.delete_owner(folder_of(sources, changed))
            await sources.jobs.bell.notify()
            return changed
    return await sources.jobs.by_id(viewer, key)


def _canceled(record: JobRecord, now_ms: int) -> JobRecord:
    if record.status is JobStatus.RUNNING:
        return msgspec.structs.replace(record, status=JobStatus.CANCELING)
    return msgspec.structs.replace(
        record, status=JobStatus.CANCELED, completed_at_ms=now_ms, files=(), manifest=None, checkpoint=b""
    )


async def followed(context: Context, text: str) -> AsyncIterator[JobRecord]:
    """A job now and each time that it gets on, until it has ended; raises `NotThere`."""
    jobs = context.sources.jobs
    rings = jobs.bell.rings
    record = await own_job(context, text)
    if record is None:
        raise NotThere
    shown = _visible(record)
    yield record
    while record.live:
        await jobs.bell.after(rings, at_most_s=_LOOK_S)
        rings = jobs.bell.rings
        found = await own_job(context, text)
        if found is None:
            return
        record = found
        if _visible(record) != shown:
            shown = _visible(record)
            yield record


def _visible(record: JobRecord) -> tuple[object, ...]:
    return record.status, record.progress, record.rows, len(record.files)
