"""Metadata of pictures of any format: EXIF, XMP, IPTC and comments."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ingest.formats import exif, iptc
from ingest.formats.exif import text_of
from ingest.formats.exif_caption import is_written_by_a_person, keywords, texts
from ingest.formats.exif_place import location
from ingest.formats.exif_time import moments
from ingest.formats.lenses import lens_range
from ingest.formats.maker_notes import read_maker_note
from ingest.formats.metadata import SIDEWAYS, ParsedFile, SourceMetadata
from ingest.formats.precedence import COMMENT, EXIF, LENS_RANGE, PLAIN
from ingest.formats.xmp import read_xmp


@dataclass(slots=True)
class Packets:
    """The metadata of a file in the form in which it is stored."""

    exif: bytes | None = None
    """TIFF bytes without an identifier."""
    xmp: list[bytes] = field(default_factory=list)
    photoshop: bytes = b""
    """Blocks of Photoshop with IPTC, or an IPTC block."""
    comments: list[bytes] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def parse_picture(content_type: str, size: tuple[int, int], packets: Packets) -> ParsedFile:
    """Parses the packets. `size` is the stored size, before the rotation by EXIF."""
    tags = exif.read_tags(packets.exif) if packets.exif else None
    if packets.exif and tags is None:
        packets = replace(packets, remarks=[*packets.remarks, "its EXIF is damaged and was left out"])
    return picture_from_tags(content_type, size, tags, packets)


def picture_from_tags(
    content_type: str, size: tuple[int, int] | None, tags: exif.ExifTags | None, packets: Packets, *, upright: bool = False
) -> ParsedFile:
    """The sources of a picture. `upright` means that `size` is already rotated (HEIF has its own rotation)."""
    orientation = None if upright else exif.orientation(tags)
    rotated = orientation in SIDEWAYS
    first = SourceMetadata(PLAIN, remarks=list(packets.remarks))
    if size is not None:
        first.fields = {"width": size[rotated], "height": size[not rotated]}
    sources = [first]
    if tags is not None:
        sources += exif_metadata(tags)
    sources += [read_xmp(packet) for packet in packets.xmp]
    if packets.photoshop:
        sources.append(iptc.read_iptc(packets.photoshop))
    comment = next((text for raw in packets.comments if is_written_by_a_person(text := text_of(raw))), None)
    if comment is not None:
        sources.append(SourceMetadata(COMMENT, texts={"": comment}))
    return ParsedFile(content_type, sources, orientation=orientation)


def exif_metadata(tags: exif.ExifTags) -> list[SourceMetadata]:
    """The metadata in the three directories and the maker note; and the range of the lens, which is used if it has no name."""
    place, remarks = location(tags.gps)
    camera = exif.camera(tags)
    note = read_maker_note(tags.photo, camera.get("make", ""))
    if note.lens:
        camera.setdefault("lens", note.lens)
    lens = lens_range(tags.photo.get(exif.LENS_RANGE)) or lens_range(tags.image.get(exif.LENS_RANGE_OF_DNG)) or note.lens_range
    fields = place | {"camera": camera, "exposure": exif.exposure(tags), "rating": exif.rating(tags)}
    found = SourceMetadata(
        EXIF,
        fields={name: value for name, value in fields.items() if value not in (None, {})},
        texts=texts(tags),
        moments=moments(tags, note.offset_minutes),
        keywords=keywords(tags),
        burst=note.burst,
        content_id=note.content_id,
        remarks=remarks,
    )
    return [found, SourceMetadata(LENS_RANGE, fields={"camera": {"lens": lens}})] if lens else [found]
