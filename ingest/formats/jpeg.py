"""Metadata of a JPEG file."""

from __future__ import annotations

import re

from ingest.formats.metadata import ParsedFile
from ingest.formats.picture import Packets, parse_picture
from pictures.formats.jpeg_header import Header, read_header
from pictures.formats.tiff import Bytes

_END = b"\xff\xd9"
_NOTE = re.compile(rb"HasExtendedXMP\s*(?:=\s*[\"']|>)\s*([0-9A-Fa-f]{32})")
_MAX_EXTENDED = 8 << 20
_GUID, _HEAD = 32, 40


def read_jpeg(data: Bytes) -> ParsedFile:
    """The metadata of the file. Raises `BadFile` if it is damaged before its picture data."""
    header = read_header(data)
    packets = packets_of(header)
    if data.rfind(_END) < header.scan_at:  # searched from the end, which is faster
        # In image data 0xFF is always followed by zero or a restart marker, so this marker is unambiguous.
        packets.remarks.append("its image data has no end: it may be truncated")
    return parse_picture("image/jpeg", (header.width, header.height), packets)


def packets_of(header: Header) -> Packets:
    """The packets of a header, with extended XMP joined."""
    remarks = ["it has bytes between its segments, which were skipped"] if header.has_junk else []
    return Packets(
        exif=header.exif,
        xmp=[*header.xmp, *_extended(header, remarks)],
        photoshop=header.photoshop,
        comments=header.comments,
        remarks=remarks,
    )


def _extended(header: Header, remarks: list[str]) -> list[bytes]:
    """Extended XMP, which has 65,400 bytes in each segment. The identifier in the packet says which parts belong together."""
    parts: dict[bytes, dict[int, bytes]] = {}
    sizes: dict[bytes, int] = {}
    for part in header.extended:
        guid = part[:_GUID].upper()
        sizes[guid] = int.from_bytes(part[_GUID : _GUID + 4])
        parts.setdefault(guid, {})[int.from_bytes(part[_GUID + 4 : _HEAD])] = part[_HEAD:]
    named = {match[1].upper() for packet in header.xmp for match in _NOTE.finditer(packet)}
    found = []
    for guid, pieces in parts.items():
        if guid not in named and named:
            continue
        whole = b""
        for offset, piece in sorted(pieces.items()):
            if offset != len(whole) or len(whole) > _MAX_EXTENDED:
                break
            whole += piece
        found.append(whole)
        if len(whole) != sizes[guid]:
            remarks.append("its extended XMP is incomplete: the first part was read")
    if len(parts) > len(found):
        remarks.append("it has extended XMP of another file, which was left out")
    if named and not found:
        remarks.append("its extended XMP is missing")
    return found
