"""The segments before the picture of a JPEG file: its size, EXIF, XMP and IPTC, read without decoding a pixel.

Pillow is not used here: it joins every EXIF segment and loads every tag before a file can be refused, so that a header of
16 MB with 60,000 tags that all point at the entire header would fill the memory.
"""

from __future__ import annotations

from dataclasses import dataclass

from pictures.formats.errors import BadFile
from pictures.formats.tiff import Bytes

_SCAN, _APP1, _APP13 = 0xDA, 0xE1, 0xED
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # these three are tables, not frames
_MAX_HEADER = 32 << 20
_MAX_PACKET = 4 << 20
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_PHOTOSHOP = b"Photoshop 3.0\0"


@dataclass(frozen=True, slots=True)
class Header:
    """The size before orientation, EXIF as TIFF bytes, joined Photoshop blocks, and the offset of the picture data."""

    width: int
    height: int
    exif: bytes | None
    xmp: bytes | None
    photoshop: bytes
    scan_at: int


def read_header(head: Bytes) -> Header:  # noqa: C901  (one loop over the kinds of segments)
    """The header of a JPEG file. Raises `BadFile` if it is damaged or ends before the picture data."""
    size: tuple[int, int] | None = None
    exif = xmp = None
    photoshop = b""
    at = 2
    while True:
        at = _marker_at(head, at)
        marker = head[at - 1]
        if marker in _WITHOUT_LENGTH:
            continue
        length = int.from_bytes(head[at : at + 2])
        if length < 2:  # noqa: PLR2004  (the length counts its own two bytes)
            raise BadFile("is damaged: a segment has no length")
        if at + length > len(head):
            raise BadFile("is truncated before its picture data")
        if at > _MAX_HEADER:
            raise BadFile("is damaged: its header has no end")
        if marker in _FRAMES and length >= 7:  # noqa: PLR2004  (depth, height, width)
            size = int.from_bytes(head[at + 5 : at + 7]), int.from_bytes(head[at + 3 : at + 5])
        elif marker == _APP1:
            body = head[at + 2 : at + length]
            if exif is None and body.startswith(b"Exif\0"):
                exif = body[6:]
            elif xmp is None and body.startswith(_XMP):
                xmp = body[len(_XMP) :]
        elif marker == _APP13 and len(photoshop) < _MAX_PACKET and head[at + 2 : at + 16] == _PHOTOSHOP:
            photoshop += head[at + 16 : at + length]
        at += length
        if marker == _SCAN:
            if size is None or 0 in size:
                raise BadFile("is damaged: it has no dimensions")
            return Header(*size, exif, xmp, photoshop, at)


def _marker_at(head: Bytes, at: int) -> int:
    """The offset after the next marker. Padding of 0xFF is allowed between segments, other bytes are not."""
    if at >= len(head):
        raise BadFile("is truncated before its picture data")
    if head[at] != 0xFF:  # noqa: PLR2004
        raise BadFile("is damaged: a segment does not begin with a marker")
    while at < len(head) and head[at] == 0xFF:  # noqa: PLR2004
        at += 1
    if at >= len(head):
        raise BadFile("is truncated before its picture data")
    return at + 1
