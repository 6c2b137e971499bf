"""Records are merged by the table of precedence, which docs/import.md shows; and values that were lost before are read."""

from __future__ import annotations

import itertools
import os
import re
import struct
import unicodedata
from pathlib import Path

import pytest

from ingest.formats.lenses import lens_range
from ingest.formats.merging import merge_sources
from ingest.formats.metadata import Moment, SourceMetadata
from ingest.formats.precedence import PRECEDENCE
from ingest.readers.reading import ImportItem
from tests.ingest import makers
from tests.ingest.files import readings, record, taken_of
from tests.ingest.makers import ASCII, BYTE, RATIONAL, SHORT, UNDEFINED, bag, exif, iptc, jpeg_with, picture, tiff, xmp

DOCS = Path(__file__).parents[2] / "docs" / "import.md"
FIXED = {"sourceId": "sha256:" + "0" * 64}


def test_the_documentation_shows_the_table() -> None:
    found = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|$", DOCS.read_text(), re.MULTILINE))
    assert found == {field: "; ".join(row) for field, row in PRECEDENCE.items()}


def split(entry: str) -> tuple[str, str]:
    for origin in ("Takeout moved", "Lens range", "Comment", "file"):
        if entry == origin:
            return origin, ""
    origin, _, tag = entry.partition(" ")
    return origin, tag


@pytest.mark.parametrize("field", ["caption", "takenAt", "rating", "latitude"])
def test_the_first_source_of_each_row_wins_in_any_order_of_the_sources(field: str) -> None:
    row = [entry for entry in PRECEDENCE[field] if "GPSDateTime" not in entry and "Takeout photo" not in entry]
    row = [entry for entry in row if entry != "Video CreateDate"]  # instants are compared with local times, see the next tests
    for high, low in itertools.pairwise(row):
        sources = []
        for number, entry in ((2, low), (1, high)):
            origin, tag = split(entry)
            source = SourceMetadata(origin)
            if field == "caption":
                source.texts[tag] = f"text {number}"
            elif field == "takenAt":
                source.moments[tag] = Moment(f"200{number}-05-01T10:00:00")
            else:
                source.fields = {"rating": number} if field == "rating" else {"latitude": number, "longitude": number}
            sources.append(source)
        found, _ = merge_sources(sources, FIXED)
        values = (found.caption, found.taken_local, found.rating, found.latitude)
        assert "1" in str(next(v for v in values if v is not None)).replace("-05-01", ""), (high, low)


def with_xmp(attributes: str, inner: str = "", tags: bytes | None = None) -> bytes:
    packet = (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(attributes, inner))
    return jpeg_with(picture("JPEG", exif=tags) if tags else picture("JPEG"), packet)


def alt(name: str, text: str) -> str:
    return bag(name, text, kind="Alt")


def test_a_description_precedes_a_title_and_a_headline_of_any_source() -> None:
    texts = alt("dc:title", "A title") + alt("dc:description", "A description")
    both = record(with_xmp('photoshop:Headline="A headline"', texts))
    assert (both.caption, both.title) == ("A description", "A title")
    only = record(with_xmp('photoshop:Headline="A headline"', alt("dc:title", "A title")))
    assert (only.caption, only.title) == ("A title", None)
    headline = iptc((2, 105, b"A headline"), (2, 5, b"A name"))
    described = tiff([(0x0100, SHORT, 8), (0x0101, SHORT, 6), (0x010E, ASCII, "From EXIF")])
    assert record(jpeg_with(picture("JPEG"), (0xE1, b"Exif\0\0" + described), (0xED, headline))).caption == "From EXIF"
    sidecar = xmp("", alt("dc:title", "Sidecar title"))
    assert record(with_xmp("", alt("dc:description", "Embedded")), xmp=sidecar).caption == "Embedded"


def dates(**tags: str) -> bytes:
    numbers = {"original": 0x9003, "digitized": 0x9004}
    photo = [(numbers[name], ASCII, text) for name, text in tags.items() if name in numbers]
    image = [(0x0132, ASCII, tags["modified"])] if "modified" in tags else []
    return b"Exif\0\0" + tiff([(0x0100, SHORT, 8), (0x0101, SHORT, 6), *image], photo)


