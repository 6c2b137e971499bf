"""One JPEG file: its bytes' hash, its size and what its EXIF tells, read once from beginning to end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, BinaryIO

import msgspec

from ingest.readers import exif
from ingest.readers.exif_caption import caption
from ingest.readers.exif_place import location
from ingest.readers.exif_time import taken
from ingest.readers.jpeg_header import BadPicture, Header, read_header
from resolvers.importing.record_reading import read_record
from resolvers.importing.records import BadRecord, ImportRecord, OffsetSource

MAGIC = b"\xff\xd8\xff"
_END = b"\xff\xd9"
_MAX_HEADER = 16 << 20
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Picture:
    """A record from a file, and what was left out of it."""

    record: ImportRecord
    remarks: tuple[str, ...]


def read_jpeg(file: BinaryIO, file_name: str) -> Picture:
    """Holds at most 17 MiB of the file. Raises BadPicture with the reason if it is damaged or cut off."""
    head = file.read(_MAX_HEADER)
    header = read_header(head)
    digest, size, ended = _hash(file, head, header.scan_at)
    if not ended:
        # Within a picture's bytes 0xFF is always followed by zero, so this mark can be nothing else.
        raise BadPicture("is cut off: its picture has no end")
    fields, source, remarks = _fields(header)
    fields |= {"sourceId": f"sha256:{digest}", "fileName": exif.one_line(file_name), "fileSize": size}
    fields |= {"mediaType": "PHOTO", "contentType": "image/jpeg"}
    try:
        record = read_record(fields)
    except BadRecord as bad:
        raise BadPicture(f"tells what cannot be: {bad}") from None
    if source is not None:
        record = msgspec.structs.replace(record, offset_source=source)
    return Picture(record, tuple(remarks))


def _hash(file: BinaryIO, head: bytes, scan_at: int) -> tuple[str, int, bool]:
    digest = hashlib.sha256(head)
    size, tail = len(head), head[-1:]
    ended = head.find(_END, scan_at) >= 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        ended = ended or _END in tail + chunk[:1] or _END in chunk
        tail = chunk[-1:]
    return digest.hexdigest(), size, ended


def _fields(header: Header) -> tuple[dict[str, Any], OffsetSource | None, list[str]]:
    fields: dict[str, Any] = {"width": header.width, "height": header.height}
    if header.exif is None:
        return fields, None, []
    tags = exif.read_tags(header.exif)
    if tags is None:
        return fields, None, ["its EXIF is damaged and was left out"]
    if exif.is_turned(tags):
        fields |= {"width": header.height, "height": header.width}
    place, remarks = location(tags.gps)
    taken_at, source = taken(tags)
    fields |= place | {"camera": exif.camera(tags), "exposure": exif.exposure(tags)}
    fields |= {"takenAt": taken_at, "caption": caption(tags)}
    return {name: value for name, value in fields.items() if value not in (None, {})}, source, remarks
