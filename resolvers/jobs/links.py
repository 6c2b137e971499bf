"""URLs by which files of jobs are fetched: signed, short-lived, and checked again when they are served."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from access.signing import BadAddress, window_end
from access.viewer import Viewer
from datasources import Sources
from datasources.tables.jobs import JobFile, JobKey, JobRecord, JobStatus
from resolvers.context import Context

ROUTE = "/results"
MORE_S = 2_700
"""Beyond the quarter hour that all signed addresses last: originals of years take a while."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a file is, and until when."""

    url: str
    expires_at: datetime

    @classmethod
    def to(cls, context: Context, record: JobRecord, file: JobFile) -> Link:
        """The same text for a quarter of an hour; good for an hour and a quarter at most, and while the file is there."""
        end_s = window_end(context.sources.now_ms() // 1_000) + MORE_S
        if record.files_until_ms is not None:
            end_s = min(end_s, record.files_until_ms // 1_000)
        text = context.sources.signer.sign(ROUTE, context.viewer, (record.id, file.name), expires_s=end_s)
        return cls(f"{context.public_url}{ROUTE}/{text}/{file.name}", datetime.fromtimestamp(end_s, UTC))


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that may be served."""

    record: JobRecord
    file: JobFile


async def fetched(sources: Sources, text: str, viewer: Viewer | None) -> Fetched | None:
    """The file of a URL; None when it was altered or has expired, when job, file or customer are gone, or when somebody
    else than its starter shows who they are. A URL alone is enough: browsers download without tokens.
    """
    now_ms = sources.now_ms()
    try:
        signed = sources.signer.read(ROUTE, text, now_s=now_ms / 1_000)
        job, name = signed.what
    except (BadAddress, ValueError):
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
    return None if found is None else Fetched(record, found)
