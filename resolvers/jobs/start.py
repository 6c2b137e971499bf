"""Starts, cancels and watches the viewer's own jobs."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import msgspec

from access.ids import InvalidId
from access.viewer import Viewer
from datasources import Sources
from datasources.tables.jobs import JobKey, JobKind, JobRecord, JobStatus, Running
from resolvers.context import Context
from resolvers.errors import NotFound
from resolvers.jobs.job_run import folder_of

TYPE = "BulkOperation"
_TRIES = 5
_POLL_S = 1.0


def new_job(sources: Sources, viewer: Viewer, owner: str, kind: JobKind) -> JobRecord:
    """A job to pass to `start`; ids sort by creation time."""
    return new_job_of(sources, viewer.key, owner, kind)


def new_job_of(sources: Sources, starter: str, owner: str, kind: JobKind) -> JobRecord:
    """A job for a starter given by key, for commands that run without a token."""
    now = sources.now_ms()
    return JobRecord(
        id=f"{now:014d}{secrets.token_hex(8)}", owner=owner, starter=starter, kind=kind, version=0, created_at_ms=now
    )


def global_id(sources: Sources, key: JobKey) -> str:
    """The job's global id; opaque and deterministic."""
    return sources.ids.encode(TYPE, key.starter, key.id)


def key_of(sources: Sources, text: str) -> JobKey | None:
    """The job key in a global id; None for ids of other types and invalid ones."""
    try:
        known = sources.ids.decode(text)
    except InvalidId:
        return None
    return JobKey(known.owner, known.local) if known.type == TYPE else None


async def own_job(context: Context, text: str) -> JobRecord | None:
    """A job that the viewer started; None for all others."""
    key = key_of(context.sources, text)
    return None if key is None else await context.sources.jobs.by_id(context.viewer, key)


async def start(sources: Sources, record: JobRecord) -> JobRecord | Running:
    """Stores a job and wakes the runner."""
    started = await sources.jobs.begin(record)
    await sources.jobs.notifier.notify()
    return started


async def cancel(sources: Sources, viewer: Viewer, key: JobKey) -> JobRecord | None:
    """Cancels a job: immediately if it is not running, otherwise its worker stops soon. An ended job is returned unchanged.

    None if the job is not the viewer's. An erasure cannot be cancelled, because its key is already destroyed.
    """
    for _ in range(_TRIES):
        record = await sources.jobs.by_id(viewer, key)
        if record is None or not record.live or record.status is JobStatus.CANCELING or record.kind is JobKind.ERASE:
            return record
        changed = await sources.jobs.save(_canceled(record, sources.now_ms()))
        if changed is not None:
            if not changed.live:
                await sources.results.delete_owner(folder_of(sources, changed))
            await sources.jobs.notifier.notify()
            return changed
    return await sources.jobs.by_id(viewer, key)


def _canceled(record: JobRecord, now_ms: int) -> JobRecord:
    if record.status is JobStatus.RUNNING:
        return msgspec.structs.replace(record, status=JobStatus.CANCELING)
    return msgspec.structs.replace(
        record, status=JobStatus.CANCELED, completed_at_ms=now_ms, files=(), manifest=None, checkpoint=b""
    )


async def watch_job(context: Context, text: str) -> AsyncIterator[JobRecord]:
    """Yields the job now and after each visible change until it has ended; raises `NotFound`."""
    jobs = context.sources.jobs
    rings = jobs.notifier.count
    record = await own_job(context, text)
    if record is None:
        raise NotFound
    last = _visible(record)
    yield record
    while record.live:
        await jobs.notifier.wait(rings, timeout_s=_POLL_S)
        rings = jobs.notifier.count
        found = await own_job(context, text)
        if found is None:
            return
        record = found
        if _visible(record) != last:
            last = _visible(record)
            yield record


def _visible(record: JobRecord) -> tuple[object, ...]:
    return record.status, record.progress, record.rows, len(record.files)
