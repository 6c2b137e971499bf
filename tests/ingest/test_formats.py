"""Every format has the same metadata: time, offset, location, camera, captions and the upright size."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from resolvers.importing.records import ImportRecord, OffsetSource
from tests.ingest import makers
from tests.ingest.files import answer, record, taken_of
from tests.ingest.makers import RATIONAL, SHORT, bag, exif, iptc, jpeg_with, picture, raw, video, xmp

NOON = "2024-05-01T10:00:00"


def core(found: ImportRecord) -> tuple[Any, ...]:
    return found.taken_local, found.utc_offset_minutes, found.latitude, found.longitude, found.altitude_meters


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("AVIF", "image/avif"),
        ("HEIF", "image/heic"),
        ("TIFF", "image/tiff"),
    ],
)
def test_exif_is_read_in_all_formats(kind: str, content_type: str) -> None:
    tags = exif(gps={}) if kind == "TIFF" else exif()  # Pillow does not write GPS data to TIFF
    found = record(picture(kind, exif=tags), "name without extension")
    assert core(found) == (NOON, 120, *((None,) * 3 if kind == "TIFF" else (41.89, 12.4833333, -37.5)))
    assert (found.content_type, found.width, found.height, found.media_type) == (content_type, 80, 60, "PHOTO")
    assert found.camera is not None
    assert (found.camera.make, found.offset_source) == ("Maker", OffsetSource.EXIF)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF"])
def test_the_size_is_that_of_the_upright_picture(kind: str) -> None:
    found = record(picture(kind, exif=exif({0x0112: 6}, gps={})))
    assert (found.width, found.height) == (60, 80)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF"])
def test_xmp_is_read_in_all_formats(kind: str) -> None:
    packet = xmp('xmp:Rating="4"', bag("dc:subject", "beach", "nonna") + bag("dc:description", "Am Meer", kind="Alt"))
    options: dict[str, Any] = {"xmp": packet}
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        options = {"pnginfo": PngInfo()}
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", packet.decode())
    if kind == "TIFF":
        options = {"tiffinfo": {700: packet}}
    found = record(picture(kind, **options))
    assert (found.rating, found.caption, [m.key for m in found.labels]) == (4, "Am Meer", ["beach", "nonna"])


def test_gif_has_a_size_and_a_comment() -> None:
    found = record(picture("GIF", comment=b"at the sea"))
    assert (found.content_type, found.width, found.height, found.caption) == ("image/gif", 80, 60, "at the sea")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (raw(), "image/x-nikon-nef"),
        (raw(make="SONY"), "image/x-sony-arw"),
        (raw(more=[(0xC612, makers.BYTE, b"\1\4\0\0")]), "image/x-adobe-dng"),
        (raw(b"IIRO", make="OLYMPUS"), "image/x-olympus-orf"),
        (raw(b"MM\0*", make="PENTAX"), "image/x-pentax-pef"),
    ],
    ids=["nef", "arw", "dng", "orf", "pef"],
)
def test_raw_files_have_the_size_of_the_sensor_image_not_of_the_thumbnail(content: bytes, content_type: str) -> None:
    found = record(content)
    assert (found.content_type, found.width, found.height) == (content_type, 6000, 4000)
    assert core(found) == (NOON, None, 41.89, 12.4833333, None)
    assert found.exposure is not None
    assert (found.exposure.iso, found.exposure.shutter_seconds) == (200, 0.004)


def test_the_size_of_panasonic_raw_files_excludes_the_sensor_borders() -> None:
    borders = [(tag, SHORT, value) for tag, value in ((4, 8), (5, 16), (6, 3008), (7, 4016))]
    found = record(raw(b"IIU\0", make="Panasonic", more=borders))
    assert (found.content_type, found.width, found.height) == ("image/x-panasonic-rw2", 4000, 3000)


def test_raw_files_of_fujifilm_and_canon_contain_exif() -> None:
    fuji, canon = record(makers.raf()), record(makers.cr3())
    assert (core(fuji), fuji.content_type) == ((NOON, 120, 41.89, 12.4833333, -37.5), "image/x-fuji-raf")
    assert (core(canon), canon.content_type) == ((NOON, 120, -41.89, -12.4833333, None), "image/x-canon-cr3")
    assert (canon.width, canon.height) == (4000, 6000)


@pytest.mark.parametrize(
    ("zone", "summer", "minutes"), [(60, True, 120), (-480, False, -480), (345, False, 345), (7, False, None)]
)
def test_the_maker_note_of_nikon_has_the_time_zone(zone: int, summer: bool, minutes: int | None) -> None:
    found = record(raw(note=makers.nikon_note(zone, summer=summer)))
    assert (found.utc_offset_minutes, found.offset_source) == (minutes, None if minutes is None else OffsetSource.EXIF)


# Videos


def test_a_video_has_a_duration_and_an_upright_size() -> None:
    plain, rotated = record(video(brand=b"mp42", at_end=False)), record(video(rotated=True))
    assert (plain.duration_seconds, plain.width, plain.height, plain.content_type) == (2.5, 1920, 1080, "video/mp4")
    assert (rotated.width, rotated.height, rotated.content_type, rotated.media_type) == (1080, 1920, "video/quicktime", "VIDEO")


def test_the_creation_date_of_apple_takes_precedence_over_the_header_time() -> None:
    keys = {
        "com.apple.quicktime.creationdate": "2024-05-01T10:00:00+0200",
        "com.apple.quicktime.location.ISO6709": "+41.8900+012.4833-037.500/",
        "com.apple.quicktime.make": "Apple",
        "com.apple.quicktime.model": "iPhone 15",
    }
    found = record(video(keys=keys, created=datetime(2024, 5, 1, 8, 0, 3)))  # noqa: DTZ001
    assert core(found) == (NOON, 120, 41.89, 12.4833, -37.5)
    assert found.camera is not None
    assert (found.camera.model, found.taken_in_utc) == ("iPhone 15", False)


def test_an_android_video_has_a_location_and_an_instant() -> None:
    found = record(video(atoms={b"\xa9xyz": "+41.8900+012.4833/"}, created=datetime(2024, 5, 1, 8), brand=b"mp42"))  # noqa: DTZ001
    assert core(found) == ("2024-05-01T08:00:00", 0, 41.89, 12.4833, None)
    assert found.taken_in_utc


@pytest.mark.parametrize("text", ["+91.0000+012.0000/", "+41.89+999.0/", "+nan+nan/", "nonsense", "+00.0000+000.0000/"])
def test_an_invalid_location_of_a_video_is_left_out(text: str) -> None:
    assert record(video(atoms={b"\xa9xyz": text})).latitude is None


def test_a_video_without_a_creation_time_has_no_time() -> None:
    assert record(video()).taken_local is None


# Precedence of captions and keywords


def test_xmp_takes_precedence_over_iptc_and_exif_and_lists_are_merged() -> None:
    content = jpeg_with(
        picture("JPEG", exif=exif({0x010E: "by exif"})),
        (0xED, iptc((1, 90, b"\x1b%G"), (2, 25, "Größe".encode()), (2, 25, b"beach"), (2, 120, b"by iptc"))),
    )
    assert record(content).caption == "by iptc"
    packet = xmp("", bag("dc:description", "by xmp", kind="Alt") + bag("dc:subject", "beach", "sea"))
    content = jpeg_with(content, (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet))
    found = record(content)
    assert (found.caption, [m.key for m in found.labels]) == ("by xmp", ["beach", "sea", "Größe"])
    with_sidecar = record(content, xmp=xmp('xmp:Rating="2"', bag("dc:description", "by sidecar", kind="Alt")))
    assert (with_sidecar.caption, with_sidecar.rating) == ("by sidecar", 2)


def test_iptc_has_a_time_with_an_offset_and_text_in_windows_1252() -> None:
    block = iptc((2, 55, b"20240501"), (2, 60, b"100000+0200"), (2, 25, "Größe".encode("cp1252")))
    found = record(jpeg_with(picture("JPEG"), (0xED, block)))
    assert (found.taken_local, found.utc_offset_minutes, found.labels[0].key) == (NOON, 120, "Größe")


REGIONS = (
    '<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag>'
    '<rdf:li><rdf:Description mwg-rs:Name="Ana" mwg-rs:Type="Face"/></rdf:li>'
    '<rdf:li rdf:parseType="Resource"><mwg-rs:Name>Bob</mwg-rs:Name><mwg-rs:Type>Face</mwg-rs:Type></rdf:li>'
    '<rdf:li><rdf:Description mwg-rs:Name="Rex" mwg-rs:Type="Pet"/></rdf:li>'
    "</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"
    '<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag><rdf:li MPReg:PersonDisplayName="Carla"/></rdf:Bag></MPRI:Regions>'
    "</MP:RegionInfo>"
)


def test_names_of_face_regions_of_any_program_are_people() -> None:
    found = record(picture("JPEG"), xmp=xmp("", REGIONS + bag("Iptc4xmpExt:PersonInImage", "Dora", "Ana")))
    assert [person.name for person in found.people] == ["Ana", "Bob", "Carla", "Dora"]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('exif:DateTimeOriginal="2024-05-01T10:00:00+02:00"', (NOON, 120, None, None, None)),
        ('photoshop:DateCreated="2024-05-01T10:00:00"', (NOON, None, None, None, None)),
        ('xmp:CreateDate="2024-05-01T10:00"', (NOON, None, None, None, None)),
        ('exif:GPSLatitude="41,53.4N" exif:GPSLongitude="12,29,0E" exif:GPSAltitude="375/10"', (None, None, 41.89, 12.4833333, 37.5)),
        ('exif:GPSLatitude="41,53.4S" exif:GPSLongitude="12,29.0W" exif:GPSAltitude="375/10" exif:GPSAltitudeRef="1"',
         (None, None, -41.89, -12.4833333, -37.5)),
        ('exif:GPSLatitude="141,53.4N" exif:GPSLongitude="12,29.0W"', (None,) * 5),
        ('exif:GPSLatitude="0,0.0N" exif:GPSLongitude="0,0.0W"', (None,) * 5),
        ('xmp:CreateDate="2024-02-30T10:00"', (None,) * 5),
    ],
)  # fmt: skip
def test_an_xmp_sidecar_has_time_and_location(attributes: str, expected: tuple[Any, ...]) -> None:
    assert core(record(picture("JPEG"), xmp=xmp(attributes))) == expected


@pytest.mark.parametrize(
    ("attributes", "stars"),
    [('xmp:Rating="5"', 5), ('xmp:Rating="0"', None), ('xmp:Rating="-1"', None), ('xmp:Rating="1e999"', None),
     ('MicrosoftPhoto:Rating="99"', 5), ('MicrosoftPhoto:Rating="25"', 2), ('MicrosoftPhoto:Rating="1"', 1)],
)  # fmt: skip
def test_ratings_are_converted_to_stars(attributes: str, stars: int | None) -> None:
    assert record(picture("JPEG"), xmp=xmp(attributes)).rating == stars


def test_the_leaves_of_hierarchical_keywords_are_used_if_there_are_no_flat_keywords() -> None:
    assert [m.key for m in record(picture("JPEG"), xmp=xmp("", bag("lr:hierarchicalSubject", "Places|Italy|Rome"))).labels] == [
        "Rome"
    ]


BOMB = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&b;</x:xmpmeta>'


@pytest.mark.parametrize(
    ("packet", "why"),
    [(BOMB, "document type"), (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "document type"), (b"<a>" * 200, "deeply"),
     (b"<a>" + b"<b/>" * 60_000 + b"</a>", "too many parts"), (b"no xml", "not well-formed XML"), (b"", "not well-formed XML"), (b"\xff\xfe<", "not well-formed XML")],
    ids=["entities", "outside", "deep", "many", "text", "blank", "utf16"],
)  # fmt: skip
def test_malicious_xmp_is_left_out_and_the_photo_is_imported(packet: bytes, why: str) -> None:
    found = taken_of(picture("JPEG"), xmp=packet or b" ")
    assert len(found.remarks) == 1
    assert why in found.remarks[0]


def test_the_burst_id_is_that_of_the_camera() -> None:
    burst = "0A1B2C3D-0000-4000-8000-1234567890AB"
    note = makers.apple_note(burst=burst)
    assert record(jpeg_with(picture("JPEG"), (0xE1, b"Exif\0\0" + raw(make="Apple", note=note)))).burst_id == burst
    assert record(picture("JPEG"), xmp=xmp('GCamera:BurstID="abc"')).burst_id == "abc"


def test_an_invalid_value_does_not_reject_the_record() -> None:
    huge = makers.tiff([(0x0100, makers.LONG, 80), (0x0101, makers.LONG, 60)], [(0x829D, RATIONAL, 999.9), (0x8827, SHORT, 0)])
    found = taken_of(huge)
    assert (found.record.width, found.remarks) == (80, ())


TRUNCATED = {
    "raw": raw()[:200], "tiff": picture("TIFF")[:-20], "png": picture("PNG")[:40], "gif": picture("GIF")[:20],
    "webp": picture("WEBP")[:-9], "avif": picture("AVIF")[:-9], "heif": picture("HEIF")[:-9], "cr3": makers.cr3()[:-9],
    "raf": makers.raf()[:-9], "video": video()[:-200],
}  # fmt: skip


@pytest.mark.parametrize("kind", TRUNCATED)
def test_truncated_files_are_reported_as_truncated(kind: str) -> None:
    found = answer(TRUNCATED[kind])
    assert found.record is None
    assert "truncated" in found.reason or "damaged" in found.reason
