"""Metadata of a JPEG file."""

from __future__ import annotations

from ingest.formats.metadata import ParsedFile
from ingest.formats.picture import parse_picture
from pictures.formats.errors import BadFile
from pictures.formats.jpeg_header import read_header
from pictures.formats.tiff import Bytes

_END = b"\xff\xd9"


def read_jpeg(data: Bytes) -> ParsedFile:
    """The metadata of the file. Raises `BadFile` if it is damaged or truncated."""
    header = read_header(data)
    if data.rfind(_END) < header.scan_at:  # searched from the end, which is faster
        # In image data 0xFF is always followed by zero or a restart marker, so this marker is unambiguous.
        raise BadFile("is truncated: its image data has no end")
    return parse_picture("image/jpeg", (header.width, header.height), header.exif, header.xmp, header.photoshop)
