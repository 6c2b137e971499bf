"""Metadata of WebP and GIF. Their parts are read to the end of the file, so that damaged files are detected."""

from __future__ import annotations

from ingest.formats.metadata import ParsedFile
from ingest.formats.picture import Packets, parse_picture
from ingest.formats.png import valid_size
from pictures.formats.errors import BadFile
from pictures.formats.tiff import Bytes

_MAX_PACKET = 8 << 20
_MAX_CHUNKS = 200_000
_MAX_COMMENTS = 16


def read_webp(data: Bytes) -> ParsedFile:
    """The metadata of a WebP. Raises `BadFile` if it is truncated."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise BadFile("is truncated")
    size: tuple[int, int] | None = None
    packets = Packets()
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
            if kind == b"EXIF":
                packets.exif = body.removeprefix(b"Exif\0\0")
            else:
                packets.xmp.append(body)
        at += 8 + length + length % 2
    return parse_picture("image/webp", valid_size(size), packets)


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
    """The metadata of a GIF, from XMP and comments. Raises `BadFile` if it is damaged before its first picture."""
    packets = Packets()
    sizes = _little(data, 6), _little(data, 8)
    try:
        _read_blocks(data, packets)
    except _DamagedEnd as bad:
        packets.remarks.append(f"it {bad}: it may not be shown completely")
    return parse_picture("image/gif", valid_size(sizes), packets)


class _DamagedEnd(BadFile):
    """The file is damaged after the beginning of its first picture."""


def _read_blocks(data: Bytes, packets: Packets) -> None:
    fault: type[BadFile] = BadFile
    flags = data[10] if len(data) > 10 else 0  # noqa: PLR2004
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    for _ in range(_MAX_CHUNKS):
        kind = data[at : at + 1]
        if kind == b"\x3b":
            return
        if kind not in {b"\x21", b"\x2c", b""}:  # decoders skip bytes that begin no block
            at += 1
            continue
        if kind == b"\x21":
            end = _read_extension(data, at + 1, packets)
        elif kind == b"\x2c":
            local = data[at + 9] if at + 9 < len(data) else 0
            pixels = at + 11 + (3 << (local & 7) + 1 if local & 0x80 else 0)
            fault = _DamagedEnd if pixels < len(data) else fault
            end = _skip_blocks(data, pixels)
        else:
            break
        if end < 0:
            raise fault("is truncated")
        at = end
    raise fault("is damaged or truncated: it has no end")


def _little(data: Bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _read_extension(data: Bytes, at: int, packets: Packets) -> int:
    """Adds the comment or XMP of the extension whose label is at `at`; the offset of its end, -1 if it is truncated."""
    label = data[at : at + 1]
    if label == b"\xff" and data[at + 2 : at + 13] == b"XMP DataXMP":
        stop = data.find(b"\0\0", at + 13)  # XMP is not divided into blocks
        if stop < 0:
            return -1
        packets.xmp.append(data[at + 13 : min(stop, at + 13 + _MAX_PACKET)])
        return stop + 2
    end = _skip_blocks(data, at + 1)
    if label == b"\xfe" and 0 < end - at < _MAX_PACKET and len(packets.comments) < _MAX_COMMENTS:
        parts, start = [], at + 1
        while data[start]:
            parts.append(data[start + 1 : start + 1 + data[start]])
            start += 1 + data[start]
        packets.comments.append(b"".join(parts))
    return end


def _skip_blocks(data: Bytes, at: int) -> int:
    while at < len(data):
        length = data[at]
        at += 1 + length
        if not length:
            return at
    return -1
