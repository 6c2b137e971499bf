"""MP4, MOV, M4V and 3GP: how long, how large when shown upright, when and where, and what binds a live photo's parts."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import BinaryIO

from ingest.formats.bmff_boxes import Box, boxes, find
from ingest.formats.exif import cleaned, one_line
from ingest.formats.exif_place import plausible
from ingest.formats.metadata import BadFile, Moment, Parsed, SourceMetadata
from resolvers.importing.moments import parse_moment
from resolvers.importing.records import MAX_CAPTION, OffsetSource

_MAX_MOOV = 256 << 20
_MAX_TEXT = 64 << 10
_EPOCH = datetime(1904, 1, 1)  # noqa: DTZ001  (UTC, told by `in_utc`)
_EARLIEST = datetime(1970, 1, 2)  # noqa: DTZ001  (zero, or a day of another epoch's zero, is a clock never set)
_APPLE = "com.apple.quicktime."
_ATOMS = {b"\xa9xyz": "location.ISO6709", b"\xa9day": "creationdate", b"\xa9mak": "make", b"\xa9mod": "model"}
_ATOMS |= {b"\xa9cmt": "description", b"\xa9des": "description", b"\xa9nam": "title", b"desc": "description"}
_ISO6709 = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?(?:CRS[^/]*)?/?")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?")


def read_video(file: BinaryIO, size: int, brand: bytes) -> Parsed:
    """Reads its header only, wherever it stands. Raises BadFile."""
    moov = _moov(file, size)
    whole = Box(b"moov", 0, len(moov))
    told = SourceMetadata()
    header = find(moov, whole, b"mvhd")
    if header is None:
        raise BadFile("is damaged: its header tells no duration")
    seconds, made = _header(moov, header)
    if math.isfinite(seconds) and 0 < seconds <= 2_592_000:  # noqa: PLR2004  (what a record takes)
        told.fields["durationSeconds"] = round(seconds, 3)
    shown = _size(moov, whole)
    if shown is None:
        raise BadFile("has no picture: it holds no video track")
    told.fields |= {"width": shown[0], "height": shown[1]}
    said: dict[str, str] = {}
    for name, text in (*_keyed(moov, whole), *_atoms(moov, whole)):
        said.setdefault(name, text)
    _tell(told, said, made)
    return Parsed("video/quicktime" if brand == b"qt  " else "video/mp4", [told], video=True)


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
            raise BadFile("is damaged or cut off: one of its parts reaches beyond its end")
        if kind == b"moov" and found is None:
            if length > _MAX_MOOV:
                raise BadFile("has a header larger than 256 MiB")
            found = os.pread(file.fileno(), length - skip, at + skip)
        at += length
    if found is None:
        raise BadFile("is damaged or cut off: it has no header")
    return found


def _header(moov: bytes, box: Box) -> tuple[float, datetime | None]:
    long = moov[box.start : box.start + 1] == b"\1"
    step, at = (8, box.start + 4) if long else (4, box.start + 4)
    made = int.from_bytes(moov[at : at + step])
    scale = int.from_bytes(moov[at + 2 * step : at + 2 * step + 4])
    length = int.from_bytes(moov[at + 2 * step + 4 : at + 3 * step + 4])
    unknown = length == (1 << 8 * step) - 1
    moment = None
    with suppress(OverflowError):
        moment = _EPOCH + timedelta(seconds=made)
    if moment is not None and (moment < _EARLIEST or moment.year > 2200):  # noqa: PLR2004
        moment = None
    return length / scale if scale and not unknown else math.nan, moment


def _size(moov: bytes, whole: Box) -> tuple[int, int] | None:
    """Of the first track that has a size, after its matrix turns it."""
    for track in boxes(moov, whole.start, whole.end):
        head = find(moov, track, b"tkhd") if track.kind == b"trak" else None
        if head is None:
            continue
        handler = find(moov, track, b"mdia", b"hdlr")
        if handler is not None and moov[handler.start + 8 : handler.start + 12] != b"vide":
            continue
        end = head.start + (92 if moov[head.start] == 1 else 80)  # width and height, 16.16, end here in version 1 and 0
        matrix = [int.from_bytes(moov[i : i + 4], signed=True) for i in range(end - 40, end - 4, 4)]
        width, height = (int.from_bytes(moov[i : i + 4]) >> 16 for i in (end - 4, end))
        if not 0 < width <= 1_000_000 or not 0 < height <= 1_000_000:  # noqa: PLR2004
            continue
        return (height, width) if abs(matrix[1]) > abs(matrix[0]) else (width, height)
    return None


def _keyed(moov: bytes, whole: Box) -> Iterator[tuple[str, str]]:
    """Apple's metadata: a list of names, and values by their number."""
    for path in ((b"meta",), (b"udta", b"meta")):
        meta = find(moov, whole, *path)
        if meta is None:
            continue
        if moov[meta.start : meta.start + 4] == b"\0\0\0\0":  # in MP4 a version stands first, in MOV none
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


def _atoms(moov: bytes, whole: Box) -> Iterator[tuple[str, str]]:
    """QuickTime's older form: length, language, text."""
    udta = find(moov, whole, b"udta")
    for atom in boxes(moov, udta.start, udta.end) if udta else ():
        if atom.kind in _ATOMS and atom.kind != b"desc":
            length = int.from_bytes(moov[atom.start : atom.start + 2])
            yield _ATOMS[atom.kind], _text(moov, atom.start + 4, min(atom.end, atom.start + 4 + length))


def _text(moov: bytes, start: int, end: int) -> str:
    return cleaned(moov[start : min(end, start + _MAX_TEXT)].decode("utf-8", "replace"))


def _tell(told: SourceMetadata, said: dict[str, str], made: datetime | None) -> None:
    if match := _ISO6709.fullmatch(said.get("location.ISO6709", "")):
        place, remarks = plausible(_angle(match[1], 2), _angle(match[2], 3), float(match[3]) if match[3] else None, "GPS")
        told.fields |= place
        told.remarks += remarks
    camera = {name: one_line(said[name]) for name in ("make", "model") if said.get(name)}
    if camera:
        told.fields["camera"] = camera
    if caption := said.get("description") or said.get("title"):
        told.fields["caption"] = caption[:MAX_CAPTION]
    told.content_id = said.get("content.identifier", "")[:100].upper() or None
    told.moment = _moment(said.get("creationdate", ""))
    if told.moment is None and made is not None:
        told.moment = Moment(made.isoformat(), 0, OffsetSource.RECORD, in_utc=True)


def _angle(text: str, whole: int) -> float | None:
    """ISO 6709 has degrees, degrees and minutes, or those and seconds, told apart by how many digits stand in front."""
    digits = len(text[1:].partition(".")[0])
    value = abs(float(text))
    if digits == whole + 2:
        value = value // 100 + value % 100 / 60
    elif digits == whole + 4:
        value = value // 10_000 + value // 100 % 100 / 60 + value % 100 / 3600
    elif digits > whole:
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
