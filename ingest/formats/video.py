"""Metadata of MP4, MOV, M4V and 3GP: duration, upright size, time, location, camera, texts, XMP and the content identifier."""

from __future__ import annotations

import math
import os
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import BinaryIO, Final

from ingest.formats.exif import one_line
from ingest.formats.exif_caption import is_written_by_a_person
from ingest.formats.metadata import Moment, ParsedFile, SourceMetadata
from ingest.formats.precedence import PLAIN, VIDEO
from ingest.formats.video_user_data import UserData, read_user_data
from ingest.formats.xmp import read_xmp
from pictures.formats.bmff_boxes import Box, boxes, find
from pictures.formats.errors import BadFile
from resolvers.importing.moments import parse_moment
from resolvers.importing.records import OffsetSource

_MAX_MOOV = 256 << 20
_MAX_XMP = 8 << 20
_EPOCH = datetime(1904, 1, 1)  # noqa: DTZ001  (in UTC, marked by `in_utc`)
_EARLIEST = datetime(1970, 1, 2)  # noqa: DTZ001  (earlier times are of clocks that were never set)
XMP_BOX: Final = uuid.UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
_DATE = re.compile(r"(\d{4})[-:](\d\d)[-:](\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?")
_TRUNCATED = "it is truncated"
_TIMES = {"CreationDate": "creationdate", "DateTimeOriginal": "date", "ContentCreateDate": "day"}
_TEXTS = {"Description": "description", "Comment": "comment", "Title": "title"}


def read_video(file: BinaryIO, size: int, brand: bytes) -> ParsedFile:
    """Reads the header (`moov`), which may be anywhere in the file, and XMP. Raises `BadFile`."""
    found = _outer_boxes(file, size)
    moov = found.moov
    root = Box(b"moov", 0, len(moov))
    own = SourceMetadata(PLAIN, remarks=found.remarks)
    header = find(moov, root, b"mvhd", clamp=True)
    if header is None:
        raise BadFile("is damaged: its header has no duration")
    seconds, created = _header(moov, header)
    if math.isfinite(seconds) and 0 < seconds <= 2_592_000:  # noqa: PLR2004  (the limit of a record)
        own.fields["durationSeconds"] = round(seconds, 3)
    shown = _size(moov, root)
    if shown is None and _TRUNCATED in found.remarks:
        raise BadFile("is truncated in its header")
    if shown is None:
        raise BadFile("has no picture: it contains no video track")
    own.fields |= {"width": shown[0], "height": shown[1]}
    data = read_user_data(moov)
    own.remarks += data.remarks
    sources = [own, _metadata(data, created), *(read_xmp(packet) for packet in (*found.xmp, *data.xmp))]
    return ParsedFile("video/quicktime" if brand == b"qt  " else "video/mp4", sources, is_video=True)


@dataclass(slots=True)
class _Outer:
    moov: bytes = b""
    xmp: list[bytes] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def _outer_boxes(file: BinaryIO, size: int) -> _Outer:
    """The boxes of the file up to its end, or up to bytes that are no box if the header comes before them."""
    at = 0
    found = _Outer()
    for _ in range(100_000):
        head = os.pread(file.fileno(), 32, at)
        if len(head) < 8:  # noqa: PLR2004
            break
        length, kind = int.from_bytes(head[:4]), head[4:8]
        skip = 16 if length == 1 else 8
        length = int.from_bytes(head[8:16]) if length == 1 else length or size - at
        if length < skip or at + length > size:
            if kind == b"moov" and length > skip and not found.moov:
                found.moov = os.pread(file.fileno(), min(size - at - skip, _MAX_MOOV), at + skip)
            if not found.moov:
                raise BadFile("is damaged or truncated: a box extends beyond the end of the file")
            is_cut = kind in {b"mdat", b"moov"}
            found.remarks.append(_TRUNCATED if is_cut else "it has bytes after its last box, which were ignored")
            break
        if kind == b"moov" and not found.moov:
            if length > _MAX_MOOV:
                raise BadFile("has a header larger than 256 MiB")
            found.moov = os.pread(file.fileno(), length - skip, at + skip)
        elif kind == b"uuid" and head[skip : skip + 16] == XMP_BOX:
            found.xmp.append(os.pread(file.fileno(), min(length - skip - 16, _MAX_XMP), at + skip + 16))
        at += length
    if not found.moov:
        raise BadFile("is damaged or truncated: it has no header")
    return found


