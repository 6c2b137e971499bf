"""Metadata of TIFF and of raw files, which are variants of TIFF (CR2, NEF, ARW, DNG, ORF, RW2) or contain it (RAF, CR3)."""

from __future__ import annotations

import uuid
from typing import Final

from ingest.formats import exif
from ingest.formats.jpeg import packets_of
from ingest.formats.metadata import ParsedFile
from ingest.formats.picture import Packets, picture_from_tags
from ingest.formats.video import XMP_BOX
from pictures.formats.bmff_boxes import Box, boxes, find
from pictures.formats.errors import BadFile
from pictures.formats.jpeg_header import read_header
from pictures.formats.tiff import BadTiff, Bytes, Directory, first_directory

_WIDTH, _HEIGHT, _SUBFILE, _INSIDE = 0x0100, 0x0101, 0x00FE, 0x014A
_OFFSETS, _LENGTHS, _TILES, _TILE_LENGTHS = 0x0111, 0x0117, 0x0144, 0x0145
_XMP, _PHOTOSHOP, _IPTC = 0x02BC, 0x8649, 0x83BB
_DNG, _CROP, _MODEL = 0xC612, 0xC620, 0x0110
_SHOWN_WIDTH, _SHOWN_HEIGHT = 0xA002, 0xA003
_RW2_BORDERS: Final = (4, 5, 6, 7)  # top, left, bottom, right of the picture on the sensor
_CANON_BOX: Final = uuid.UUID("85c0b687-820f-11e0-8111-f4ce462b6a48").bytes
_BY_MAKER: Final = {"canon": "image/x-canon-cr2", "nikon": "image/x-nikon-nef", "sony": "image/x-sony-arw"}
_BY_MAKER_OTHERS: Final = {"pentax": "image/x-pentax-pef", "samsung": "image/x-samsung-srw", "ricoh": "image/x-pentax-pef"}
_RAW_SIGNATURES: Final = {b"II*\0\x10\0\0\0CR": "image/x-canon-cr2"}
_RAW_COMPRESSIONS: Final = frozenset({34713, 32767, 32770, 32867, 34892, 65535})
_MAX_PACKET = 8 << 20
_COMPRESSION, _PHOTOMETRIC, _CFA = 0x0103, 0x0106, 32803


def read_tiff(data: Bytes) -> ParsedFile:
    """The metadata of the file. Raises `BadFile` if it is damaged or truncated."""
    if data[2:4] in {b"+\0", b"\0+"}:
        raise BadFile("is a BigTIFF, which this version does not read")
    tags = exif.read_tags(data)
    if tags is None:
        raise BadFile("is damaged: its first directory cannot be read")
    pages = [tags.image, *tags.image.inside(_INSIDE)]
    kind = _content_type(data, tags, pages)
    parsed = _assembled(kind, tags, _largest(tags, pages))
    truncated = [page for page in pages if _is_truncated(page)]
    if len(truncated) == len([page for page in pages if page.get(_OFFSETS) is not None or page.get(_TILES) is not None]) > 0:
        raise BadFile("is truncated")
    if truncated:
        parsed.metadata[0].remarks.append("one of its pictures is truncated")
    return parsed


def _content_type(data: Bytes, tags: exif.ExifTags, pages: list[Directory]) -> str:
    if tags.image.get(_DNG) is not None:
        return "image/x-adobe-dng"
    if signature := _RAW_SIGNATURES.get(data[:10]):
        return signature
    raw = any(p.number(_PHOTOMETRIC) == _CFA or p.number(_COMPRESSION) in _RAW_COMPRESSIONS for p in pages)
    make = exif.camera(tags).get("make", "").casefold()
    kinds = _BY_MAKER | _BY_MAKER_OTHERS
    return next((k for word, k in kinds.items() if raw and make.startswith(word)), "image/tiff")


def _largest(tags: exif.ExifTags, pages: list[Directory]) -> tuple[int, int] | None:
    """The size of the full picture, which may be in any directory; the first directory is often that of the thumbnail."""
    sizes = [(page.number(_WIDTH), page.number(_HEIGHT)) for page in pages]
    crops = [c for page in pages if isinstance(c := page.get(_CROP), tuple) and len(c) == 2]  # noqa: PLR2004
    sizes += [(tags.photo.number(_SHOWN_WIDTH), tags.photo.number(_SHOWN_HEIGHT))]
    usable = [s for s in sizes if 0 < s[0] <= 1_000_000 and 0 < s[1] <= 1_000_000]  # noqa: PLR2004
    if crops and 0 < crops[0][0] <= 1_000_000 and 0 < crops[0][1] <= 1_000_000:  # noqa: PLR2004
        return round(crops[0][0]), round(crops[0][1])
    return max(usable, key=lambda s: s[0] * s[1], default=None)


