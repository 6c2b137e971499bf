"""EXIF: time, UTC offset and its source, location, camera, exposure, upright size, captions."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from resolvers.importing.records import OffsetSource
from tests.ingest.files import Taken, taken_of


def picture(
    image: Mapping[int, Any] | None = None, photo: Mapping[int, Any] | None = None, gps: Mapping[int, Any] | None = None
) -> Taken:
    exif = Image.Exif()
    for tag, value in (image or {}).items():
        exif[tag] = value
    exif.get_ifd(0x8769).update(photo or {})
    exif.get_ifd(0x8825).update(gps or {})
    out = io.BytesIO()
    Image.new("RGB", (8, 6)).save(out, "JPEG", exif=exif)
    return taken_of(out.getvalue())


def taken(wall: str, offset: str | None = None, gps: Mapping[int, Any] | None = None) -> tuple[Any, ...]:
    record = picture(photo={0x9003: wall} | ({0x9011: offset} if offset else {}), gps=gps).record
    return record.taken_local, record.utc_offset_minutes, record.offset_source


def at(day: str, *time: float) -> dict[int, Any]:
    return {29: day, 7: time}


@pytest.mark.parametrize(
    ("offset", "minutes"),
    [("+02:00", 120), ("-03:30", -210), ("Z", 0), ("+05:45", 345), ("+14:00", 840), ("+0200", 120),
     ("+25:00", None), ("   :  ", None), ("+02:75", None), ("hello", None)],
)  # fmt: skip
def test_the_offset_tag_is_used_if_it_is_valid(offset: str, minutes: int | None) -> None:
    source = None if minutes is None else OffsetSource.EXIF
    assert taken("2024:05:01 10:00:00", offset) == ("2024-05-01T10:00:00", minutes, source)


@pytest.mark.parametrize(
    ("gps", "minutes"),
    [
        (at("2024:05:01", 8.0, 0.0, 12.0), 120),
        (at("2024:05:01", 4.0, 15.0, 30.0), 345),
        (at("2024:04:30", 20.0, 15.0, 0.0), 825),
        (at("2024:05:01", 12.0, 30.0, 0.0), -150),
        (at("2024:05:01", 8.0, 5.0, 0.0), None),
        (at("2024:05:01", 8.0, 15.0, 0.0), None),
        (at("2024:05:02", 8.0, 0.0, 0.0), None),
        (at("2024:05:01", 25.0, 0.0, 0.0), None),
        (at("0000:00:00", 8.0, 0.0, 0.0), None),
        ({29: "2024:05:01"}, None),
    ],
)
def test_the_gps_time_gives_an_offset_only_if_the_offset_is_in_use(gps: dict[int, Any], minutes: int | None) -> None:
    source = None if minutes is None else OffsetSource.GPS
    assert taken("2024:05:01 10:00:00", gps=gps) == ("2024-05-01T10:00:00", minutes, source)


def test_the_offset_tag_takes_precedence_over_the_gps_time() -> None:
    assert taken("2024:05:01 10:00:00", "+01:00", at("2024:05:01", 8.0, 0.0, 0.0))[1:] == (60, OffsetSource.EXIF)


@pytest.mark.parametrize("wall", ["0000:00:00 00:00:00", "    :  :     :  :  ", "2024:02:30 10:00:00", "", "2024:05:01 24:00:00"])
def test_the_time_of_a_clock_that_was_never_set_is_ignored(wall: str) -> None:
    assert taken(wall) == (None, None, None)


def test_the_modification_date_is_used_last_and_has_its_own_offset_tag() -> None:
    record = picture({0x0132: "2020:01:02 03:04:05"}, {0x9011: "+02:00", 0x9010: "-05:00"}).record
    assert (record.taken_local, record.utc_offset_minutes) == ("2020-01-02T03:04:05", -300)


ROME = {1: "N", 2: (41.0, 53.0, 24.0), 3: "E", 4: (12.0, 29.0, 0.0)}


def place(**changed: Any) -> tuple[Any, ...]:
    found = picture(gps=ROME | {int(tag[1:]): value for tag, value in changed.items()})
    return found.record.latitude, found.record.longitude, found.record.altitude_meters, len(found.remarks)


def test_positions_are_read_in_all_hemispheres() -> None:
    assert place() == (41.89, 12.4833333, None, 0)
    assert place(_1="S", _3="W") == (-41.89, -12.4833333, None, 0)
    assert place(_2=(41.0, 53.4, 0.0))[0] == 41.89
    assert place(_2=(41.89, 0.0, 0.0))[0] == 41.89


@pytest.mark.parametrize(
    "changed",
    [{"_2": (91.0, 0.0, 0.0)}, {"_4": (180.0, 0.0, 1.0)}, {"_2": (41.0, 61.0, 0.0)}, {"_1": "X"}, {"_3": ""},
     {"_2": (IFDRational(0, 0), IFDRational(0, 0), IFDRational(0, 0))}],
)  # fmt: skip
def test_an_invalid_position_is_left_out_with_a_remark(changed: dict[str, Any]) -> None:
    assert place(**changed) == (None, None, None, 1)


def test_the_position_0_0_is_left_out_without_a_remark() -> None:
    assert place(_2=(0.0, 0.0, 0.0), _4=(0.0, 0.0, 0.0), _6=12.0) == (None, None, None, 0)


def test_altitude_has_a_reference_and_limits() -> None:
    assert place(_6=37.5, _5=b"\0")[2:] == (37.5, 0)
    assert place(_6=420.0, _5=b"\1")[2:] == (-420.0, 0)
    assert place(_6=9999999.0)[2:] == (None, 1)
    assert place(_6=600.0, _5=b"\1")[2:] == (None, 1)
    assert place(_6=IFDRational(0, 0))[2:] == (None, 0)


@pytest.mark.parametrize(("orientation", "size"), [(1, (8, 6)), (3, (8, 6)), (6, (6, 8)), (8, (6, 8)), (99, (8, 6))])
def test_the_size_is_that_of_the_upright_picture(orientation: int, size: tuple[int, int]) -> None:
    record = picture({0x0112: orientation}).record
    assert (record.width, record.height) == size


def test_camera_lens_and_exposure() -> None:
    record = picture(
        {0x010F: "SONY  ", 0x0110: "ILCE-7M3\0junk"},
        {0xA434: "FE 24-105mm", 0x8827: 400, 0x829D: 4.0, 0x829A: IFDRational(1, 250), 0x920A: 50.0},
    ).record
    assert record.camera is not None
    assert (record.camera.make, record.camera.model, record.camera.lens) == ("SONY", "ILCE-7M3", "FE 24-105mm")
    assert record.exposure is not None
    assert (record.exposure.iso, record.exposure.aperture) == (400, 4.0)
    assert (record.exposure.shutter_seconds, record.exposure.focal_length_mm) == (0.004, 50.0)


def test_line_breaks_in_names_are_removed() -> None:
    camera = picture({0x0110: "Hack\n\x1b[31mCam"}).record.camera
    assert camera is not None
    assert camera.model == "Hack [31mCam"


@pytest.mark.parametrize("written", ["Größe Süd".encode(), "Größe".encode("cp1252") + b"    "])
def test_texts_are_utf8_or_windows_1252(written: bytes) -> None:
    exif = Image.Exif()
    exif[0x010E] = "X" * len(written)
    out = io.BytesIO()
    Image.new("RGB", (8, 6)).save(out, "JPEG", exif=exif)
    content = out.getvalue().replace(b"X" * len(written), written)
    caption = taken_of(content).record.caption
    assert caption is not None
    assert caption.startswith("Größe")


def test_exposure_from_apex_values_without_invalid_ones() -> None:
    record = picture(photo={0x9202: 4.0, 0x9201: 8.0, 0x8827: 65535, 0x8832: 102400, 0x920A: IFDRational(0, 0)}).record
    assert record.exposure is not None
    assert (record.exposure.aperture, record.exposure.shutter_seconds, record.exposure.iso) == (4.0, 0.00390625, 102400)
    assert record.exposure.focal_length_mm is None
    assert picture(photo={0x829D: 0.0, 0x8827: 0}).record.exposure is None


@pytest.mark.parametrize(
    ("image", "photo", "caption"),
    [
        ({0x010E: "Nonna am Meer"}, {}, "Nonna am Meer"),
        ({0x9C9B: "海の日\0".encode("utf-16-le")}, {}, "海の日"),
        ({0x9C9C: "ein Kommentar".encode("utf-16-le")}, {}, "ein Kommentar"),
        ({}, {0x9286: b"ASCII\0\0\0a day out\0\0"}, "a day out"),
        ({}, {0x9286: b"UNICODE\0" + "प्यार".encode("utf-16-le")}, "प्यार"),
        ({}, {0x9286: b"UNICODE\0" + "a dog".encode("utf-16-be")}, "a dog"),
        ({}, {0x9286: b"JIS\0\0\0\0\0" + "犬".encode("iso2022_jp")}, "犬"),
        ({0x010E: "OLYMPUS DIGITAL CAMERA         "}, {0x9286: b"ASCII\0\0\0real words"}, "real words"),
        ({0x010E: "SONY DSC"}, {}, None),
        ({0x010E: "DCIM\\100MEDIA\\DJI_0001.JPG"}, {}, None),
        ({0x010E: "<KENOX S630  / Samsung S630>"}, {}, None),
        ({0x010E: "a\x07b"}, {0x9286: b"\0" * 264}, "ab"),
        ({0x010E: "x" * 20_000}, {}, "x" * 10_000),
    ],
)
def test_captions_are_not_default_texts(image: dict[int, Any], photo: dict[int, Any], caption: str | None) -> None:
    assert picture(image, photo).record.caption == caption
