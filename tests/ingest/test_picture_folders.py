"""Folders of JPEG files: damaged files are rejected alone, links are not followed, and reading can be resumed."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ingest.readers.reading import ImportItem, ReadResult, RejectedItem
from tests.ingest.files import answer, reading, record


def jpeg(width: int = 8, height: int = 6, exif: bytes | None = None) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "JPEG", **({"exif": exif} if exif else {}))
    return out.getvalue()


def readings(root: Path) -> dict[str, ReadResult]:
    with reading(root) as reader:
        return {found.where: found for found in reader.read()}


def reason(reading: ReadResult) -> str:
    assert isinstance(reading, RejectedItem)
    return reading.reason


def test_a_jpeg_becomes_a_record_whose_id_is_the_hash_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    [item] = readings(tmp_path).values()
    assert isinstance(item, ImportItem)
    record = item.record
    assert record.source_id == "sha256:" + hashlib.sha256(jpeg()).hexdigest()
    assert (record.width, record.height, record.file_name, record.file_size) == (8, 6, "a.jpg", len(jpeg()))
    assert (record.media_type, record.content_type, record.taken_local) == ("PHOTO", "image/jpeg", None)
    assert item.done == len(jpeg())


def test_every_damaged_file_is_reported_with_a_reason(tmp_path: Path) -> None:
    complete = jpeg(64, 64)
    png = io.BytesIO()
    Image.new("RGB", (4, 4)).save(png, "PNG")
    files: dict[str, tuple[bytes, str]] = {
        "empty.jpg": (b"", "empty"),
        "header-cut.jpg": (complete[:100], "truncated before"),
        "noise.jpg": (os.urandom(0) + b"no picture at all" * 9, "not have the format of its name"),
        "magic-only.jpg": (b"\xff\xd8\xff", "truncated"),
        "no-length.jpg": (b"\xff\xd8\xff\xe0\x00\x00" + complete, "damaged"),
        "no-size.jpg": (complete.replace(struct.pack(">HH", 64, 64), b"\0\0\0\0"), "no dimensions"),
        "cut.png": (png.getvalue()[:40], "truncated"),
        "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0", "truncated"),
        "clip.mov": (b"\0\0\0\x18ftypqt  \0\0\0\0", "truncated"),
        "raw.nef": (b"MM\0*\0\0\0\x08" + b"\0" * 60, "no dimensions"),
        "archive.zip": (b"PK\x03\x04" + b"\0" * 60, "archive inside"),
        "old.bmp": (b"BM" + b"\0" * 60, "BMP"),
    }
    for name, (content, _) in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "good.jpg").write_bytes(complete)
    found = readings(tmp_path)
    assert isinstance(found.pop("good.jpg"), ImportItem)
    for name, (_, words) in files.items():
        assert words in reason(found[name]), name


def test_a_jpeg_is_detected_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(jpeg())
    (tmp_path / "photo.png").write_bytes(jpeg())
    assert all(isinstance(reading, ImportItem) for reading in readings(tmp_path).values())


def test_a_jpeg_may_have_a_trailer(tmp_path: Path) -> None:
    (tmp_path / "motion.jpg").write_bytes(jpeg() + b"MotionPhoto" + b"\x07" * (3 << 20))
    [item] = readings(tmp_path).values()
    assert isinstance(item, ImportItem)


def test_files_of_operating_systems_are_skipped_by_name(tmp_path: Path) -> None:
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "a.jpg").write_bytes(jpeg())
    for name in ("Thumbs.db", ".DS_Store", "._a.jpg", "desktop.ini", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    found = readings(tmp_path)
    assert set(found) == {"__MACOSX", "Thumbs.db", ".DS_Store", "._a.jpg", "desktop.ini", "notes.txt"}
    assert all(isinstance(reading, RejectedItem) and reading.skipped for reading in found.values())


def test_links_loops_and_devices_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.jpg").write_bytes(jpeg())
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (tmp_path / "in" / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "in" / "pipe.jpg")
    found = readings(tmp_path / "in")
    assert {where: reason(reading) for where, reading in found.items()} == {
        "dangling.jpg": "is a link, and links are not followed",
        "loop": "is a link, and links are not followed",
        "out.jpg": "is a link, and links are not followed",
        "pipe.jpg": "is not a regular file",
    }


def test_the_depth_of_folders_is_limited(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 80)
    deep.mkdir(parents=True)
    (deep / "a.jpg").write_bytes(jpeg())
    [found] = readings(tmp_path).values()
    assert reason(found) == "is nested deeper than 64 folders"


def test_reading_can_be_resumed_after_any_file_name(tmp_path: Path) -> None:
    for name in (b"a b.jpg", b"a/1.jpg", b"a.jpg", b"\xff\xfe.jpg", "ü%2F.jpg".encode(), b"z/y/x.jpg", b"new\nline.jpg"):
        path = tmp_path / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg())
    with reading(tmp_path) as reader:
        found = list(reader.read())
        assert len(found) == 7
        assert all(isinstance(item, ImportItem) for item in found)
        for index, item in enumerate(found):
            assert item.position.isascii()
            assert list(reader.read(after=item.position)) == found[index + 1 :]


def test_a_huge_size_in_the_header_is_not_decoded() -> None:
    small = jpeg()
    huge = small.replace(struct.pack(">HH", 6, 8), struct.pack(">HH", 65_000, 65_000))
    assert record(huge).width == 65_000


@pytest.mark.parametrize("count", [1_500, 5_000])  # too many bytes, too many tags
def test_a_directory_whose_tags_overlap_is_read_with_bounded_memory(count: int) -> None:
    entries = b"".join(struct.pack("<HHII", 0x1000 + n, 7, 60_000, 8) for n in range(count))
    bomb = b"II*\0" + struct.pack("<IH", 8, count) + entries
    content = jpeg()
    content = content[:2] + b"\xff\xe1" + struct.pack(">H", len(bomb) + 8) + b"Exif\0\0" + bomb + content[2:]
    tracemalloc.start()
    found = answer(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.record is not None
    assert found.remarks == (["its EXIF is damaged and was left out"] if count > 1_000 else [])
    assert peak < 4 << 20


def test_a_directory_that_references_itself_is_read_once() -> None:
    loop = b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    content = jpeg()
    content = content[:2] + b"\xff\xe1" + struct.pack(">H", len(loop) + 8) + b"Exif\0\0" + loop + content[2:]
    assert record(content).width == 8


EXIF = Image.Exif()
EXIF[0x010F] = "Make"
EXIF.get_ifd(0x8769)[0x9003] = "2024:05:01 10:00:00"
EXIF.get_ifd(0x8825)[2] = (41.0, 53.0, 1.0)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 255)), max_size=12), st.integers(0, 400))
def test_a_damaged_jpeg_is_read_or_rejected_with_a_reason(damage: list[tuple[int, int]], cut: int) -> None:
    content = bytearray(jpeg(exif=EXIF.tobytes()))
    for at, value in damage:
        content[at % len(content)] = value
    found = answer(bytes(content[: len(content) - cut]))
    assert found.record is not None or " " in found.reason


@pytest.mark.skipif("PHOTO_SAMPLES" not in os.environ, reason="PHOTO_SAMPLES is not set to a folder with the 12 camera files")
def test_all_real_camera_files_are_read() -> None:
    found = readings(Path(os.environ["PHOTO_SAMPLES"]))
    assert len(found) == 12
    records = {where: reading.record for where, reading in found.items() if isinstance(reading, ImportItem)}
    assert len(records) == 12
    nikon = records["DSCN0010.jpg"]
    assert (nikon.latitude, nikon.longitude, nikon.taken_local) == (43.4674483, 11.8851267, "2008-10-22T16:28:39")
    assert nikon.utc_offset_minutes is None, "its GPS time differs by a day from its local time"
    assert (records["portrait_8.jpg"].width, records["portrait_8.jpg"].height) == (450, 600)
    assert [record.caption for record in records.values() if record.caption] == [], "all captions are default texts of firmware"
