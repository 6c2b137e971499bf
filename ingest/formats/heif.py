"""HEIC, HEIF and AVIF: libheif and libavif find the packets and the upright size, without decoding the picture."""

from __future__ import annotations

import io
import warnings

from ingest.formats import exif
from ingest.formats.bmff_boxes import boxes
from ingest.formats.metadata import BadFile, Parsed
from ingest.formats.picture import assembled
from ingest.formats.tiff import Bytes


def read_heif(data: Bytes) -> Parsed:
    """Raises BadFile if it is damaged or cut off."""
    list(boxes(data, 0, len(data)))  # libheif opens what is cut off, as long as the beginning is there
    from pillow_heif import open_heif  # a large library, and few imports need it

    try:
        found = open_heif(bytes(data[:]), convert_hdr_to_8bit=False)
        size, info = found.size, found.info
    except (ValueError, OSError, SyntaxError, RuntimeError, IndexError, EOFError):
        raise BadFile("is damaged: libheif cannot open it") from None
    kind = "image/heic" if data[8:12] in {b"heic", b"heix", b"heim", b"heis"} else "image/heif"
    return _assembled(kind, size, info.get("exif"), info.get("xmp"), upright=True)


def read_avif(data: Bytes) -> Parsed:
    """Raises BadFile if it is damaged or cut off."""
    list(boxes(data, 0, len(data)))
    from PIL import AvifImagePlugin

    try:
        with warnings.catch_warnings(action="ignore"), AvifImagePlugin.AvifImageFile(io.BytesIO(data[:])) as found:
            size, info = found.size, dict(found.info)
    except (ValueError, OSError, SyntaxError, RuntimeError, EOFError):
        raise BadFile("is damaged: libavif cannot open it") from None
    return _assembled("image/avif", size, info.get("exif"), info.get("xmp"), upright=False)  # libavif tells the turn as EXIF


def _assembled(kind: str, size: tuple[int, int], packet: object, xmp: object, *, upright: bool) -> Parsed:
    if min(size) <= 0:
        raise BadFile("is damaged: it has no dimensions")
    tags, remarks = None, []
    if isinstance(packet, bytes) and packet:
        # The packet may or may not carry the four bytes that say where TIFF begins, or JPEG's name for it.
        start = next((i for i in (0, 4, 6, 10) if packet[i : i + 4] in {b"II*\0", b"MM\0*"}), 0)
        tags = exif.read_tags(packet, start)
        if tags is None:
            remarks = ["its EXIF is damaged and was left out"]
    return assembled(kind, size, tags, xmp if isinstance(xmp, bytes) else None, remarks=remarks, upright=upright)
