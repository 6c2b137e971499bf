"""Metadata of MP4, MOV, M4V and 3GP: duration, upright size, time, location, camera and the content identifier."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import BinaryIO

from ingest.formats.exif import clean_text, one_line
from ingest.formats.exif_place import checked_position
from ingest.formats.metadata import Moment, ParsedFile, SourceMetadata
from pictures.formats.bmff_boxes import Box, boxes, find
from pictures.formats.errors import BadFile
from resolvers.importing.moments import parse_moment
from resolvers.importing.records import MAX_CAPTION, OffsetSource

_MAX_MOOV = 256 << 20
_MAX_TEXT = 64 << 10
_EPOCH = datetime(1904, 1, 1)  # noqa: DTZ001  (in UTC, marked by `in_utc`)
_EARLIEST = datetime(1970, 1, 2)  # noqa: DTZ001  (earlier times are of clocks that were never set)
_APPLE = "com.apple.quicktime."
_ATOMS = {b"\xa9xyz": "location.ISO6709", b"\xa9day": "creationdate", b"\xa9mak": "make", b"\xa9mod": "model"}
_ATOMS |= {b"\xa9cmt": "description", b"\xa9des": "description", b"\xa9nam": "title", b"desc": "description"}
_ISO6709 = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?(?:CRS[^/]*)?/?")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?")


def read_video(file: BinaryIO, size: int, brand: bytes) -> ParsedFile:
    """Reads the header (`moov`), which may be anywhere in the file. Raises `BadFile`."""
    moov = _moov(file, size)
    root = Box(b"moov", 0, len(moov))
    metadata = SourceMetadata()
    header = find(moov, root, b"mvhd")
    if header is None:
        raise BadFile("is damaged: its header has no duration")
    seconds, created = _header(moov, header)
    if math.isfinite(seconds) and 0 < seconds <= 2_592_000:  # noqa: PLR2004  (the limit of a record)
        metadata.fields["durationSeconds"] = round(seconds, 3)
    shown = _size(moov, root)
    if shown is None:
        raise BadFile("has no picture: it contains no video track")
    metadata.fields |= {"width": shown[0], "height": shown[1]}
    texts: dict[str, str] = {}
    for name, text in (*_keyed(moov, root), *_atoms(moov, root)):
        texts.setdefault(name, text)
    _add_metadata(metadata, texts, created)
    return ParsedFile("video/quicktime" if brand == b"qt  " else "video/mp4", [metadata], is_video=True)


def _moov(file: BinaryIO, size: int) -> bytes:
    at = 0
    found: bytes | None = None
    for _ in range(100_000):
        head = os.pread(file.fileno(), 16, at)
        if len(head) < 8:  # noqa: PLR2004
            break
        length, kind = int.from_bytes(head[:4]), head[4:8]
        skip = 16 if length == 1 else 8
        length = int.from_bytes(head[8:16]) if length == 1 else length or size - at
        if length < skip or at + length > size:
            raise BadFile("is damaged or truncated: a box extends beyond the end of the file")
        if kind == b"moov" and found is None:
            if length > _MAX_MOOV:
                raise BadFile("has a header larger than 256 MiB")
            found = os.pread(file.fileno(), length - skip, at + skip)
        at += length
    if found is None:
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
    for track in boxes(moov, root.start, root.end):
        head = find(moov, track, b"tkhd") if track.kind == b"trak" else None
        if head is None:
            continue
        handler = find(moov, track, b"mdia", b"hdlr")
        if handler is not None and moov[handler.start + 8 : handler.start + 12] != b"vide":
            continue
        end = head.start + (92 if moov[head.start] == 1 else 80)  # offset of the height (16.16 fixed-point) in version 1 and 0
        matrix = [int.from_bytes(moov[i : i + 4], signed=True) for i in range(end - 40, end - 4, 4)]
        width, height = (int.from_bytes(moov[i : i + 4]) >> 16 for i in (end - 4, end))
        if not 0 < width <= 1_000_000 or not 0 < height <= 1_000_000:  # noqa: PLR2004
            continue
        return (height, width) if abs(matrix[1]) > abs(matrix[0]) else (width, height)
    return None


def _keyed(moov: bytes, root: Box) -> Iterator[tuple[str, str]]:
    """The metadata of Apple: a list of names, and values by their index in it."""
    for path in ((b"meta",), (b"udta", b"meta")):
        meta = find(moov, root, *path)
        if meta is None:
            continue
        if moov[meta.start : meta.start + 4] == b"\0\0\0\0":  # MP4 has a version field here, MOV has none
            meta = Box(meta.kind, meta.start + 4, meta.end)
        names = _names(moov, find(moov, meta, b"keys"))
        values = find(moov, meta, b"ilst")
        for item in boxes(moov, values.start, values.end) if values else ():
            value = find(moov, item, b"data")
            name = names.get(int.from_bytes(item.kind)) or _ATOMS.get(item.kind)
            if name and value and moov[value.start + 3 : value.start + 4] == b"\1":
                yield name.removeprefix(_APPLE), _text(moov, value.start + 8, value.end)


def _names(moov: bytes, keys: Box | None) -> dict[int, str]:
    if keys is None:
        return {}
    found = {}
    listed = boxes(moov, keys.start + 8, keys.end)
    for number, box in enumerate(listed, 1):
        found[number] = _text(moov, box.start, min(box.end, box.start + 200))
    return found


def _atoms(moov: bytes, root: Box) -> Iterator[tuple[str, str]]:
    """The user data atoms of QuickTime: length, language, text."""
    udta = find(moov, root, b"udta")
    for atom in boxes(moov, udta.start, udta.end) if udta else ():
        if atom.kind in _ATOMS and atom.kind != b"desc":
            length = int.from_bytes(moov[atom.start : atom.start + 2])
            yield _ATOMS[atom.kind], _text(moov, atom.start + 4, min(atom.end, atom.start + 4 + length))


def _text(moov: bytes, start: int, end: int) -> str:
    return clean_text(moov[start : min(end, start + _MAX_TEXT)].decode("utf-8", "replace"))


def _add_metadata(metadata: SourceMetadata, texts: dict[str, str], created: datetime | None) -> None:
    if match := _ISO6709.fullmatch(texts.get("location.ISO6709", "")):
        place, remarks = checked_position(_angle(match[1], 2), _angle(match[2], 3), float(match[3]) if match[3] else None, "GPS")
        metadata.fields |= place
        metadata.remarks += remarks
    camera = {name: one_line(texts[name]) for name in ("make", "model") if texts.get(name)}
    if camera:
        metadata.fields["camera"] = camera
    if caption := texts.get("description") or texts.get("title"):
        metadata.fields["caption"] = caption[:MAX_CAPTION]
    metadata.content_id = texts.get("content.identifier", "")[:100].upper() or None
    metadata.moment = _moment(texts.get("creationdate", ""))
    if metadata.moment is None and created is not None:
        metadata.moment = Moment(created.isoformat(), 0, OffsetSource.RECORD, in_utc=True)


def _angle(text: str, degree_digits: int) -> float | None:
    """The degrees of an ISO 6709 angle, whose format (D, DM or DMS) follows from its number of integer digits."""
    digits = len(text[1:].partition(".")[0])
    value = abs(float(text))
    if digits == degree_digits + 2:
        value = value // 100 + value % 100 / 60
    elif digits == degree_digits + 4:
        value = value // 10_000 + value // 100 % 100 / 60 + value % 100 / 3600
    elif digits > degree_digits:
        return None
    return -value if text[0] == "-" else value


def _moment(text: str) -> Moment | None:
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    zone = match[3] or ""
    with suppress(ValueError):
        wall, offset = parse_moment(f"{match[1]}T{match[2]}{zone if ':' in zone or len(zone) < 5 else zone[:3] + ':' + zone[3:]}")  # noqa: PLR2004
        return Moment(wall, offset, None if offset is None else OffsetSource.RECORD)
    return None
