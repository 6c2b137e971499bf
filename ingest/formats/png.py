"""Metadata of PNG. Its chunks are read to the end of the file, so that a damaged file gets a remark."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

from ingest.formats.exif import text_of
from ingest.formats.exif_caption import is_written_by_a_person
from ingest.formats.metadata import Moment, ParsedFile, SourceMetadata
from ingest.formats.picture import Packets, parse_picture
from ingest.formats.precedence import TEXTS
from pictures.formats.errors import BadFile
from pictures.formats.tiff import Bytes
from resolvers.importing.records import OffsetSource

_MAX_PACKET = 8 << 20
_MAX_CHUNKS = 200_000
_CREATION_TIMES = frozenset({"creation time", "create-date"})
_TEXTS = {"description": "Description", "title": "Title", "comment": "Comment"}
_DATE = re.compile(r"(\d{4})[-:](\d\d)[-:](\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?")
_EXIF_ID, _XMP_ID = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"


@dataclass(slots=True)
class _Png:
    size: tuple[int, int] | None = None
    packets: Packets = field(default_factory=Packets)
    texts: SourceMetadata = field(default_factory=lambda: SourceMetadata(TEXTS))
    has_pixels: bool = False

    def add(self, kind: bytes, body: bytes) -> None:
        """Adds the values of a chunk."""
        if kind == b"IHDR":
            self.size = int.from_bytes(body[:4]), int.from_bytes(body[4:8])
        elif kind == b"eXIf":
            self.packets.exif = body.removeprefix(_EXIF_ID)
        elif kind in {b"tEXt", b"zTXt", b"iTXt"}:
            self._add_text(*_text(kind, body))

    def _add_text(self, name: str, text: bytes | None) -> None:
        if text is None:
            self.packets.remarks.append("it has compressed text that is damaged, which was left out")
        elif name == "XML:com.adobe.xmp":
            self.packets.xmp.append(text)
        elif name.startswith("Raw profile type "):
            self._add_profile(name.rpartition(" ")[2].lower(), _profile(text))
        elif (word := _TEXTS.get(name.lower())) and is_written_by_a_person(shown := text_of(text)):
            self.texts.texts.setdefault(word, shown)
        elif name.lower() in _CREATION_TIMES and (moment := _creation_time(text_of(text))) is not None:
            self.texts.moments["CreationTime"] = moment

    def _add_profile(self, name: str, raw: bytes | None) -> None:
        if raw is None:
            self.packets.remarks.append("it has a raw profile that is damaged, which was left out")
        elif name in {"iptc", "8bim"}:
            self.packets.photoshop = self.packets.photoshop or raw.removeprefix(b"Photoshop 3.0\0")
        elif name == "xmp" or raw.startswith(_XMP_ID):
            self.packets.xmp.append(raw.removeprefix(_XMP_ID))
        elif name in {"exif", "app1"} and self.packets.exif is None:
            self.packets.exif = raw.removeprefix(_EXIF_ID)


def read_png(data: Bytes) -> ParsedFile:
    """The metadata of a PNG. Raises `BadFile` if it is damaged before its pixels; later damage is only a remark."""
    found = _Png()
    try:
        _read_chunks(data, found)
    except BadFile as bad:
        if not found.has_pixels:
            raise
        found.packets.remarks.append(f"it {bad}: it may not be shown completely")
    parsed = parse_picture("image/png", valid_size(found.size), found.packets)
    parsed.metadata.append(found.texts)
    return parsed


def _read_chunks(data: Bytes, found: _Png) -> None:
    at = 8
    fault = ""
    for _ in range(_MAX_CHUNKS):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        end = at + 8 + length
        if kind == b"IEND":
            break
        found.has_pixels |= kind == b"IDAT"
        if end + 4 > len(data):
            raise BadFile("is truncated")
        if _checksum(data, at + 4, end) != int.from_bytes(data[end : end + 4]):
            if kind == b"IHDR":
                raise BadFile("is damaged: a checksum is wrong")
            fault = "is damaged: a checksum is wrong"
        elif kind != b"IDAT" and length <= _MAX_PACKET:
            found.add(kind, data[at + 8 : end])
        at = end + 4
    else:
        raise BadFile("is damaged: it has no end")
    if fault:
        raise BadFile(fault)


def _checksum(data: Bytes, start: int, end: int) -> int:
    checksum = 0
    for at in range(start, end, 1 << 20):
        checksum = zlib.crc32(data[at : min(at + (1 << 20), end)], checksum)
    return checksum


def _text(kind: bytes, body: bytes) -> tuple[str, bytes | None]:
    """The name and the text of a chunk; None if its compressed text is damaged from the beginning."""
    name, _, rest = body.partition(b"\0")
    compressed = kind == b"zTXt"
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        compressed = rest[:1] == b"\1"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    if compressed:
        with suppress(zlib.error):
            return name.decode("latin-1"), zlib.decompressobj().decompress(rest, _MAX_PACKET)
        return name.decode("latin-1"), None
    return name.decode("latin-1"), rest


def _profile(text: bytes) -> bytes | None:
    """The bytes of a profile in hexadecimal, as ImageMagick writes it; None if it is damaged."""
    lines = text.strip().split(b"\n", 2)  # name, length, digits
    if len(lines) != 3 or not lines[1].strip().isdigit():  # noqa: PLR2004
        return None
    with suppress(ValueError):
        return bytes.fromhex(lines[2].decode("ascii", "replace"))
    return None


def _creation_time(text: str) -> Moment | None:
    """The time in the format of RFC 1123, which the standard requires, or in that of XMP, which programs write."""
    with suppress(ValueError, TypeError):
        if match := _DATE.fullmatch(text):
            wall = datetime(*(int(part or 0) for part in match.groups()[:6]))  # type: ignore[arg-type]  # noqa: DTZ001
            zone = datetime.strptime(match[7].replace("Z", "+00:00"), "%z").utcoffset() if match[7] else None
        else:
            read = parsedate_to_datetime(text)
            wall, zone = read.replace(tzinfo=None), read.utcoffset()
        minutes = None if zone is None else round(zone.total_seconds() / 60)
        return Moment(wall.isoformat(timespec="seconds"), minutes, None if minutes is None else OffsetSource.EXIF)
    return None


def valid_size(size: tuple[int, int] | None) -> tuple[int, int]:
    """The size; raises `BadFile` if there is none."""
    if size is None or 0 in size:
        raise BadFile("is damaged: it has no dimensions")
    return size
