"""Metadata of pictures of any format: EXIF, XMP and IPTC as sources in order of precedence."""

from __future__ import annotations

from ingest.formats import exif, iptc
from ingest.formats.exif_caption import caption
from ingest.formats.exif_place import location
from ingest.formats.exif_time import taken_at
from ingest.formats.maker_notes import read_maker_note
from ingest.formats.metadata import ParsedFile, SourceMetadata
from ingest.formats.xmp import read_xmp


def parse_picture(
    content_type: str, size: tuple[int, int], tiff: bytes | None, xmp: bytes | None = None, photoshop: bytes = b""
) -> ParsedFile:
    """Parses the packets. `size` is the stored size, before the rotation by EXIF; `tiff` is EXIF without its identifier."""
    tags = None
    remarks = []
    if tiff:
        tags = exif.read_tags(tiff)
        if tags is None:
            remarks.append("its EXIF is damaged and was left out")
    return picture_from_tags(content_type, size, tags, xmp, photoshop=photoshop, remarks=remarks)


def picture_from_tags(
    content_type: str,
    size: tuple[int, int] | None,
    tags: exif.ExifTags | None,
    xmp: bytes | None = None,
    *,
    photoshop: bytes = b"",
    remarks: list[str] | None = None,
    upright: bool = False,
) -> ParsedFile:
    """The sources in order of precedence. `upright` means that `size` is already rotated (HEIF has its own rotation)."""
    rotated = tags is not None and exif.is_rotated(tags) and not upright
    first = SourceMetadata(remarks=list(remarks or []))
    if size is not None:
        first.fields = {"width": size[rotated], "height": size[not rotated]}
    edited = [read_xmp(xmp)] if xmp else []
    if photoshop:
        edited.append(iptc.read_iptc(photoshop))
    if tags is None:
        return ParsedFile(content_type, [first, *edited])
    from_exif = exif_metadata(tags)
    for name in ("caption", "rating"):
        # Programs write captions and ratings to XMP and IPTC and often leave old values in EXIF.
        if any(name in source.fields for source in edited):
            from_exif.fields.pop(name, None)
    return ParsedFile(content_type, [first, from_exif, *edited])


def exif_metadata(tags: exif.ExifTags) -> SourceMetadata:
    """The metadata in the three directories and the maker note."""
    place, remarks = location(tags.gps)
    camera = exif.camera(tags)
    note = read_maker_note(tags.photo, camera.get("make", ""))
    fields = place | {"camera": camera, "exposure": exif.exposure(tags), "caption": caption(tags), "rating": exif.rating(tags)}
    return SourceMetadata(
        fields={name: value for name, value in fields.items() if value not in (None, {})},
        moment=taken_at(tags, note.offset_minutes),
        burst=note.burst,
        content_id=note.content_id,
        remarks=remarks,
    )
