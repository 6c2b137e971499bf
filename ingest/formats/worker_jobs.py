"""What worker processes do for an import: one file, with those that tell of it, to a record. Everything hostile is read here."""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import msgspec

from ingest.formats import takeout
from ingest.formats.archives import Listing, list_archive
from ingest.formats.exif import one_line
from ingest.formats.file_references import Source, fetch
from ingest.formats.heif import read_avif, read_heif
from ingest.formats.jpeg import read_jpeg
from ingest.formats.media_types import is_packed, kind_of_name, kind_of_start, phrase_of_start
from ingest.formats.merging import record_of
from ingest.formats.metadata import BadFile, Parsed, SourceMetadata, Unread
from ingest.formats.png_webp_gif import read_gif, read_png, read_webp
from ingest.formats.raw import read_cr3, read_orf, read_raf, read_rw2, read_tiff
from ingest.formats.tiff import Bytes
from ingest.formats.video import read_video
from ingest.formats.xmp import read_xmp
from resolvers.importing.records import ImportRecord
from workers.worker_process import extend_deadline

_MAX_PICTURE: Final = 512 << 20
_MAX_VIDEO: Final = 64 << 30
_MAX_SIDECAR: Final = 8 << 20
_STEP: Final = 64 << 20
_LIVE_SECONDS: Final = 6.0
_PICTURES: Final[Mapping[str, Callable[[Bytes], Parsed]]] = {
    "jpeg": read_jpeg, "png": read_png, "webp": read_webp, "gif": read_gif, "tiff": read_tiff, "orf": read_orf,
    "rw2": read_rw2, "raf": read_raf, "cr3": read_cr3, "heif": read_heif, "avif": read_avif,
}  # fmt: skip


class FileJob(msgspec.Struct):
    """A file and what lies beside it. `motion` may be its moving part: the answer says whether it is."""

    source: Source
    name: str
    xmp: Source | None = None
    json: Source | None = None
    motion: Source | None = None
    albums: list[str] = []
    """Keys, each with its title behind a NUL."""
    trashed: bool = False


class HashedFile(msgspec.Struct):
    """Of the bytes that were read."""

    sha256: str
    size: int
    content_type: str


class FileAnswer(msgspec.Struct):
    """`reason` is set where there is no record; `unread` where the file is whole, but of a kind that is not read."""

    record: ImportRecord | None = None
    original: HashedFile | None = None
    motion: HashedFile | None = None
    remarks: list[str] = []
    reason: str = ""
    unread: bool = False


class PeekAnswer(msgspec.Struct):
    """What binds two files to one live photo, and how long a film is."""

    content_id: str | None = None
    seconds: float | None = None


class JsonAnswer(msgspec.Struct):
    """Title of an album or of a photo."""

    album: str | None = None
    photo: str | None = None


def work(job: Mapping[str, Any]) -> Any:
    """One job, by its name."""
    name, given = job["do"], job["with"]
    return {"read": _read, "peek": _peek, "title": _title, "list": _list}[name](given)


def _read(given: Any) -> FileAnswer:
    job = msgspec.convert(given, FileJob)
    try:
        return _answer(job)
    except Unread as unread:
        return FileAnswer(reason=str(unread), unread=True)
    except BadFile as bad:
        return FileAnswer(reason=str(bad))
    except OSError as error:
        return FileAnswer(reason=f"cannot be opened: {error.strerror}")


def _answer(job: FileJob) -> FileAnswer:
    parsed, hashed = _parsed(fetch(job.source), job.name, hashing=True)
    assert hashed is not None
    told, title = [*parsed.metadata], job.name
    remarks: list[str] = []
    if job.json is not None:
        title = _join_takeout(job, told, remarks)
    if job.xmp is not None:
        told.insert(0, read_xmp(_small(job.xmp)))
    told.append(SourceMetadata(albums=job.albums))
    fixed: dict[str, Any] = {"sourceId": f"sha256:{hashed.sha256}", "fileName": one_line(title), "fileSize": hashed.size}
    fixed |= {"mediaType": "VIDEO" if parsed.video else "PHOTO", "contentType": parsed.content_type}
    record, more = record_of(told, fixed)
    record = msgspec.structs.replace(record, of_bytes_only=job.json is None and job.xmp is None and not job.albums)
    motion = _moving(job, parsed) if job.motion is not None else None
    if motion is not None:
        record = msgspec.structs.replace(record, motion_id=f"sha256:{motion.sha256}")
    return FileAnswer(record, hashed, motion, [*remarks, *more])


