"""The job that writes everything about a customer as files: first the small things, then photos part by part."""

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
from resolvers.exporting.photo_parts import PAGE, Part
from resolvers.exporting.readme import README, manifest
from resolvers.exporting.sections import SECTIONS, Library, Line
from resolvers.jobs.export_mutations import ExportInput
from resolvers.jobs.job_run import Run, folder_of

_ENCODE = msgspec.json.Encoder().encode
_PIECE = 1 << 20
MANIFEST: Final = "manifest.json"


class Checkpoint(msgspec.Struct, frozen=True):
    """What is whole: `part` parts up to `after`; the small things come with the first."""

    after: str | None = None
    part: int = 0
    rows: int = 0
    unreadable: int = 0
    missing: int = 0
    total: int = 0
    ended: bool = False


def jsonl(lines: Sequence[Line]) -> bytes:
    """One object a line."""
    return b"".join(_ENCODE(line) + b"\n" for line in lines)


FORMATS: Final[dict[str, Callable[[Sequence[Line]], bytes]]] = {"JSONL": jsonl, "PARQUET": parquet, "ARROW": arrow}


async def export(run: Run) -> None:
    """Goes on from the last whole part; a part that was being written is written again."""
    sources, owner = run.sources, run.record.owner
    scope = Scope(Viewer(ViewerKind.CUSTOMER, owner, customer=owner), own=owner)
    library = await Library.of(sources, scope, owner)
    wanted = msgspec.json.decode(run.record.input, type=ExportInput).format
    known = msgspec.json.decode(run.record.checkpoint, type=Checkpoint) if run.record.checkpoint else None
    if known is None:
        known = await _sections(run, library, Checkpoint(total=await _total(sources, scope)))
    while not known.ended:
        known = await _part(run, library, wanted, known)
    told = {"photos": known.rows, "unreadablePhotos": known.unreadable, "missingOriginals": known.missing}
    whole = manifest(run.record.files, created_at_ms=run.record.created_at_ms, told={"photosFormat": wanted, **told})
    await run.save(manifest=await _written(run, MANIFEST, "manifest", 1, _once(_ENCODE(whole))))
    await _make_room(run)


async def _sections(run: Run, library: Library, known: Checkpoint) -> Checkpoint:
    files = [await _written(run, "readme.md", "README", 0, _once(README.encode()))]
    for name, section in SECTIONS.items():
        lines = [line async for line in section(library)]
        files.append(await _written(run, f"{name}.jsonl", name, len(lines), _pages(lines)))
    await run.save(files=tuple(files), checkpoint=_ENCODE(known))
    return known


async def _part(run: Run, library: Library, wanted: str, known: Checkpoint) -> Checkpoint:
    part = Part(library, known.after, known.rows)
    await part.read()
    number, rows = known.part + 1, known.rows + len(part.lines)
    files = run.record.files
    if part.lines or number == 1:
        archive = await _written(run, f"files-{number:05d}.zip", "files", len(part.lines), part.archive())
        data = await asyncio.to_thread(FORMATS[wanted], part.lines)
        name = f"photos-{number:05d}.{wanted.lower()}"
        files = (*files, await _written(run, name, "photos", len(part.lines), _once(data)), archive)
    after = Checkpoint(
        part.after, number, rows, known.unreadable + part.unreadable, known.missing + part.missing, known.total, part.ended
    )
    progress = min(0.99, rows / known.total) if known.total else 0.5
    await run.save(files=files, rows=rows, progress=progress, checkpoint=_ENCODE(after))
    return after


async def _written(run: Run, name: str, path: str, rows: int, chunks: AsyncIterator[bytes]) -> JobFile:
    digest = hashlib.sha256()

    async def hashed() -> AsyncIterator[bytes]:
        async for chunk in chunks:
            digest.update(chunk)
            yield chunk

    size = await run.sources.results.put(MediaKey(run.folder, name), _gathered(hashed()))
    return JobFile(name, path, rows, size, digest.digest())


async def _gathered(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pieces large enough to be worth a write each."""
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _pages(lines: Sequence[Line]) -> AsyncIterator[bytes]:
    for start in range(0, len(lines), PAGE):
        yield jsonl(lines[start : start + PAGE])


async def _total(sources: Sources, scope: Scope) -> int:
    """For progress only: an export does not need the index."""
    try:
        return (await sources.index.search(scope, SearchRequest(total=True))).total or 0
    except SourceError:
        return 0


async def _make_room(run: Run) -> None:
    """Files of earlier exports go: a customer has one export at a time to fetch."""
    sources = run.sources
    async for job in sources.jobs.of_owner(run.record.owner):
        ours = job.kind is JobKind.EXPORT and job.starter == run.record.starter and job.key != run.record.key
        if ours and job.status is JobStatus.COMPLETED and (job.files or job.manifest):
            await sources.results.delete_owner(folder_of(sources, job))
            gone = msgspec.structs.replace(
                job, files=(), manifest=None, checkpoint=b"", files_until_ms=min(sources.now_ms(), job.files_until_ms or 0)
            )
            await sources.jobs.save(gone)
