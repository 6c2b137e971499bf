"""The segments in front of a JPEG's picture: its size and its EXIF, without decoding a pixel.

Walked here, because opening with Pillow joins every EXIF segment and loads every tag before anything can be refused:
a 16 MB header of 60,000 tags that all point at the whole of it would fill the memory.
"""

from __future__ import annotations

from dataclasses import dataclass

_START, _SCAN, _APP1 = 0xD8, 0xDA, 0xE1
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # these three are tables, not frames
_MAX_ENTRIES = 2_000
_MAX_VALUES = 1 << 20
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_FURTHER_IFDS = frozenset({0x8769, 0x8825})


class BadPicture(ValueError):
    """A file that is no whole picture; the text is the reason, without values."""


@dataclass(frozen=True, slots=True)
class Header:
    """Stored size (before orientation), the EXIF as TIFF bytes, and where the picture's own bytes begin."""

    width: int
    height: int
    exif: bytes | None
    scan_at: int


def read_header(head: bytes) -> Header:
    """`head` is the file's beginning. Raises BadPicture if it is damaged or ends before the picture begins."""
    size: tuple[int, int] | None = None
    exif: bytes | None = None
    at = 2
    while True:
        at = _marker_at(head, at)
        marker = head[at - 1]
        if marker in _WITHOUT_LENGTH:
            continue
        length = int.from_bytes(head[at : at + 2])
        if length < 2:  # noqa: PLR2004  (the length counts its own two bytes)
            raise BadPicture("is damaged: a segment has no length")
        if at + length > len(head):
            raise BadPicture("is cut off before its picture begins")
        body = head[at + 2 : at + length]
        if marker in _FRAMES and len(body) >= 5:  # noqa: PLR2004  (depth, height, width)
            size = int.from_bytes(body[3:5]), int.from_bytes(body[1:3])
        elif marker == _APP1 and exif is None and body.startswith(b"Exif\0"):
            exif = body[6:]
        at += length
        if marker == _SCAN:
            if size is None or 0 in size:
                raise BadPicture("is damaged: it has no dimensions")
            return Header(*size, exif, at)


def _marker_at(head: bytes, at: int) -> int:
    """Behind the next marker; padding of 0xFF is legal, anything else between segments is damage."""
    if at >= len(head):
        raise BadPicture("is cut off before its picture begins")
    if head[at] != 0xFF:  # noqa: PLR2004
        raise BadPicture("is damaged: no marker where a segment should begin")
    while at < len(head) and head[at] == 0xFF:  # noqa: PLR2004
        at += 1
    if at >= len(head):
        raise BadPicture("is cut off before its picture begins")
    return at + 1


def is_bounded(tiff: bytes) -> bool:
    """Whether the EXIF's directories name no more tags and bytes than any camera writes."""
    order = {b"II": "little", b"MM": "big"}.get(tiff[:2])
    if order is None:
        return False

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if order == "little" else "big")

    pending, values = [number(4, 4)], 0
    for _ in range(8):  # a directory that points at itself ends here
        if not pending:
            break
        start = pending.pop()
        entries = number(start, 2)
        if entries > _MAX_ENTRIES:
            return False
        for at in range(start + 2, min(start + 2 + 12 * entries, len(tiff)), 12):
            values += _TYPE_SIZES.get(number(at + 2, 2), 1) * number(at + 4, 4)
            if number(at, 2) in _FURTHER_IFDS:
                pending.append(number(at + 8, 4))
    return values <= _MAX_VALUES