def _moving(job: FileJob, still: Parsed) -> HashedFile | None:
    """The film beside a picture, if it is its moving part: both say so, or it is short and nothing says otherwise."""
    assert job.motion is not None
    if still.video:
        return None
    try:
        path = fetch(job.motion)
        film, _ = _parsed(path, "", hashing=False)
        mine, its = _binding(still), _binding(film)
        bound = mine.content_id == its.content_id if mine.content_id and its.content_id else (its.seconds or 0) <= _LIVE_SECONDS
        return _parsed(path, "", hashing=True)[1] if bound and film.video else None
    except (BadFile, OSError):
        return None


def _join_takeout(job: FileJob, told: list[SourceMetadata], remarks: list[str]) -> str:
    """Takeout's words stand above the file's own, its time and place below, but for a place that a person corrected."""
    found = takeout.read_json(_small(job.json)) if job.json is not None else None
    side = takeout.sidecar(found) if found is not None else None
    if side is None:
        remarks.append("the JSON beside it is not Takeout's and was left out")
        return job.name
    if job.trashed and "trashedAt" not in side.told.fields and side.told.moment is not None:
        side.told.fields["trashedAt"] = f"{side.told.moment.wall}Z"
    place: dict[str, Any] = {
        n: side.told.fields.pop(n) for n in ("latitude", "longitude", "altitudeMeters") if n in side.told.fields
    }
    words = SourceMetadata(fields=side.told.fields, people=side.told.people, remarks=side.told.remarks)
    rest = SourceMetadata(moment=side.told.moment)
    (words if side.place_by_hand else rest).fields |= place
    told.insert(0, words)
    told.append(rest)
    stem = job.name.rpartition(".")[0]
    return side.title if len(stem) > 8 and side.title.startswith(stem) else job.name  # noqa: PLR2004  (shortened by Takeout)


def _small(source: Source) -> bytes:
    try:
        with opened(fetch(source)) as (file, status):
            return file.read(_MAX_SIDECAR) if status.st_size <= _MAX_SIDECAR else b""
    except (OSError, BadFile):
        return b""


def _peek(given: Any) -> PeekAnswer:
    try:
        return _binding(_parsed(fetch(msgspec.convert(given, Source)), "", hashing=False)[0])
    except (BadFile, OSError):
        return PeekAnswer()


def _binding(parsed: Parsed) -> PeekAnswer:
    content_id = next((said.content_id for said in parsed.metadata if said.content_id), None)
    return PeekAnswer(
        content_id, next((s for said in parsed.metadata if (s := said.fields.get("durationSeconds")) is not None), None)
    )


def _title(given: Any) -> JsonAnswer:
    found = takeout.read_json(_small(msgspec.convert(given, Source)))
    return JsonAnswer(takeout.album_title(found), takeout.title_of(found)) if found is not None else JsonAnswer()


def _list(given: Any) -> Listing:
    return list_archive(given["path"], given["to"])


def _parsed(path: bytes, name: str, *, hashing: bool) -> tuple[Parsed, HashedFile | None]:
    with opened(path) as (file, status):
        start = file.read(512)
        kind = kind_of_start(start[:64])
        if kind is None:
            raise _not_read(start, name)
        if status.st_size > (_MAX_VIDEO if kind == "video" else _MAX_PICTURE):
            raise BadFile(f"is larger than {'64 GiB' if kind == 'video' else '512 MiB'}")
        if kind == "video":
            parsed = read_video(file, status.st_size, start[8:12])
        else:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                parsed = _PICTURES[kind](data)
        hashed = HashedFile(_hash(file), status.st_size, parsed.content_type) if hashing else None
        now = os.fstat(file.fileno())
        if (now.st_size, now.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
            raise BadFile("changed while it was read: import it again")
        return parsed, hashed


def _not_read(start: bytes, name: str) -> BadFile:
    if is_packed(start):
        return Unread("is an archive within the library: import it by itself")
    phrase = phrase_of_start(start)
    if phrase is not None:
        return Unread(f"is {phrase}, which this version does not read")
    if kind_of_name(name) != "other":
        return BadFile("is not what its name says, or its beginning is lost")
    return BadFile("is of a kind that is not read")


def _hash(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    buffer = memoryview(bytearray(1 << 20))
    since = 0
    while count := file.readinto(buffer):  # type: ignore[attr-defined]
        digest.update(buffer[:count])
        since += count
        if since >= _STEP:
            extend_deadline()
            since = 0
    return digest.hexdigest()


@contextmanager
def opened(path: bytes) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """A regular file, not empty. Opened before it is looked at, so that nobody can change it in between."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BadFile("is no regular file")
        if status.st_size == 0:
            raise BadFile("is empty")
        yield file, status
