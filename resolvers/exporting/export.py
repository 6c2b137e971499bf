"""The job that exports a customer's data as files: first the small sections, then the photos in parts."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import msgspec

from access.scope import Scope
from access.viewer import Viewer, ViewerKind
from datasources import Sources
from datasources.errors import SourceError
from datasources.media.port import MediaKey
from datasources.search.port import SearchRequest
from datasources.tables.jobs import JobFile, JobKind, JobStatus
from resolvers.exporting.columns import arrow, parquet
from resolvers.exporting.photo_parts import PAGE, ExportPart
from resolvers.exporting.readme import README, manifest
from resolvers.exporting.sections import SECTIONS, Library, Line
from resolvers.jobs.export_mutations import ExportInput
from resolvers.jobs.job_run import Run, folder_of

_ENCODE = msgspec.json.Encoder().encode
_CHUNK_BYTES = 1 << 20
MANIFEST: Final = "manifest.json"


class Checkpoint(msgspec.Struct, frozen=True):
    """The number of complete parts, and the last photo in them (`after`)."""

    after: str | None = None
    part: int = 0
    rows: int = 0
    unreadable: int = 0
    missing: int = 0
    total: int = 0
    ended: bool = False


def jsonl(lines: Sequence[Line]) -> bytes:
    """JSON Lines: one object per line."""
    return b"".join(_ENCODE(line) + b"\n" for line in lines)


FORMATS: Final[dict[str, Callable[[Sequence[Line]], bytes]]] = {"JSONL": jsonl, "PARQUET": parquet, "ARROW": arrow}


async def export(run: Run) -> None:
    """Continues after the last complete part; an interrupted part is written again."""
    sources, owner = run.sources, run.record.owner
    scope = Scope(Viewer(ViewerKind.CUSTOMER, owner, customer=owner), own=owner)
    library = await Library.of(sources, scope, owner)
    photos_format = msgspec.json.decode(run.record.input, type=ExportInput).format
    known = msgspec.json.decode(run.record.checkpoint, type=Checkpoint) if run.record.checkpoint else None
    if known is None:
        known = await _write_sections(run, library, Checkpoint(total=await _total(sources, scope)))
    while not known.ended:
        known = await _write_part(run, library, photos_format, known)
    counts = {"photos": known.rows, "unreadablePhotos": known.unreadable, "missingOriginals": known.missing}
    content = manifest(run.record.files, created_at_ms=run.record.created_at_ms, facts={"photosFormat": photos_format, **counts})
    await run.save(manifest=await _write_file(run, MANIFEST, "manifest", 1, _once(_ENCODE(content))))
    await _delete_older_exports(run)


async def _write_sections(run: Run, library: Library, known: Checkpoint) -> Checkpoint:
    files = [await _write_file(run, "readme.md", "README", 0, _once(README.encode()))]
    for name, section in SECTIONS.items():
        lines = [line async for line in section(library)]
        files.append(await _write_file(run, f"{name}.jsonl", name, len(lines), _pages(lines)))
    await run.save(files=tuple(files), checkpoint=_ENCODE(known))
    return known


async def _write_part(run: Run, library: Library, photos_format: str, known: Checkpoint) -> Checkpoint:
    part = ExportPart(library, known.after, known.rows)
    await part.read()
    number, rows = known.part + 1, known.rows + len(part.lines)
    files = run.record.files
    if part.lines or number == 1:
        archive = await _write_file(run, f"files-{number:05d}.zip", "files", len(part.lines), part.archive())
        data = await asyncio.to_thread(FORMATS[photos_format], part.lines)
        name = f"photos-{number:05d}.{photos_format.lower()}"
        files = (*files, await _write_file(run, name, "photos", len(part.lines), _once(data)), archive)
    after = Checkpoint(
        part.after, number, rows, known.unreadable + part.unreadable, known.missing + part.missing, known.total, part.ended
    )
    progress = min(0.99, rows / known.total) if known.total else 0.5
    await run.save(files=files, rows=rows, progress=progress, checkpoint=_ENCODE(after))
    return after


async def _write_file(run: Run, name: str, path: str, rows: int, chunks: AsyncIterator[bytes]) -> JobFile:
    digest = hashlib.sha256()

    async def hashed() -> AsyncIterator[bytes]:
        async for chunk in chunks:
            digest.update(chunk)
            yield chunk

    size = await run.sources.results.put(MediaKey(run.folder, name), _rechunked(hashed()))
    return JobFile(name, path, rows, size, digest.digest())


async def _rechunked(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Joins small chunks to chunks of at least 1 MiB."""
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        if len(buffer) >= _CHUNK_BYTES:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _pages(lines: Sequence[Line]) -> AsyncIterator[bytes]:
    for start in range(0, len(lines), PAGE):
        yield jsonl(lines[start : start + PAGE])


async def _total(sources: Sources, scope: Scope) -> int:
    """The number of photos, for progress only; 0 if the index is unavailable, because an export does not need it."""
    try:
        return (await sources.index.search(scope, SearchRequest(total=True))).total or 0
    except SourceError:
        return 0


async def _delete_older_exports(run: Run) -> None:
    """Deletes the files of earlier exports: a customer can download only the latest export."""
    sources = run.sources
    async for job in sources.jobs.of_owner(run.record.owner):
        older = job.kind is JobKind.EXPORT and job.starter == run.record.starter and job.key != run.record.key
        if older and job.status is JobStatus.COMPLETED and (job.files or job.manifest):
            await sources.results.delete_owner(folder_of(sources, job))
            expired = msgspec.structs.replace(
                job, files=(), manifest=None, checkpoint=b"", files_until_ms=min(sources.now_ms(), job.files_until_ms or 0)
            )
            await sources.jobs.save(expired)
