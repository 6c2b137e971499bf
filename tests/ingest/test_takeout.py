"""Google Takeout: matching of JSON files, precedence of metadata, albums, trash, and exports in several archives."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.readers.reading import ImportItem, ReadResult, RejectedItem
from ingest.readers.takeout_names import SidecarMatcher, is_year_folder
from resolvers.importing.records import OffsetSource
from tests.ingest.files import readings, taken_of
from tests.ingest.makers import exif, picture, video, zipped

PLAIN = picture("JPEG")


def sidecar_json(title: str = "a.jpg", **more: Any) -> bytes:
    taken = int(datetime(2024, 5, 1, 8, tzinfo=UTC).timestamp())
    nowhere = {"latitude": 0.0, "longitude": 0.0, "altitude": 0.0}
    values = {
        "title": title,
        "description": "",
        "photoTakenTime": {"timestamp": str(taken)},
        "geoData": nowhere,
        "geoDataExif": nowhere,
    }
    return json.dumps(values | more).encode()


def place(latitude: float, longitude: float, altitude: float = 0.0) -> dict[str, float]:
    return {"latitude": latitude, "longitude": longitude, "altitude": altitude}


LONG = "a_very_long_name_of_a_photo_that_somebody_gave_it_once_upon_a_time"


@pytest.mark.parametrize(
    ("photo", "sidecar"),
    [
        ("IMG_1.jpg", "IMG_1.jpg.json"),
        ("IMG_1.JPG", "IMG_1.jpg.json"),
        ("IMG_1.jpg", "IMG_1.jpg.supplemental-metadata.json"),
        ("IMG_1.jpg", "IMG_1.jpg.supplemental-me.json"),
        ("IMG_1.jpg", "IMG_1.jpg.s.json"),
        ("IMG_1.jpg", "IMG_1.jpg..json"),
        ("IMG_1(1).jpg", "IMG_1.jpg(1).json"),
        ("IMG_1(1).jpg", "IMG_1(1).jpg.json"),
        ("IMG_1(1).jpg", "IMG_1.jpg.supplemental-metadata(1).json"),
        ("IMG_1(12).jpg", "IMG_1.jpg.supplemen(12).json"),
        ("IMG_1-edited.jpg", "IMG_1.jpg.json"),
        ("IMG_1-bearbeitet.jpg", "IMG_1.jpg.supplemental-metadata.json"),
        ("IMG_1-edited(1).jpg", "IMG_1.jpg(1).json"),
        ("IMG_1-編集済み.jpg", "IMG_1.jpg.json"),
        ("IMG_1.MP4", "IMG_1.HEIC.json"),
        ("IMG_1.MOV", "IMG_1.HEIC.supplemental-metadata.json"),
        ("IMG_1.jpg", "IMG_1.json"),
        ("IMG_1", "IMG_1.json"),
        (f"{LONG[:47]}.jpg", f"{LONG[:46]}.json"),
        (f"{LONG[:47]}(1).jpg", f"{LONG[:46]}(1).json"),
        (f"{LONG[:43]}.jpg", f"{LONG[:43]}.jp.json"),
        ("original_1d4c6f9e-8e2a-4b6e-9c1c-0b7a3f1d2e3f_P.jpg", "original_1d4c6f9e-8e2a-4b6e-9c1c-0b7a3f1d2e3f_.json"),
    ],
)  # fmt: skip
def test_json_files_are_matched_despite_altered_names(photo: str, sidecar: str) -> None:
    decoys = ["IMG_2.jpg.json", "IMG_1.jpg(2).json", "IMG_10.jpg.supplemental-metadata.json", "metadata.json"]
    assert SidecarMatcher([sidecar, *decoys]).of(photo) == sidecar
    assert SidecarMatcher(decoys).of(photo) is None


def test_the_exact_match_takes_precedence() -> None:
    found = SidecarMatcher(["IMG_1.jpg.json", "IMG_1.jpg(1).json", "IMG_1.HEIC.json"])
    assert [found.of(n) for n in ("IMG_1.jpg", "IMG_1(1).jpg", "IMG_1.HEIC")] == [
        "IMG_1.jpg.json",
        "IMG_1.jpg(1).json",
        "IMG_1.HEIC.json",
    ]


def test_folders_by_year_are_not_albums() -> None:
    years = ["Photos from 2019", "Fotos von 2019", "Photos de 2019", "2019 年の写真", "Foto's uit 2019", "2019"]
    assert all(is_year_folder(y) for y in years)
    assert not any(is_year_folder(a) for a in ["Rome 2019", "Summer", "Best of 2019", "20190101"])


def test_the_metadata_of_takeout_is_used_and_its_instant_gives_the_offset_of_the_local_time() -> None:
    raw_json = sidecar_json(
        description="Am Meer",
        people=[{"name": "Ana"}, {"name": ""}, 7],
        favorited=True,
        archived=True,
        geoData=place(41.89, 12.48, 37.5),
    )
    plain = taken_of(PLAIN, json=raw_json).record
    assert (plain.caption, [p.name for p in plain.people], plain.favorite, plain.hidden) == ("Am Meer", ["Ana"], True, True)
    assert (plain.latitude, plain.longitude, plain.altitude_meters) == (41.89, 12.48, 37.5)
    assert (plain.taken_local, plain.utc_offset_minutes, plain.taken_in_utc) == ("2024-05-01T08:00:00", 0, True)
    clock = exif(photo={0x9003: "2024:05:01 10:00:00"}, gps={})
    dated = taken_of(picture("JPEG", exif=clock), json=raw_json).record
    assert (dated.taken_local, dated.utc_offset_minutes, dated.offset_source) == ("2024-05-01T10:00:00", 120, OffsetSource.RECORD)


def test_a_local_time_that_takeout_treated_as_utc_has_no_offset() -> None:
    clock = exif(photo={0x9003: "2024:05:01 08:00:00"}, gps={})
    found = taken_of(picture("JPEG", exif=clock), json=sidecar_json()).record
    assert (found.taken_local, found.utc_offset_minutes, found.taken_in_utc) == ("2024-05-01T08:00:00", None, False)


def test_a_time_that_was_corrected_in_google_photos_is_used_with_a_remark() -> None:
    clock = exif(photo={0x9003: "1970:01:01 10:00:00"}, gps={})
    found = taken_of(picture("JPEG", exif=clock), json=sidecar_json())
    assert found.record.taken_local == "2024-05-01T08:00:00"
    assert "differ by more than a day" in found.remarks[0]


def test_the_location_of_the_file_is_used_unless_a_person_moved_the_photo() -> None:
    content = picture("JPEG", exif=exif())
    raw_json = sidecar_json(geoData=place(50.0, 8.0), geoDataExif=place(50.0, 8.0))
    assert taken_of(content, json=raw_json).record.latitude == 41.89
    moved = sidecar_json(geoData=place(50.0, 8.0), geoDataExif=place(41.89, 12.4833333))
    assert taken_of(content, json=moved).record.latitude == 50.0
    assert taken_of(content, json=sidecar_json()).record.latitude == 41.89


def test_a_photo_in_the_trash_stays_there() -> None:
    assert (
        taken_of(PLAIN, json=sidecar_json(trashed=True, photoLastModifiedTime={"timestamp": "1714600000"})).record.trashed_at
        == "2024-05-01T21:46:40Z"
    )


@pytest.mark.parametrize(
    "raw_json",
    [b"", b"[]", b"{", b"\xff", b'{"title": 1}', b'{"photoTakenTime": []}', b"[" * 100_000,
     sidecar_json(photoTakenTime={"timestamp": "9" * 40}), sidecar_json(photoTakenTime={"timestamp": None}), sidecar_json(geoData={"latitude": "x"}),
     sidecar_json(geoData=place(999.0, 0.0)), sidecar_json(people="Ana", description=7)],
    ids=lambda raw_json: raw_json[:20].hex(),
)  # fmt: skip
def test_invalid_json_does_not_reject_the_photo(raw_json: bytes) -> None:
    assert taken_of(PLAIN, json=raw_json or b" ").record.width == 80


# Complete exports


def names(found: list[ReadResult]) -> dict[str, ImportItem]:
    return {r.where.rpartition("/")[2]: r for r in found if isinstance(r, ImportItem)}


def rejected(found: list[ReadResult]) -> list[tuple[str, str, bool]]:
    return [(r.where, r.reason, r.skipped) for r in found if isinstance(r, RejectedItem)]


def numbered(n: int) -> bytes:
    return PLAIN + bytes([n])


ROOT = "Takeout/Google Fotos"
EXPORT = {
    f"{ROOT}/Fotos von 2024/IMG_1.jpg": numbered(1),
    f"{ROOT}/Fotos von 2024/IMG_1.jpg.supplemental-metadata.json": sidecar_json("IMG_1.jpg", description="one"),
    f"{ROOT}/Fotos von 2024/Metadaten.json": json.dumps({"title": "Fotos von 2024", "description": ""}).encode(),
    f"{ROOT}/Rom/IMG_1.jpg": numbered(1),
    f"{ROOT}/Rom/IMG_1.jpg.supplemental-metadata.json": sidecar_json("IMG_1.jpg", description="one"),
    f"{ROOT}/Rom/IMG_2.HEIC": picture("HEIF"),
    f"{ROOT}/Rom/IMG_2.HEIC.json": sidecar_json("IMG_2.HEIC", description="two"),
    f"{ROOT}/Rom/IMG_2.MP4": video(brand=b"mp42"),
    f"{ROOT}/Rom/ab_cd_.jpg": numbered(3),
    f"{ROOT}/Rom/ab&cd#.json": sidecar_json("ab&cd#.jpg", description="three"),
    f"{ROOT}/Rom/IMG_9.jpg.json": sidecar_json("IMG_9.jpg"),
    f"{ROOT}/Rom/Metadaten.json": json.dumps({"title": "Rom & Meer", "description": "", "access": "protected"}).encode(),
    f"{ROOT}/Papierkorb/IMG_4.jpg": numbered(4),
    f"{ROOT}/Papierkorb/IMG_4.jpg.json": sidecar_json("IMG_4.jpg"),
    "Takeout/archive_browser.html": b"<html>",
}  # fmt: skip


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def check_export(found: list[ReadResult]) -> None:
    items = names(found)
    albums = {n: [(a.key, a.title) for a in i.record.albums] for n, i in items.items()}
    rome = [("Rom", "Rom & Meer")]
    assert albums == {"IMG_1.jpg": rome, "IMG_2.HEIC": rome, "ab_cd_.jpg": rome, "IMG_4.jpg": []}
    assert [items[n].record.caption for n in ("IMG_1.jpg", "IMG_2.HEIC", "ab_cd_.jpg")] == ["one", "two", "three"]
    assert items["IMG_4.jpg"].record.trashed_at is not None
    live = items["IMG_2.HEIC"]
    assert live.motion is not None
    assert live.record.motion_id == f"sha256:{live.motion.sha256}"
    lost = [(where.rpartition("/")[2], skipped) for where, _, skipped in rejected(found)]
    assert sorted(lost) == [
        ("IMG_9.jpg.json", False),
        ("Metadaten.json", True),
        ("Metadaten.json", True),
        ("archive_browser.html", True),
    ]


def test_an_export_in_a_folder(tmp_path: Path) -> None:
    check_export(readings(write_files(tmp_path, EXPORT)))


def test_an_export_in_one_zip(tmp_path: Path) -> None:
    (tmp_path / "export.zip").write_bytes(zipped(EXPORT))
    check_export(readings(tmp_path / "export.zip"))


@pytest.mark.parametrize("as_folder", [True, False])
def test_photos_and_json_files_are_matched_across_several_zips(tmp_path: Path, as_folder: bool) -> None:
    photos = {n: c for n, c in EXPORT.items() if not n.endswith(".json")}
    paths = [tmp_path / f"takeout-20240501T000000Z-00{n}.zip" for n in (1, 2)]
    paths[0].write_bytes(zipped(photos))
    paths[1].write_bytes(zipped({n: c for n, c in EXPORT.items() if n not in photos}))
    check_export(readings(*([tmp_path] if as_folder else paths)))


def test_reading_several_zips_can_be_resumed_after_any_file(tmp_path: Path) -> None:
    paths = [tmp_path / "a.zip", tmp_path / "b.zip"]
    for path in paths:
        path.write_bytes(
            zipped({"x/1.jpg": numbered(1), "x/2.jpg": numbered(2), "x/2.mov": video(seconds=60), "y/3.jpg": numbered(3)})
        )
    found = [r.position for r in readings(*paths)]
    assert len(found) == 8
    for index, position in enumerate(found):
        assert [r.position for r in readings(*paths, after=position)] == found[index + 1 :]
