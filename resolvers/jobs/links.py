"""URLs by which files of jobs are fetched: signed, short-lived, and checked again when they are served."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from access.ids import BadId
from access.viewer import Viewer
from datasources import Sources
from datasources.tables.jobs import JobFile, JobKey, JobRecord, JobStatus
from resolvers.context import Context

ROUTE = "/results"
_BOUND = (b"job file",)
_QUARTER_S = 900
LIFE_S = 3_600


class _Plain(msgspec.Struct, frozen=True, array_like=True):
    starter: str
    job: str
    name: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class Link:
    """Where a file is, and until when."""

    url: str
    expires_at: datetime

    @classmethod
    def to(cls, context: Context, record: JobRecord, file: JobFile) -> Link:
        """The same text for a quarter of an hour; good for an hour, and never for longer than the file is there."""
        now_s = context.sources.now_ms() // 1_000
        end_s = now_s // _QUARTER_S * _QUARTER_S + LIFE_S
        if record.files_until_ms is not None:
            end_s = min(end_s, record.files_until_ms // 1_000)
        plain = msgspec.msgpack.encode(_Plain(record.starter, record.id, file.name, end_s))
        text = context.sources.cursors.encode(plain, _BOUND)
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
    try:
        plain = msgspec.msgpack.decode(sources.cursors.decode(text, _BOUND), type=_Plain)
    except (BadId, msgspec.MsgspecError):
        return None
    now_ms = sources.now_ms()
    if plain.expires_s * 1_000 <= now_ms or (viewer is not None and viewer.key != plain.starter):
        return None
    record = await sources.jobs.raw(JobKey(plain.starter, plain.job))
    if record is None or record.status_at(now_ms) is not JobStatus.COMPLETED:
        return None
    if not record.outlives_owner and not await sources.keys.keys_of([record.owner]):
        return None
    files = (*record.files, *(() if record.manifest is None else (record.manifest,)))
    found = next((f for f in files if f.name == plain.name), None)
    return None if found is None else Fetched(record, found)