def test_the_date_of_a_tool_does_not_precede_the_date_of_creation() -> None:
    created = 'xmp:CreateDate="2011-07-19T11:36:38"'
    assert record(with_xmp(created, tags=dates(modified="2020:05:15 10:25:45"))).taken_local == "2011-07-19T11:36:38"
    assert record(with_xmp("", tags=dates(modified="2020:05:15 10:25:45"))).taken_local == "2020-05-15T10:25:45"
    assert record(with_xmp(created, tags=dates(original="2010:01:01 00:00:01"))).taken_local == "2010-01-01T00:00:01"


def test_a_day_without_a_time_is_completed_by_a_source_with_the_same_day() -> None:
    day = 'photoshop:DateCreated="2021-07-01"'
    for tags in (dates(digitized="2021:07:01 12:13:14"), dates(modified="2021:07:01 12:13:14")):
        assert record(with_xmp(day, tags=tags)).taken_local == "2021-07-01T12:13:14"
        assert record(picture("JPEG", exif=tags), xmp=xmp(day)).taken_local == "2021-07-01T12:13:14"


def test_a_modification_time_far_from_the_gps_time_is_not_used() -> None:
    gps = [(7, RATIONAL, (8.0, 0.0, 0.0)), (29, ASCII, "2019:05:01")]
    content = tiff([(0x0100, SHORT, 8), (0x0101, SHORT, 6), (0x0132, ASCII, "2020:05:15 10:25:45")], [(0x9000, SHORT, 1)], gps)
    found = record(jpeg_with(picture("JPEG"), (0xE1, b"Exif\0\0" + content)))
    assert (found.taken_local, found.taken_in_utc) == ("2019-05-01T08:00:00", True)


def test_keywords_and_texts_of_windows_are_read() -> None:
    tags = [(0x9C9E, BYTE, "holiday;Strandtag;;holiday\0".encode("utf-16-le")), (0x9C9B, BYTE, "XP title\0".encode("utf-16-le"))]
    found = record(tiff([(0x0100, SHORT, 8), (0x0101, SHORT, 6), *tags]))
    assert ([label.key for label in found.labels], found.caption) == (["holiday", "Strandtag"], "XP title")


def test_a_rejected_photo_and_a_position_without_hemisphere_are_remarked() -> None:
    for rejected in (taken_of(with_xmp('xmp:Rating="-1"')), taken_of(picture("JPEG"), xmp=xmp('xmp:Rating="-1.0"'))):
        assert rejected.record.rating is None
        assert "rejected" in rejected.remarks[0]
    place = exif(gps={2: (54.0, 0.0, 0.0), 4: (8.0, 0.0, 0.0)})
    assert "does not state whether it is north or south" in taken_of(picture("JPEG", exif=place)).remarks[0]


def test_iptc_in_a_tiff_is_read_from_numbers_too() -> None:
    block = iptc((2, 25, b"beach"), (2, 120, b"At the sea."))[26:]
    block += bytes(-len(block) % 4)
    swapped = tuple(struct.unpack(f">{len(block) // 4}I", block))
    for value in ((0x83BB, UNDEFINED, block), (0x83BB, makers.LONG, swapped)):
        assert record(tiff([(0x0100, SHORT, 8), (0x0101, SHORT, 6), value])).caption == "At the sea."


def test_every_property_of_xmp_is_read_embedded_and_in_a_sidecar() -> None:
    for entry in (entry for field in ("caption", "takenAt") for entry in PRECEDENCE[field] if entry.startswith("XMP ")):
        name = split(entry)[1]
        packet = xmp(f'{name}="2019-03-04T05:06:07"')
        for found in (record(with_xmp(f'{name}="2019-03-04T05:06:07"')), record(picture("JPEG"), xmp=packet)):
            text = "2019-03-04T05:06:07"
            assert (found.taken_local, found.caption) == ((text, None) if entry in PRECEDENCE["takenAt"] else (None, text)), entry