def _is_truncated(page: Directory) -> bool:
    for offsets, lengths in ((_OFFSETS, _LENGTHS), (_TILES, _TILE_LENGTHS)):
        starts, sizes = page.get(offsets), page.get(lengths)
        starts = starts if isinstance(starts, tuple) else (starts,)
        sizes = sizes if isinstance(sizes, tuple) else (sizes,)
        pairs = ((a, b) for a, b in zip(starts, sizes, strict=False) if isinstance(a, int) and isinstance(b, int))
        if any(a + b > len(page.data) - page.start for a, b in pairs):
            return True
    return False


def _assembled(kind: str, tags: exif.ExifTags, size: tuple[int, int] | None) -> ParsedFile:
    if size is None:
        raise BadFile("is damaged: it has no dimensions")
    image = tags.image
    xmp, photoshop, iptc = (_raw(image, tag) for tag in (_XMP, _PHOTOSHOP, _IPTC))
    if iptc and b"8BIM\x04\x04" not in photoshop:
        photoshop = iptc
    return picture_from_tags(kind, size, tags, Packets(xmp=[xmp] if xmp else [], photoshop=photoshop))


def _raw(image: Directory, tag: int) -> bytes:
    """The bytes of a value of any type; some programs store IPTC as numbers of four bytes in the order of the file."""
    place = image.place_of(tag)
    if place is None or place[1] > _MAX_PACKET:
        return b""
    raw = image.data[place[0] : place[0] + place[1]]
    if tag == _IPTC and raw[3:4] == b"\x1c" and not raw.startswith(b"\x1c"):
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return raw


def read_orf(data: Bytes) -> ParsedFile:
    """The metadata of an Olympus ORF, a TIFF with another signature."""
    return _read_tiff_variant(data, "image/x-olympus-orf")


def read_rw2(data: Bytes) -> ParsedFile:
    """The metadata of a Panasonic RW2, a TIFF with another signature and its own tags for the size."""
    return _read_tiff_variant(data, "image/x-panasonic-rw2")


def _read_tiff_variant(data: Bytes, kind: str) -> ParsedFile:
    order = "big" if data[:2] == b"MM" else "little"
    tags = exif.read_raw_tags(data, 0, int.from_bytes(data[4:8], order))  # type: ignore[arg-type]
    if tags is None:
        raise BadFile("is damaged: its first directory cannot be read")
    pages = [tags.image, *tags.image.inside(_INSIDE)]
    top, left, bottom, right = (tags.image.number(tag) for tag in _RW2_BORDERS)
    size = (right - left, bottom - top) if kind.endswith("rw2") and right > left and bottom > top else _largest(tags, pages)
    return _assembled(kind, tags, size)


def read_raf(data: Bytes) -> ParsedFile:
    """The metadata of a Fujifilm RAF, whose header has the offset of a JPEG with EXIF."""
    at, length = int.from_bytes(data[84:88]), int.from_bytes(data[88:92])
    if at + length > len(data) or length < 4:  # noqa: PLR2004
        raise BadFile("is truncated")
    if length > 64 << 20:
        raise BadFile("is damaged: its preview is larger than 64 MiB")
    header = read_header(data[at : at + length])
    tags = exif.read_tags(header.exif) if header.exif else None
    return picture_from_tags("image/x-fuji-raf", (header.width, header.height), tags, packets_of(header))


def read_cr3(data: Bytes) -> ParsedFile:
    """The metadata of a Canon CR3, an ISO base media file with TIFF data in three boxes."""
    file = Box(b"", 0, len(data))
    list(boxes(data, 0, len(data)))  # raises `BadFile` if the file is truncated
    moov = find(data, file, b"moov")
    inner = boxes(data, moov.start, moov.end) if moov else ()
    canon = next((b for b in inner if b.kind == b"uuid" and data[b.start : b.start + 16] == _CANON_BOX), None)
    if canon is None:
        raise BadFile("is damaged: Canon's box is missing")
    parts: dict[bytes, Directory] = {}
    for box in boxes(data, canon.start + 16, canon.end):
        if box.kind.startswith(b"CMT"):
            try:
                parts[box.kind] = first_directory(data, box.start)
            except BadTiff:
                continue
    if b"CMT1" not in parts:
        raise BadFile("is damaged: its first directory cannot be read")
    empty = Directory(b"", "<", 0)
    tags = exif.ExifTags(parts[b"CMT1"], parts.get(b"CMT2", empty), parts.get(b"CMT4", empty))
    size = _largest(tags, [tags.image])
    if size is None:
        raise BadFile("is damaged: it has no dimensions")
    outer = (b for b in boxes(data, 0, len(data)) if b.kind == b"uuid" and data[b.start : b.start + 16] == XMP_BOX)
    packets = Packets(xmp=[data[b.start + 16 : b.end] for b in outer])
    return picture_from_tags("image/x-canon-cr3", size, tags, packets)
