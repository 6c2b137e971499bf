"""Metadata of HEIC, HEIF and AVIF: libheif and libavif read it and the upright size without decoding the picture."""

from __future__ import annotations

import io
import warnings

from ingest.formats import exif
from ingest.formats.metadata import ParsedFile
from ingest.formats.picture import Packets, picture_from_tags
from pictures.formats.bmff_boxes import file_boxes
from pictures.formats.errors import BadFile
from pictures.formats.tiff import Bytes


def read_heif(data: Bytes) -> ParsedFile:
    """The metadata of the file. Raises `BadFile` if it is damaged or truncated."""
    file_boxes(data)  # libheif accepts truncated files, so their boxes are checked first
    from pillow_heif import open_heif  # imported lazily: the library is large, and few imports need it

    try:
        found = open_heif(bytes(data[:]), convert_hdr_to_8bit=False)
        size, info = found.size, found.info
    except (ValueError, OSError, SyntaxError, RuntimeError, IndexError, EOFError):
        raise BadFile("is damaged: libheif cannot open it") from None
    kind = "image/heic" if data[8:12] in {b"heic", b"heix", b"heim", b"heis"} else "image/heif"
    return _assembled(kind, size, info.get("exif"), info.get("xmp"), upright=True)


def read_avif(data: Bytes) -> ParsedFile:
    """The metadata of the file. Raises `BadFile` if it is damaged or truncated."""
    file_boxes(data)
    from PIL import AvifImagePlugin

    try:
        with warnings.catch_warnings(action="ignore"), AvifImagePlugin.AvifImageFile(io.BytesIO(data[:])) as found:
            size, info = found.size, dict(found.info)
    except (ValueError, OSError, SyntaxError, RuntimeError, EOFError):
        raise BadFile("is damaged: libavif cannot open it") from None
    return _assembled(
        "image/avif", size, info.get("exif"), info.get("xmp"), upright=False
    )  # libavif returns the rotation as EXIF orientation


def _assembled(kind: str, size: tuple[int, int], packet: object, xmp: object, *, upright: bool) -> ParsedFile:
    if min(size) <= 0:
        raise BadFile("is damaged: it has no dimensions")
    tags, remarks = None, []
    if isinstance(packet, bytes) and packet:
        # The packet may begin with the offset of the TIFF header (4 bytes) and with the identifier that JPEG uses.
        start = next((i for i in (0, 4, 6, 10) if packet[i : i + 4] in {b"II*\0", b"MM\0*"}), 0)
        tags = exif.read_tags(packet, start)
        if tags is None:
            remarks = ["its EXIF is damaged and was left out"]
    packets = Packets(xmp=[xmp] if isinstance(xmp, bytes) and xmp else [], remarks=remarks)
    return picture_from_tags(kind, size, tags, packets, upright=upright)