def test_values_that_other_programs_write_to_xmp_are_read() -> None:
    found = record(with_xmp('acdsee:rating="3" exif:ApertureValue="497085/100000" exif:ShutterSpeedValue="6643856/1000000"'))
    assert (found.rating, found.exposure and (round(found.exposure.aperture or 0, 3), found.exposure.shutter_seconds)) == (
        3,
        (5.6, 0.01),
    )
    for name in ("acdsee:keywords", "digiKam:TagsList", "lr:hierarchicalSubject"):
        assert [label.key for label in record(with_xmp("", bag(name, "one", "two"))).labels] == ["one", "two"]
    assert [label.key for label in record(with_xmp('pdf:Keywords="one, two; three"')).labels] == ["one", "two", "three"]


# Lenses


def lens_of(content: bytes) -> str | None:
    camera = record(content).camera
    return camera.lens if camera is not None else None


def photo_with(make: str, note: bytes = b"", more: list[makers.Tag] | None = None) -> bytes:
    photo = [*(more or []), (0x927C, UNDEFINED, note)] if note else more or []
    return tiff([(0x0100, SHORT, 8), (0x0101, SHORT, 6), (0x010F, ASCII, make)], photo)


def olympus_note() -> bytes:
    equipment = makers.ifd([(0x0203, ASCII, "OLYMPUS M.12-40mm F2.8")], 100)
    note = b"OLYMPUS\0II\x03\0" + makers.ifd([(0x2010, makers.LONG, 100)], 12)
    return note.ljust(100, b"\0") + equipment


def note_with(start: bytes, tags: list[makers.Tag]) -> bytes:
    """A note whose offsets are relative to the file, at the place where `photo_with` puts it: after one directory of one tag."""
    at = 8 + 2 + 12 + 4
    return start + makers.ifd(tags, at + len(start))


LENSES = {
    "LensModel": (photo_with("A", more=[(0xA434, ASCII, "EF 50mm")]), "EF 50mm"),
    "LensSpecification": (photo_with("A", more=[(0xA432, RATIONAL, (24.0, 70.0, 2.8, 2.8))]), "24-70mm f/2.8"),
    "Nikon": (
        photo_with("NIKON", b"Nikon\0\2\x10\0\0II*\0\x08\0\0\0" + makers.ifd([(0x84, RATIONAL, (18.0, 55.0, 3.5, 5.6))], 8)),
        "18-55mm f/3.5-5.6",
    ),
    "Canon name": (photo_with("Canon", note_with(b"", [(0x95, ASCII, "EF-S18-55mm f/3.5-5.6 IS")])), "EF-S18-55mm f/3.5-5.6 IS"),
    "Canon range": (photo_with("Canon", note_with(b"", [(0x01, SHORT, (*range(23), 55, 18, 1))])), "18-55mm"),
    "Olympus": (photo_with("OLYMPUS", olympus_note()), "OLYMPUS M.12-40mm F2.8"),
    "Panasonic": (photo_with("Panasonic", note_with(b"Panasonic\0\0\0", [(0x51, ASCII, "LUMIX G 20/F1.7")])), "LUMIX G 20/F1.7"),
    "Fujifilm": (
        photo_with("FUJIFILM", b"FUJIFILM\x0c\0\0\0" + makers.ifd([(0x1404 + n, RATIONAL, v) for n, v in enumerate((18.0, 55.0, 2.8, 4.0))], 12)),
        "18-55mm f/2.8-4",
    ),
    "Sony": (photo_with("SONY", note_with(b"SONY DSC \0\0\0", [(0xB02A, BYTE, bytes.fromhex("0000280070282802"))])), "28-70mm f/2.8"),
    "range in XMP": (with_xmp('aux:LensInfo="24/1 70/1 28/10 0/0"'), "24-70mm f/2.8"),
    "range in EXIF's XMP": (with_xmp("", bag("exifEX:LensSpecification", "50/1", "50/1", "18/10", "18/10", kind="Seq")), "50mm f/1.8"),
    "XMP": (with_xmp('aux:Lens="EF85mm f/1.8 USM"'), "EF85mm f/1.8 USM"),
}  # fmt: skip


