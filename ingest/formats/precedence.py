"""The precedence of sources by field, from which records are merged. docs/import.md shows this table, and a test compares them.

An entry is a source, or a source and one of its tags. The names of tags are those of exiftool, of XMP, or of Takeout.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SIDECAR, TAKEOUT, MOVED, EXIF, XMP, IPTC = ".xmp", "Takeout", "Takeout moved", "EXIF", "XMP", "IPTC"
VIDEO, TEXTS, COMMENT, PLAIN, LENS_RANGE = "Video", "PNG", "Comment", "file", "Lens range"
FILE_NAME = "File name"

_TITLES: Final = (
    ".xmp dc:title", "XMP dc:title", "IPTC ObjectName", "EXIF XPTitle", "Video Title", "PNG Title",
    ".xmp photoshop:Headline", "XMP photoshop:Headline", "IPTC Headline", "EXIF XPSubject",
)  # fmt: skip
_VALUES: Final = (SIDECAR, TAKEOUT, XMP, EXIF, VIDEO)
_MEASURED: Final = (SIDECAR, EXIF, XMP, VIDEO)

PRECEDENCE: Final[Mapping[str, tuple[str, ...]]] = {
    "caption": (
        ".xmp dc:description", "Takeout description", "XMP dc:description", "IPTC Caption-Abstract", "EXIF ImageDescription",
        ".xmp tiff:ImageDescription", "XMP tiff:ImageDescription", ".xmp acdsee:caption", "XMP acdsee:caption", "EXIF XPComment",
        ".xmp exif:UserComment", "EXIF UserComment", "XMP exif:UserComment", "Video Description",
        "Video Comment", "PNG Description", "PNG Comment", "Comment", *_TITLES,
    ),
    "title": _TITLES,
    "takenAt": (
        ".xmp exif:DateTimeOriginal", ".xmp photoshop:DateCreated", "EXIF DateTimeOriginal", "XMP exif:DateTimeOriginal",
        "XMP photoshop:DateCreated", "IPTC DateCreated", "Video CreationDate", "Video DateTimeOriginal",
        "Video ContentCreateDate", ".xmp xmp:CreateDate", ".xmp exif:DateTimeDigitized", "EXIF CreateDate",
        "XMP exif:DateTimeDigitized", "XMP xmp:CreateDate",
        ".xmp acdsee:datetime", "XMP acdsee:datetime", ".xmp xmpDM:shotDate", "XMP xmpDM:shotDate",
        "IPTC DigitalCreationDate", "PNG CreationTime", "EXIF GPSDateTime", "Video CreateDate",
        "Takeout photoTakenTime", FILE_NAME, "EXIF ModifyDate",
    ),
    "rating": _VALUES,
    "camera": (*_MEASURED, LENS_RANGE),
    "exposure": _MEASURED,
    "latitude": (SIDECAR, MOVED, EXIF, XMP, VIDEO, TAKEOUT),
    "favorite": (TAKEOUT,),
    "hidden": (TAKEOUT,),
    "trashedAt": (TAKEOUT,),
    "width": (PLAIN,),
    "durationSeconds": (PLAIN,),
}  # fmt: skip
"""The field of a record, and its sources, the first of which wins. `latitude` stands for the whole position, and `width` for both
sides. `camera` and `exposure` are merged by part."""

ALIASES: Final = {"longitude": "latitude", "altitudeMeters": "latitude", "height": "width"}
_RANKS: Final = {(field, entry): rank for field, row in PRECEDENCE.items() for rank, entry in enumerate(row)}


def rank(field: str, origin: str, tag: str = "") -> int:
    """The position of a source and tag in the row of a field; lower numbers win. Raises `KeyError` if it is not in the table."""
    name = ALIASES.get(field, field)
    found = _RANKS.get((name, f"{origin} {tag}" if tag else origin))
    return _RANKS[name, origin] if found is None else found


def is_title(origin: str, tag: str) -> bool:
    """Whether a text is a title or headline, not a description."""
    return f"{origin} {tag}" in _TITLES
