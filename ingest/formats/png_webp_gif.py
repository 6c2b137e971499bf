"""Metadata of PNG, WebP and GIF. Their chunks are read to the end of the file, so that truncated files are detected."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from dataclasses import dataclass, field

from ingest.formats.exif import text_of
from ingest.formats.metadata import ParsedFile, SourceMetadata
from ingest.formats.picture import parse_picture
from pictures.formats.errors import BadFile
from pictures.formats.tiff import Bytes
from resolvers.importing.records import MAX_CAPTION

_MAX_PACKET = 8 << 20
_MAX_CHUNKS = 200_000
_CAPTION_KEYS = {"description": "caption", "title": "caption", "comment": "caption"}
_PROFILE = re.compile(rb"\s*(?:exif|APP1)\s+\d+\s+([0-9a-fA-F\s]+)")


@dataclass(slots=True)
class _Png:
    size: tuple[int, int] | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    texts: SourceMetadata = field(default_factory=SourceMetadata)

    def add(self, kind: bytes, body: bytes) -> None:
        """Adds the values of a chunk."""
        if kind == b"IHDR":
            self.size = int.from_bytes(body[:4]), int.from_bytes(body[4:8])
        elif kind == b"eXIf":
            self.exif = body.removeprefix(b"Exif\0\0")
        elif kind in {b"tEXt", b"zTXt", b"iTXt"}:
            name, text = _text(kind, body)
            if name == "XML:com.adobe.xmp":
                self.xmp = text
            elif name in {"Raw profile type exif", "Raw profile type APP1"}:
                self.exif = self.exif or _profile(text)
            elif word := _CAPTION_KEYS.get(name.lower()):
                self.texts.fields.setdefault(word, text_of(text)[:MAX_CAPTION])


def read_png(data: Bytes) -> ParsedFile:
    """The metadata of a PNG. Raises `BadFile` if a checksum is wrong or the file is truncated."""
    found = _Png()
    at = 8
    for _ in range(_MAX_CHUNKS):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        end = at + 8 + length
        if end + 4 > len(data):
            raise BadFile("is truncated")
        if kind == b"IEND":
            break
        if _checksum(data, at + 4, end) != int.from_bytes(data[end : end + 4]):
            raise BadFile("is damaged: a checksum is wrong")
        if kind != b"IDAT" and length <= _MAX_PACKET:
            found.add(kind, data[at + 8 : end])
        at = end + 4
    else:
        raise BadFile("is damaged: it has no end")
    parsed = parse_picture("image/png", _valid_size(found.size), found.exif, found.xmp)
    found.texts.fields = {name: text for name, text in found.texts.fields.items() if text}
    parsed.metadata.append(found.texts)
    return parsed


def _checksum(data: Bytes, start: int, end: int) -> int:
    checksum = 0
    for at in range(start, end, 1 << 20):
        checksum = zlib.crc32(data[at : min(at + (1 << 20), end)], checksum)
    return checksum


def _text(kind: bytes, body: bytes) -> tuple[str, bytes]:
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
        return name.decode("latin-1"), b""
    return name.decode("latin-1"), rest


def _profile(text: bytes) -> bytes | None:
    """EXIF in hexadecimal, as ImageMagick writes it."""
    match = _PROFILE.match(text)
    if match is None:
        return None
    with suppress(ValueError):
        raw = bytes.fromhex(match[1].decode("ascii", "replace"))
        return raw.removeprefix(b"Exif\0\0")
    return None


def read_webp(data: Bytes) -> ParsedFile:
    """The metadata of a WebP. Raises `BadFile` if it is truncated."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise BadFile("is truncated")
    size: tuple[int, int] | None = None
    exif = xmp = None
    at = 12
    for _ in range(_MAX_CHUNKS):
        if at + 8 > end:
            break
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > end:
            raise BadFile("is damaged: a chunk extends beyond the end of the file")
        size = size or _webp_size(kind, data[at + 8 : at + 18])
        if length <= _MAX_PACKET and kind in {b"EXIF", b"XMP "}:
            body = data[at + 8 : at + 8 + length]
            exif, xmp = (body.removeprefix(b"Exif\0\0"), xmp) if kind == b"EXIF" else (exif, body)
        at += 8 + length + length % 2
    return parse_picture("image/webp", _valid_size(size), exif, xmp)


def _webp_size(kind: bytes, start: bytes) -> tuple[int, int] | None:
    if kind == b"VP8X":
        return 1 + int.from_bytes(start[4:7], "little"), 1 + int.from_bytes(start[7:10], "little")
    if kind == b"VP8 " and start[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(start[6:8], "little") & 0x3FFF, int.from_bytes(start[8:10], "little") & 0x3FFF
    if kind == b"VP8L" and start[:1] == b"\x2f":
        bits = int.from_bytes(start[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return None


def read_gif(data: Bytes) -> ParsedFile:
    """The metadata of a GIF, from XMP and comments. Raises `BadFile` if it is damaged or truncated."""
    size = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    flags = data[10] if len(data) > 10 else 0  # noqa: PLR2004
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    comments, xmp = SourceMetadata(), None
    for _ in range(_MAX_CHUNKS):
        kind = data[at : at + 1]
        if kind == b"\x3b":
            break
        if kind == b"\x21":
            label = data[at + 1 : at + 2]
            if label == b"\xff" and data[at + 3 : at + 14] == b"XMP DataXMP":
                stop = data.find(b"\0\0", at + 14)
                xmp = data[at + 14 : min(stop, at + 14 + _MAX_PACKET)].rpartition(b"<?xpacket end")[0] if stop > 0 else None
                at = stop + 2 if stop > 0 else len(data)
                continue
            if label == b"\xfe":
                comment = data[at + 3 : at + 3 + (data[at + 2] if at + 2 < len(data) else 0)]
                comments.fields.setdefault("caption", text_of(comment))
            at = _skip_blocks(data, at + 2)
        elif kind == b"\x2c":
            local = data[at + 9] if at + 9 < len(data) else 0
            at = _skip_blocks(data, at + 11 + (3 << (local & 7) + 1 if local & 0x80 else 0))
        else:
            raise BadFile("is damaged or truncated: it has no end")
    else:
        raise BadFile("is damaged: it has no end")
    parsed = parse_picture("image/gif", _valid_size(size), None, xmp)
    parsed.metadata.append(SourceMetadata(fields={name: text for name, text in comments.fields.items() if text}))
    return parsed


def _skip_blocks(data: Bytes, at: int) -> int:
    while at < len(data):
        length = data[at]
        at += 1 + length
        if not length:
            return at
    raise BadFile("is truncated")


def _valid_size(size: tuple[int, int] | None) -> tuple[int, int]:
    if size is None or 0 in size:
        raise BadFile("is damaged: it has no dimensions")
    return size
