"""The comparison with exiftool counts agreements and differences by field; here with prepared output of exiftool."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.exiftool_comparison import compare, number
from tests.ingest.makers import exif, picture


def test_fields_agree_differ_or_are_lost(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(picture("JPEG", exif=exif()))
    (folder / "b.jpg").write_bytes(b"nothing")
    tags = {
        "SourceFile": str(folder / "a.jpg"), "EXIF:DateTimeOriginal": "2024:05:01 10:00:00", "EXIF:Make": "Maker",
        "Composite:GPSLatitude": "41 deg 53' 24.00\" N", "File:ImageWidth": 80, "File:ImageHeight": 61, "XMP:Rating": 3,
        "EXIF:ISO": 0,
    }  # fmt: skip
    (tmp_path / "out.json").write_text(json.dumps([tags, {"SourceFile": str(folder / "b.jpg")}]))
    counts, rejected, compared = compare(folder, tmp_path / "out.json")
    assert (compared, len(rejected)) == (1, 1)
    assert [counts[name].agrees for name in ("takenAt", "make", "latitude", "width")] == [1, 1, 1, 1]
    assert (len(counts["height"].differs), len(counts["rating"].lost), counts["longitude"].extra) == (1, 1, 1)
    assert counts["iso"].lost == []


def test_numbers_of_exiftool_are_read_in_every_form() -> None:
    assert [number(text) for text in ("1/250", "2.50 s", "0:01:10", "50.0 mm", -3, "x")] == [0.004, 2.5, 70.0, 50.0, -3.0, None]
