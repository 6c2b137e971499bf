"""Extracts the embedded preview of a raw file: the largest JPEG in it, with the orientation of the file.

Sensor data is not developed, because the preview is the picture that the camera showed to the photographer.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from pictures.formats.bmff_boxes import Box, boxes, find
from pictures.formats.errors import BadFile
from pictures.formats.jpeg_header import read_header
from pictures.formats.media_types import kind_of_start
from pictures.formats.tiff import BadTiff, Bytes, Directory, byte_order, directory, first_directory

_COMPRESSION, _PHOTOMETRIC, _ORIENTATION, _INSIDE, _DNG = 0x0103, 0x0106, 0x0112, 0x014A, 0xC612
_RANGE_TAGS: Final = ((0x0201, 0x0202), (0x0111, 0x0117))
"""Pairs of tags for the offset and the length of a JPEG, either by itself or as the only strip of an image."""
_PANASONIC: Final = 0x002E
_SENSOR: Final = frozenset({32803, 34892, 34713, 32767, 32770, 32867, 65535})
"""Photometric interpretations and compressions that only sensor data has."""
_CANON: Final = b"II*\0\x10\0\0\0CR"
_JPEG: Final = b"\xff\xd8\xff"
_LOSSLESS: Final = b"\xff\xc3"
_CANON_PREVIEW_UUID: Final = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
_MAX_CANDIDATES: Final = 16
_SEARCHED_BYTES: Final = 8 << 20
_MAX_PREVIEW_BYTES: Final = 64 << 20
_ORIENTATIONS: Final = range(2, 9)


class _Candidates(NamedTuple):
    """Offsets and lengths of possible JPEGs, and the orientation of the raw file."""

    ranges: list[tuple[int, int]]
    orientation: int = 1


def preview_of(data: Bytes) -> bytes | None:
    """The preview as a JPEG whose EXIF contains the orientation; None if the file is not a raw file or has no preview."""
    try:
        candidates = _candidates(data)
    except (BadFile, BadTiff, struct.error):
        return None
    best: tuple[int, bytes, int] | None = None
    for at, length in candidates.ranges[:_MAX_CANDIDATES]:
        jpeg = data[at : at + min(length, _MAX_PREVIEW_BYTES)]
        area, orientation = _area_and_orientation(jpeg)
        if area > (best[0] if best else 0):
            best = area, jpeg, orientation or candidates.orientation
    return None if best is None else _with_orientation(best[1], best[2])


def _candidates(data: Bytes) -> _Candidates:
    kind = kind_of_start(data[:64])
    if kind == "raf":
        return _Candidates([(int.from_bytes(data[84:88]), int.from_bytes(data[88:92]))])
    if kind == "cr3":
        return _in_boxes(data)
    if kind not in {"tiff", "orf", "rw2"}:
        return _Candidates([])
    order = byte_order(data) or "<"
    image = directory(data, order, 0, struct.unpack(order + "I", data[4:8])[0])
    pages = list(_pages(image))
    if kind == "tiff" and not _is_raw(data, pages):
        return _Candidates([])
    ranges = [r for page in pages for r in _ranges(page)]
    if kind == "orf":  # the preview is in the maker note, whose format depends on the camera
        ranges += _search(data)
    return _Candidates(ranges, image.number(_ORIENTATION))


def _pages(image: Directory) -> Iterator[Directory]:
    """Yields the chained directories and those inside each, within a limit."""
    seen, page = {0}, image
    for _ in range(_MAX_CANDIDATES):
        yield page
        yield from page.inside(_INSIDE)
        if page.following in seen:
            return
        seen.add(page.following)
        try:
            page = directory(page.data, page.order, page.start, page.following)
        except BadTiff:
            return


def _is_raw(data: Bytes, pages: list[Directory]) -> bool:
    sensor = any({page.number(_PHOTOMETRIC), page.number(_COMPRESSION)} & _SENSOR for page in pages)
    return sensor or data[:10] == _CANON or pages[0].get(_DNG) is not None


def _ranges(page: Directory) -> Iterator[tuple[int, int]]:
    if panasonic := page.place_of(_PANASONIC):
        yield panasonic
    for begins, lasts in _RANGE_TAGS:
        at, length = page.get(begins), page.get(lasts)
        if isinstance(at, int) and isinstance(length, int):
            yield page.start + at, length


def _search(data: Bytes) -> Iterator[tuple[int, int]]:
    at = -1
    for _ in range(_MAX_CANDIDATES):
        at = data.find(_JPEG, at + 1, _SEARCHED_BYTES)
        if at < 0:
            return
        yield at, len(data) - at


def _in_boxes(data: Bytes) -> _Candidates:
    """Candidates of CR3 files: a JPEG in a separate box, and the full preview as the first sample of a track."""
    root = Box(b"", 0, len(data))
    ranges: list[tuple[int, int]] = []
    for top in boxes(data, 0, len(data)):
        if top.kind == b"uuid" and data[top.start : top.start + 16] == _CANON_PREVIEW_UUID:
            at = data.find(_JPEG, top.start, min(top.start + 256, top.end))
            ranges += [(at, top.end - at)] if at >= 0 else []
    moov = find(data, root, b"moov")
    inner = list(boxes(data, moov.start, moov.end)) if moov else []
    ranges += [r for box in inner if box.kind == b"trak" for r in _sample(data, box)]
    tags = next(chain.from_iterable(_tags(data, box) for box in inner if box.kind == b"uuid"), None)
    return _Candidates(ranges, 1 if tags is None else tags.number(_ORIENTATION))


def _sample(data: Bytes, track: Box) -> Iterator[tuple[int, int]]:
    """The offset and length of the first sample of a track."""
    table = find(data, track, b"mdia", b"minf", b"stbl")
    offsets = find(data, table, b"co64") if table else None
    sizes = find(data, table, b"stsz") if table else None
    if offsets and sizes:
        same, first = (int.from_bytes(data[sizes.start + at : sizes.start + at + 4]) for at in (4, 12))
        yield int.from_bytes(data[offsets.start + 8 : offsets.start + 16]), same or first


def _tags(data: Bytes, box: Box) -> Iterator[Directory]:
    for part in boxes(data, box.start + 16, box.end):
        if part.kind == b"CMT1":
            yield first_directory(data, part.start)


def _area_and_orientation(jpeg: bytes) -> tuple[int, int]:
    """The number of pixels of a JPEG and its orientation or 0. The number is 0 for lossless JPEG, which is sensor data."""
    if jpeg[:3] != _JPEG:
        return 0, 0
    try:
        header = read_header(jpeg)
    except BadFile:
        return 0, 0
    if _LOSSLESS in jpeg[: header.scan_at] and _frame(jpeg, header.scan_at) == _LOSSLESS:
        return 0, 0
    return header.width * header.height, _exif_orientation(header.exif)


def _exif_orientation(exif: bytes | None) -> int:
    try:
        return first_directory(exif).number(_ORIENTATION) if exif else 0
    except BadTiff:
        return 0


def _frame(jpeg: bytes, end: int) -> bytes:
    """The marker of the first frame."""
    at = 2
    while at + 4 <= end:
        marker = jpeg[at : at + 2]
        if 0xC0 <= marker[1] <= 0xCF and marker[1] not in {0xC4, 0xC8, 0xCC}:  # noqa: PLR2004  (tables, not frames)
            return marker
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return b""


def _with_orientation(jpeg: bytes, orientation: int) -> bytes:
    if orientation not in _ORIENTATIONS:
        return jpeg
    tiff = b"MM\0*\0\0\0\x08\0\1" + struct.pack(">HHIHHI", _ORIENTATION, 3, 1, orientation, 0, 0)
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body + jpeg[2:]