@pytest.mark.parametrize("name", LENSES)
def test_the_lens_is_read_from_every_place(name: str) -> None:
    content, lens = LENSES[name]
    assert lens_of(content) == lens


def test_a_range_precedes_no_name_and_invalid_ranges_are_left_out() -> None:
    both = tiff([(0x0100, SHORT, 8), (0x0101, SHORT, 6)], [(0xA432, RATIONAL, (24.0, 70.0, 2.8, 2.8))])
    assert lens_of(jpeg_with(with_xmp('aux:Lens="A named lens"'), (0xE1, b"Exif\0\0" + both))) == "A named lens"
    for values in ((0.0, 0.0, 0.0, 0.0), (70, 24, 1, 1), (float("nan"),) * 4, (1, 2), None, (1, 10**9, 1, 1)):
        assert lens_range(values) == ""
    assert lens_range((50.0, 50.0, 1.8, 1.8)) == "50mm f/1.8"


# Names of sidecars


def files(folder: Path, names: dict[str, bytes]) -> dict[str, ImportItem]:
    folder.mkdir(exist_ok=True)
    for name, content in names.items():
        (folder / name).write_bytes(content)
    return {os.path.basename(r.where): r for r in readings(folder) if isinstance(r, ImportItem)}  # noqa: PTH119


NFC, NFD = (unicodedata.normalize(form, "Frítest") for form in ("NFC", "NFD"))
SIDECAR = xmp('xmp:Rating="4"')


def test_an_xmp_sidecar_belongs_to_the_file_with_the_same_case(tmp_path: Path) -> None:
    photos = {name: picture("JPEG") + bytes([n]) for n, name in enumerate(("Case.JPG", "case.jpg", "Other.JPG", f"{NFD}.jpg"))}
    found = files(tmp_path, {**photos, "case.jpg.xmp": SIDECAR, "OTHER.xmp": SIDECAR, f"{NFC}.jpg.xmp": SIDECAR})
    assert {name: r.record.rating for name, r in found.items()} == {
        "Case.JPG": None, "case.jpg": 4, "Other.JPG": 4, f"{NFD}.jpg": 4,
    }  # fmt: skip


def json_of(title: str, text: str) -> bytes:
    return f'{{"title": "{title}", "description": "{text}", "photoTakenTime": {{"timestamp": "1481500800"}}}}'.encode()


def test_takeout_names_match_by_case_first_and_in_every_form_of_unicode(tmp_path: Path) -> None:
    names = ("IMG_1.JPG", "img_1.jpg", "img_1-edited.jpg", "TWO.JPG", "two.jpg", f"{NFD}.jpg", f"{NFD}-modifié.jpg")
    photos = {name: picture("JPEG") + bytes([n]) for n, name in enumerate(names)}
    jsons = {
        "IMG_1.JPG.supplemental-metadata.json": json_of("IMG_1.JPG", "upper"),
        "img_1.jpg.supplemental-metadata.json": json_of("img_1.jpg", "lower"),
        "two.jpg.json": json_of("two.jpg", "lower two"),
        f"{NFC}.jpg.supplemental-metadata.json": json_of(f"{NFC}.jpg", "composed"),
    }
    found = files(tmp_path, photos | jsons)
    assert {name: r.record.caption for name, r in found.items()} == dict(
        zip(names, ("upper", "lower", "lower", None, "lower two", "composed", "composed"), strict=True)
    )


@pytest.mark.parametrize(("orientation", "size"), [(1, (80, 60)), (6, (60, 80)), (3, (80, 60)), (9, (80, 60))])
def test_the_orientation_of_a_sidecar_exchanges_the_sides(orientation: int, size: tuple[int, int]) -> None:
    found = record(picture("JPEG"), xmp=xmp(f'tiff:Orientation="{orientation}"'))
    assert (found.width, found.height) == size
    turned = record(picture("JPEG", exif=exif({0x0112: 6}, gps={})), xmp=xmp(f'tiff:Orientation="{orientation}"'))
    assert (turned.width, turned.height) == (size if orientation < 9 else (60, 80))
