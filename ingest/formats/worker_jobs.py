"""Jobs of the worker processes of an import, which read untrusted files: a file with its sidecars becomes a record."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final

import msgspec

from ingest.formats import takeout
from ingest.formats.archives import ArchiveListing, list_archive
from ingest.formats.embedded_film import embedded_film
from ingest.formats.exif import one_line
from ingest.formats.file_references import FileLocation, fetch, opened
from ingest.formats.heif import read_avif, read_heif
from ingest.formats.jpeg import read_jpeg
from ingest.formats.merging import merge_sources
from ingest.formats.metadata import ParsedFile, SourceMetadata, UnsupportedFile
from ingest.formats.name_dates import add_date_of_name
from ingest.formats.png import read_png
from ingest.formats.precedence import PLAIN
from ingest.formats.raw import read_cr3, read_orf, read_raf, read_rw2, read_tiff
from ingest.formats.sidecars import add_takeout, add_xmp, read_sidecar_bytes
from ingest.formats.video import read_video
from ingest.formats.webp_gif import read_gif, read_webp
from pictures.formats.errors import BadFile
from pictures.formats.media_types import is_jpeg_name, is_packed, kind_of_name, kind_of_start, phrase_of_start
from pictures.formats.tiff import Bytes
from resolvers.importing.records import ImportRecord
from workers.worker_process import extend_deadline

_MAX_PICTURE: Final = 512 << 20
_MAX_VIDEO: Final = 64 << 30
_STEP: Final = 64 << 20
_WITH_FILMS: Final = frozenset({"jpeg", "heif"})
_LIVE_SECONDS: Final = 6.0
_PICTURES: Final[Mapping[str, Callable[[Bytes], ParsedFile]]] = {
    "jpeg": read_jpeg, "png": read_png, "webp": read_webp, "gif": read_gif, "tiff": read_tiff, "orf": read_orf,
    "rw2": read_rw2, "raf": read_raf, "cr3": read_cr3, "heif": read_heif, "avif": read_avif,
}  # fmt: skip


class FileJob(msgspec.Struct):
    """A file with its sidecars. `motion` is a video that may be the motion part of a live photo."""

    source: FileLocation
    name: str
    xmp: FileLocation | None = None
    json: FileLocation | None = None
    motion: FileLocation | None = None
    albums: list[str] = []
    """Keys of albums, each followed by a NUL and the title."""
    trashed: bool = False


class HashedFile(msgspec.Struct):
    """Hash, size and content type of the bytes that were read."""

    sha256: str
    size: int
    content_type: str
    start: int = 0
    """The first byte of a film that is a part of the file of its picture."""


class FileResult(msgspec.Struct):
    """The record of a file, or the `reason` why there is none. `is_unsupported` refers to its format."""

    record: ImportRecord | None = None
    original: HashedFile | None = None
    motion: HashedFile | None = None
    remarks: list[str] = []
    reason: str = ""
    is_unsupported: bool = False
    orientation: int = 0
    """The orientation of a sidecar, if it differs from that of the file; 0 otherwise."""


class PeekResult(msgspec.Struct):
    """The content identifier of a live photo, and the duration of a video."""

    content_id: str | None = None
    seconds: float | None = None


class JsonTitles(msgspec.Struct):
    """The title of the album or of the photo that a JSON file describes."""

    album: str | None = None
    photo: str | None = None


def work(job: Mapping[str, Any]) -> Any:
    """Runs the job whose name is `job["do"]`."""
    return {"read": _read, "peek": _peek, "title": _title, "list": _list}[job["do"]](job["with"])


def _read(arguments: Any) -> FileResult:
    job = msgspec.convert(arguments, FileJob)
    try:
        return _read_file(job)
    except UnsupportedFile as unsupported:
        return FileResult(reason=str(unsupported), is_unsupported=True)
    except BadFile as bad:
        return FileResult(reason=str(bad))
    except OSError as error:
        return FileResult(reason=f"cannot be opened: {error.strerror}")


def _read_file(job: FileJob) -> FileResult:
    parsed, hashed = _parsed(fetch(job.source), job.name, hashing=True)
    assert hashed is not None
    sources, title = [*parsed.metadata], job.name
    remarks: list[str] = []
    turned = 0
    if job.json is not None:
        title = add_takeout(job.json, job.name, sources, remarks, trashed=job.trashed)
    if job.xmp is not None:
        turned = add_xmp(job.xmp, sources, parsed)
    sources.append(SourceMetadata(PLAIN, albums=job.albums))
    add_date_of_name(title, sources)
    fixed: dict[str, Any] = {"sourceId": f"sha256:{hashed.sha256}", "fileName": one_line(title), "fileSize": hashed.size}
    fixed |= {"mediaType": "VIDEO" if parsed.is_video else "PHOTO", "contentType": parsed.content_type}
    record, more = merge_sources(sources, fixed)
    record = msgspec.structs.replace(record, of_bytes_only=job.json is None and job.xmp is None and not job.albums)
    motion = _motion_part(job, parsed) if job.motion is not None else _film_of(job, parsed)
    if motion is not None:
        record = msgspec.structs.replace(record, motion_id=f"sha256:{motion.sha256}")
    return FileResult(record, hashed, motion, [*remarks, *more], orientation=turned)


def _motion_part(job: FileJob, still: ParsedFile) -> HashedFile | None:
    """The video, if it is the motion part: its content identifier is the same, or one of them is missing and it is short."""
    assert job.motion is not None
    if still.is_video:
        return None
    try:
        path = fetch(job.motion)
        video, _ = _parsed(path, "", hashing=False)
        own, other = _identifiers(still), _identifiers(video)
        both = own.content_id and other.content_id
        matches = own.content_id == other.content_id if both else (other.seconds or 0) <= _LIVE_SECONDS
        return _parsed(path, "", hashing=True)[1] if matches and video.is_video else None
    except (BadFile, OSError):
        return None


def _film_of(job: FileJob, picture: ParsedFile) -> HashedFile | None:
    """The film inside the file of a motion photo."""
    if picture.film is None:
        return None
    start, end = picture.film
    with opened(fetch(job.source)) as (file, _), mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        quicktime = data[start + 8 : start + 12] == b"qt  "
        with memoryview(data) as view, view[start:end] as film:
            digest = hashlib.sha256(film).hexdigest()
    return HashedFile(digest, end - start, "video/quicktime" if quicktime else "video/mp4", start)


def _peek(arguments: Any) -> PeekResult:
    try:
        return _identifiers(_parsed(fetch(msgspec.convert(arguments, FileLocation)), "", hashing=False)[0])
    except (BadFile, OSError):
        return PeekResult()


def _identifiers(parsed: ParsedFile) -> PeekResult:
    content_id = next((source.content_id for source in parsed.metadata if source.content_id), None)
    return PeekResult(
        content_id, next((s for source in parsed.metadata if (s := source.fields.get("durationSeconds")) is not None), None)
    )


def _title(arguments: Any) -> JsonTitles:
    found = takeout.read_json(read_sidecar_bytes(msgspec.convert(arguments, FileLocation)))
    return JsonTitles(takeout.album_title(found), takeout.title_of(found)) if found is not None else JsonTitles()


def _list(arguments: Any) -> ArchiveListing:
    return list_archive(arguments["path"], arguments["to"])


def _parsed(path: bytes, name: str, *, hashing: bool) -> tuple[ParsedFile, HashedFile | None]:
    with opened(path) as (file, status):
        start = file.read(512)
        kind = kind_of_start(start[:64])
        if kind is None and is_jpeg_name(name) and b"\xff\xd8\xff" in start:
            kind = "jpeg"  # after bytes that a program wrote before the file
        if kind is None:
            raise _unsupported(start, name)
        if status.st_size > (_MAX_VIDEO if kind == "video" else _MAX_PICTURE):
            raise BadFile(f"is larger than {'64 GiB' if kind == 'video' else '512 MiB'}")
        if kind == "video":
            parsed = read_video(file, status.st_size, start[8:12])
        else:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                parsed = _PICTURES[kind](data)
                parsed.film = embedded_film(data) if kind in _WITH_FILMS else None
        hashed = HashedFile(_hash(file), status.st_size, parsed.content_type) if hashing else None
        now = os.fstat(file.fileno())
        if (now.st_size, now.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
            raise BadFile("changed while it was read: import it again")
        return parsed, hashed


def _unsupported(start: bytes, name: str) -> BadFile:
    if is_packed(start):
        return UnsupportedFile("is an archive inside the library: import it separately")
    phrase = phrase_of_start(start)
    if phrase is not None:
        return UnsupportedFile(f"is {phrase}, which this version does not read")
    if kind_of_name(name) != "other":
        return BadFile("does not have the format of its name, or its beginning is damaged")
    return BadFile("has a format that is not supported")


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