def _header(moov: bytes, box: Box) -> tuple[float, datetime | None]:
    long = moov[box.start : box.start + 1] == b"\1"
    step, at = (8, box.start + 4) if long else (4, box.start + 4)
    created = int.from_bytes(moov[at : at + step])
    scale = int.from_bytes(moov[at + 2 * step : at + 2 * step + 4])
    length = int.from_bytes(moov[at + 2 * step + 4 : at + 3 * step + 4])
    unknown = length == (1 << 8 * step) - 1
    moment = None
    with suppress(OverflowError):
        moment = _EPOCH + timedelta(seconds=created)
    if moment is not None and (moment < _EARLIEST or moment.year > 2200):  # noqa: PLR2004
        moment = None
    return length / scale if scale and not unknown else math.nan, moment


def _size(moov: bytes, root: Box) -> tuple[int, int] | None:
    """The size of the first video track, after the rotation of its matrix."""
    for track in boxes(moov, root.start, root.end, clamp=True):
        head = find(moov, track, b"tkhd", clamp=True) if track.kind == b"trak" else None
        if head is None:
            continue
        handler = find(moov, track, b"mdia", b"hdlr", clamp=True)
        if handler is not None and moov[handler.start + 8 : handler.start + 12] != b"vide":
            continue
        end = head.start + (92 if moov[head.start] == 1 else 80)  # offset of the height (16.16 fixed-point) in version 1 and 0
        matrix = [int.from_bytes(moov[i : i + 4], signed=True) for i in range(end - 40, end - 4, 4)]
        width, height = (int.from_bytes(moov[i : i + 4]) >> 16 for i in (end - 4, end))
        if not width or not height:
            width, height = _coded_size(moov, track)
        if not 0 < width <= 1_000_000 or not 0 < height <= 1_000_000:  # noqa: PLR2004
            continue
        return (height, width) if abs(matrix[1]) > abs(matrix[0]) else (width, height)
    return None


def _coded_size(moov: bytes, track: Box) -> tuple[int, int]:
    """The size in the first sample description, for tracks without a size of their own."""
    table = find(moov, track, b"mdia", b"minf", b"stbl", b"stsd", clamp=True)
    at = table.start + 40 if table is not None else len(moov)  # after the version, the count, and the beginning of the entry
    return int.from_bytes(moov[at : at + 2]), int.from_bytes(moov[at + 2 : at + 4])


def _metadata(data: UserData, created: datetime | None) -> SourceMetadata:
    found, texts = SourceMetadata(VIDEO), data.texts
    if data.place is not None:
        found.fields |= data.place
    names = {"make": ("make", "manufacturer"), "model": ("model",), "lens": ("camera.lens_model",)}
    camera = {
        part: one_line(text) for part, keys in names.items() if (text := next((texts[k] for k in keys if texts.get(k)), ""))
    }
    if camera:
        found.fields["camera"] = camera
    found.texts = {name: text for name, key in _TEXTS.items() if is_written_by_a_person(text := texts.get(key, ""))}
    found.keywords = [word for text in data.keywords for part in text.split(",") if (word := one_line(part))]
    found.content_id = texts.get("content.identifier", "")[:100].upper() or None
    found.moments = {name: moment for name, key in _TIMES.items() if (moment := _moment(texts.get(key, ""))) is not None}
    if created is not None:
        found.moments["CreateDate"] = Moment(created.isoformat(), 0, OffsetSource.RECORD, in_utc=True)
    return found


def _moment(text: str) -> Moment | None:
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    zone = match[5] or ""
    zone = zone if ":" in zone or len(zone) < 5 else f"{zone[:3]}:{zone[3:]}"  # noqa: PLR2004
    with suppress(ValueError):
        wall, offset = parse_moment(f"{match[1]}-{match[2]}-{match[3]}T{match[4]}{zone}")
        return Moment(wall, offset, None if offset is None else OffsetSource.RECORD)
    return None
