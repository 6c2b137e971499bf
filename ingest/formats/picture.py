"""A picture's packets of metadata, whatever the file around them, as sources in the order in which they are believed."""

from __future__ import annotations

from ingest.formats import exif, iptc
from ingest.formats.exif_caption import caption
from ingest.formats.exif_place import location
from ingest.formats.exif_time import taken
from ingest.formats.maker_notes import notes
from ingest.formats.metadata import Parsed, SourceMetadata
from ingest.formats.xmp import read_xmp


def picture(
    content_type: str, size: tuple[int, int], tiff: bytes | None, xmp: bytes | None = None, photoshop: bytes = b""
) -> Parsed:
    """`size` is as stored, before EXIF turns it; `tiff` is the EXIF from its byte order on."""
    tags = None
    remarks = []
    if tiff:
        tags = exif.read_tags(tiff)
        if tags is None:
            remarks.append("its EXIF is damaged and was left out")
    return assembled(content_type, size, tags, xmp, photoshop=photoshop, remarks=remarks)


def assembled(
    content_type: str,
    size: tuple[int, int] | None,
    tags: exif.Tags | None,
    xmp: bytes | None = None,
    *,
    photoshop: bytes = b"",
    remarks: list[str] | None = None,
    upright: bool = False,
) -> Parsed:
    """`upright`: the size is what is shown, whatever EXIF says (HEIF and AVIF turn by their own property)."""
    turned = tags is not None and exif.is_turned(tags) and not upright
    first = SourceMetadata(remarks=list(remarks or []))
    if size is not None:
        first.fields = {"width": size[turned], "height": size[not turned]}
    words = [read_xmp(xmp)] if xmp else []
    if photoshop:
        words.append(iptc.read_iptc(photoshop))
    if tags is None:
        return Parsed(content_type, [first, *words])
    by_camera = told_by_exif(tags)
    for name in ("caption", "rating"):
        # Words and stars are people's, and programs write people's words to XMP and IPTC; EXIF often keeps older ones.
        if any(name in said.fields for said in words):
            by_camera.fields.pop(name, None)
    return Parsed(content_type, [first, by_camera, *words])


def told_by_exif(tags: exif.Tags) -> SourceMetadata:
    """Everything in the three directories and the maker's note."""
    place, remarks = location(tags.gps)
    camera = exif.camera(tags)
    noted = notes(tags.photo, camera.get("make", ""))
    fields = place | {"camera": camera, "exposure": exif.exposure(tags), "caption": caption(tags), "rating": exif.rating(tags)}
    return SourceMetadata(
        fields={name: value for name, value in fields.items() if value not in (None, {})},
        moment=taken(tags, noted.offset_minutes),
        burst=noted.burst,
        content_id=noted.content_id,
        remarks=remarks,
    )
