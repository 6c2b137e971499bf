"""Signed, short-lived URLs of job files. Access is checked again when a file is served."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from access.signing import InvalidSignedUrl, window_end
from access.viewer import Viewer
from datasources import Sources
from datasources.tables.jobs import JobFile, JobKey, JobRecord, JobStatus
from resolvers.context import Context

ROUTE = "/results"
EXTRA_LIFETIME_S = 2_700
"""Added to the 15 minutes of all signed URLs, because large downloads take long to start."""


@dataclass(frozen=True, slots=True)
class Link:
    """A download URL and its expiry time."""

    url: str
    expires_at: datetime

    @classmethod
    def to(cls, context: Context, record: JobRecord, file: JobFile) -> Link:
        """The URL stays the same for 15 minutes. It is valid for at most 75 minutes, and not longer than the file."""
        end_s = window_end(context.sources.now_ms() // 1_000) + EXTRA_LIFETIME_S
        if record.files_until_ms is not None:
            end_s = min(end_s, record.files_until_ms // 1_000)
        text = context.sources.signer.sign(ROUTE, context.viewer, (record.id, file.name), expires_s=end_s)
        return cls(f"{context.public_url}{ROUTE}/{text}/{file.name}", datetime.fromtimestamp(end_s, UTC))


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """A file that the URL gives access to."""

    record: JobRecord
    file: JobFile


async def resolve_link(sources: Sources, text: str, viewer: Viewer | None) -> LinkedFile | None:
    """The file of a URL. None if the URL is invalid or expired, if the job, file or customer no longer exists, or if a
    token of another viewer than the job's starter is given. No token is needed: browsers download without one.
    """
    now_ms = sources.now_ms()
    try:
        signed = sources.signer.read(ROUTE, text, now_s=now_ms / 1_000)
        job, name = signed.resource
    except (InvalidSignedUrl, ValueError):
        return None
    if viewer is not None and viewer.key != signed.viewer.key:
        return None
    record = await sources.jobs.by_id(signed.viewer, JobKey(signed.viewer.key, job))
    if record is None or record.status_at(now_ms) is not JobStatus.COMPLETED:
        return None
    if not record.outlives_owner and not await sources.keys.keys_of([record.owner]):
        return None
    files = (*record.files, *(() if record.manifest is None else (record.manifest,)))
    found = next((f for f in files if f.name == name), None)
    return None if found is None else LinkedFile(record, found)
