"""The segments before the picture of a JPEG file: its size, EXIF, XMP, IPTC and comments, read without decoding a pixel.

Pillow is not used here: it joins every EXIF segment and loads every tag before a file can be refused, so that a header of
16 MB with 60,000 tags that all point at the entire header would fill the memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pictures.formats.errors import BadFile
from pictures.formats.tiff import Bytes, byte_order

START: Final = b"\xff\xd8"
SEARCHED_START: Final = 512
"""Some programs write bytes before the beginning of the file, at most so many are skipped."""
_SCAN, _APP1, _APP13, _COMMENT = 0xDA, 0xE1, 0xED, 0xFE
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xDA)})
_FIRST_MARKER = 0xC0
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # these three are tables, not frames
_MAX_HEADER = 32 << 20
_MAX_PACKET = 4 << 20
_MAX_PACKETS = 16
_MAX_PARTS = 256  # of a packet that continues in further segments
_MAX_SEGMENTS = 20_000
_EXIF = b"Exif\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"


@dataclass(slots=True)
class Header:
    """What the segments contain, as packets without their identifiers, and the offset of the picture data."""

    width: int = 0
    height: int = 0
    """The size before orientation."""
    exif: bytes | None = None
    """EXIF as TIFF bytes, joined if it continues in further segments."""
    exif_parts: int = 1
    xmp: list[bytes] = field(default_factory=list)
    extended: list[bytes] = field(default_factory=list)
    """Parts of extended XMP: an identifier of 32 bytes, the size of the whole, the offset of the part, and the part."""
    photoshop: bytes = b""
    """Joined blocks of Photoshop."""
    photoshop_parts: int = 0
    comments: list[bytes] = field(default_factory=list)
    segments: list[tuple[int, int]] = field(default_factory=list)
    """Ranges of the segments with their markers."""
    has_junk: bool = False
    """Whether there are bytes that belong to no segment, which every decoder skips."""
    scan_at: int = 0

    def add(self, marker: int, body: bytes) -> None:
        """Adds what a segment contains."""
        if marker in _FRAMES and len(body) >= 5:  # noqa: PLR2004  (depth, height, width)
            self.width, self.height = int.from_bytes(body[3:5]), int.from_bytes(body[1:3])
        elif marker == _APP1:
            self._add_packet(body)
        elif marker == _APP13 and self.photoshop_parts < _MAX_PARTS and body.startswith(_PHOTOSHOP):
            self.photoshop += body[len(_PHOTOSHOP) :]
            self.photoshop_parts += 1
        elif marker == _COMMENT and len(self.comments) < _MAX_PACKETS:
            self.comments.append(body)

    def _add_packet(self, body: bytes) -> None:
        if body.startswith(_EXIF):
            if self.exif is None:
                self.exif = body[6:]
            elif byte_order(body, 6) is None and len(self.exif) < _MAX_PACKET and self.exif_parts < _MAX_PARTS:
                self.exif += body[6:]
                self.exif_parts += 1
        elif body.startswith(_XMP) and len(self.xmp) < _MAX_PACKETS:
            self.xmp.append(body[len(_XMP) :])
        elif body.startswith(_EXTENDED_XMP) and len(self.extended) < _MAX_PARTS:
            self.extended.append(body[len(_EXTENDED_XMP) :])


def read_header(head: Bytes) -> Header:
    """The header of a JPEG file. Raises `BadFile` if it is damaged or ends before the picture data."""
    start = max(head.find(START, 0, SEARCHED_START), 0)
    found = Header(has_junk=start > 0)
    at = start + 2
    while True:
        begin, at = at, _marker_at(head, at)
        marker = head[at - 1]
        found.has_junk |= marker < _FIRST_MARKER or head[begin] != 0xFF  # noqa: PLR2004
        if marker < _FIRST_MARKER or marker in _WITHOUT_LENGTH:
            continue
        length = int.from_bytes(head[at : at + 2])
        if length < 2:  # noqa: PLR2004  (the length counts its own two bytes)
            raise BadFile("is damaged: a segment has no length")
        if at + length > len(head):
            raise BadFile("is truncated before its picture data")
        if at > _MAX_HEADER or len(found.segments) > _MAX_SEGMENTS:
            raise BadFile("is damaged: its header has no end")
        found.add(marker, head[at + 2 : at + length])
        found.segments.append((at - 2, at + length))
        at += length
        if marker == _SCAN:
            if 0 in {found.width, found.height}:
                raise BadFile("is damaged: it has no dimensions")
            found.scan_at = at
            return found


def without_junk(data: Bytes) -> bytes:
    """The file without the bytes between its segments, at which some decoders stop. Raises `BadFile`."""
    header = read_header(data)
    return b"".join((START, *(data[start:end] for start, end in header.segments), data[header.scan_at :]))


def _marker_at(head: Bytes, at: int) -> int:
    """The offset after the next marker. Padding and bytes that are no marker are skipped, as decoders do."""
    while True:
        at = head.find(b"\xff", at, _MAX_HEADER)
        if at < 0:
            raise BadFile("is truncated before its picture data")
        while at < len(head) and head[at] == 0xFF:  # noqa: PLR2004
            at += 1
        if at >= len(head):
            raise BadFile("is truncated before its picture data")
        if head[at]:
            return at + 1
