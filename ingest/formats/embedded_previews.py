"""The picture that a camera put into its raw file for showing: the largest JPEG that can be one, and how it is turned.

Sensors' data is not developed here: that is a taste, and what the camera showed its owner is what they know the photo by.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from ingest.formats.bmff_boxes import Box, boxes, find
from ingest.formats.exif import read_tags
from ingest.formats.jpeg import read_header
from ingest.formats.media_types import kind_of_start
from ingest.formats.metadata import BadFile
from ingest.formats.tiff import BadTiff, Bytes, Directory, byte_order, directory, first_directory

_COMPRESSION, _PHOTOMETRIC, _ORIENTATION, _INSIDE, _DNG = 0x0103, 0x0106, 0x0112, 0x014A, 0xC612
_PLACES: Final = ((0x0201, 0x0202), (0x0111, 0x0117))
"""Tags that say where a JPEG begins and how long it is: on its own, or as the only strip of a picture."""
_PANASONIC: Final = 0x002E
_SENSOR: Final = frozenset({32803, 34892, 34713, 32767, 32770, 32867, 65535})
"""Photometric interpretations and compressions that only a sensor's data has."""
_CANON: Final = b"II*\0\x10\0\0\0CR"
_JPEG: Final = b"\xff\xd8\xff"
_LOSSLESS: Final = b"\xff\xc3"
_SHOWN_BY_CANON: Final = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")
_MOST: Final = 16
_LOOKED_THROUGH: Final = 8 << 20
_LARGEST: Final = 64 << 20
_TURNS: Final = range(2, 9)


class _Found(NamedTuple):
    """Where JPEGs may lie, and how the raw file says that its picture is turned."""

    places: list[tuple[int, int]]
    turn: int = 1


def preview_of(data: Bytes) -> bytes | None:
    """The JPEG, its turn told by EXIF as in any other; None for what is no raw file, or has none that can be shown."""
    try:
        found = _found(data)
    except (BadFile, BadTiff, struct.error):
        return None
    best: tuple[int, bytes, int] | None = None
    for at, length in found.places[:_MOST]:
        jpeg = data[at : at + min(length, _LARGEST)]
        area, turn = _told(jpeg)
        if area > (best[0] if best else 0):
            best = area, jpeg, turn or found.turn
    return None if best is None else _turned(best[1], best[2])


def _found(data: Bytes) -> _Found:
    kind = kind_of_start(data[:64])
    if kind == "raf":
        return _Found([(int.from_bytes(data[84:88]), int.from_bytes(data[88:92]))])
    if kind == "cr3":
        return _in_boxes(data)
    if kind not in {"tiff", "orf", "rw2"}:
        return _Found([])
    order = byte_order(data) or "<"
    image = directory(data, order, 0, struct.unpack(order + "I", data[4:8])[0])
    pages = list(_pages(image))
    if kind == "tiff" and not _is_raw(data, pages):
        return _Found([])
    places = [place for page in pages for place in _places(page)]
    if kind == "orf":  # within the maker's note, whose form changed with every camera
        places += _looked_through(data)
    return _Found(places, image.number(_ORIENTATION))


def _pages(image: Directory) -> Iterator[Directory]:
    """The directories one behind the other, and those inside each; no more than any camera writes."""
    seen, page = {0}, image
    for _ in range(_MOST):
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


def _places(page: Directory) -> Iterator[tuple[int, int]]:
    if place := page.place_of(_PANASONIC):
        yield place
    for begins, lasts in _PLACES:
        at, length = page.get(begins), page.get(lasts)
        if isinstance(at, int) and isinstance(length, int):
            yield page.start + at, length


def _looked_through(data: Bytes) -> Iterator[tuple[int, int]]:
    at = -1
    for _ in range(_MOST):
        at = data.find(_JPEG, at + 1, _LOOKED_THROUGH)
        if at < 0:
            return
        yield at, len(data) - at


def _in_boxes(data: Bytes) -> _Found:
    """Canon's newer files: a JPEG in a box of its own, and the full one as a track of a film of one picture."""
    whole = Box(b"", 0, len(data))
    places: list[tuple[int, int]] = []
    for top in boxes(data, 0, len(data)):
        if top.kind == b"uuid" and data[top.start : top.start + 16] == _SHOWN_BY_CANON:
            at = data.find(_JPEG, top.start, min(top.start + 256, top.end))
            places += [(at, top.end - at)] if at >= 0 else []
    moov = find(data, whole, b"moov")
    inner = list(boxes(data, moov.start, moov.end)) if moov else []
    places += [place for box in inner if box.kind == b"trak" for place in _sample(data, box)]
    tags = next(chain.from_iterable(_tags(data, box) for box in inner if box.kind == b"uuid"), None)
    return _Found(places, 1 if tags is None else tags.number(_ORIENTATION))


def _sample(data: Bytes, track: Box) -> Iterator[tuple[int, int]]:
    """Where the first picture of a track lies."""
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


def _told(jpeg: bytes) -> tuple[int, int]:
    """How many pixels a JPEG has, 0 for none that can be shown (sensors' data is JPEG too, but lossless); its own turn, or 0."""
    if jpeg[:3] != _JPEG:
        return 0, 0
    try:
        header = read_header(jpeg)
    except BadFile:
        return 0, 0
    if _LOSSLESS in jpeg[: header.scan_at] and _frame(jpeg, header.scan_at) == _LOSSLESS:
        return 0, 0
    tags = read_tags(header.exif) if header.exif else None
    return header.width * header.height, 0 if tags is None else tags.image.number(_ORIENTATION)


def _frame(jpeg: bytes, end: int) -> bytes:
    """The mark of the frame: the first of its kind behind whole segments."""
    at = 2
    while at + 4 <= end:
        mark = jpeg[at : at + 2]
        if 0xC0 <= mark[1] <= 0xCF and mark[1] not in {0xC4, 0xC8, 0xCC}:  # noqa: PLR2004  (tables, not frames)
            return mark
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return b""


def _turned(jpeg: bytes, turn: int) -> bytes:
    if turn not in _TURNS:
        return jpeg
    tiff = b"MM\0*\0\0\0\x08\0\1" + struct.pack(">HHIHHI", _ORIENTATION, 3, 1, turn, 0, 0)
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body + jpeg[2:]
