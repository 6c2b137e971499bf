"""The demo library is reproducible and has the documented sizes and contents."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from demo.captions import CAPTIONS
from demo.library import LAST_DAY, DemoLibrary, demo_library
from demo.places import SPOTS
from demo.plan import LIVES
from demo.scene_templates import HOME_SCENES, SCENES
from demo.synthetic import THOUSAND, synthetic_library
from resolvers.importing.record_reading import read_record, to_wire
from resolvers.importing.records import ImportRecord


@pytest.fixture(scope="module")
def demo() -> DemoLibrary:
    return demo_library()


def all_records(library: DemoLibrary) -> Iterator[ImportRecord]:
    for household in library.households:
        yield from household.records


def test_the_library_is_determined_by_the_seed(demo: DemoLibrary) -> None:
    assert demo_library() == demo
    assert demo_library(seed=8) != demo


def test_the_sizes_are_as_documented(demo: DemoLibrary) -> None:
    assert [(h.external_id, len(h.records)) for h in demo.households] == [("ana", 4200), ("kenji", 1300), ("priya", 500)]
    assert [len(h.records) for h in demo_library(photos=600).households] == [420, 130, 50]


@pytest.mark.parametrize("photos", [120, 121, 999])
def test_a_small_demo_has_the_requested_size(photos: int) -> None:
    assert sum(1 for _ in all_records(demo_library(photos=photos))) == photos


def test_every_record_is_in_the_normal_form_that_the_import_accepts(demo: DemoLibrary) -> None:
    for record in all_records(demo):
        assert read_record(to_wire(record)) == record


def test_source_ids_are_unique_within_a_household(demo: DemoLibrary) -> None:
    for household in demo.households:
        assert len({record.source_id for record in household.records}) == len(household.records)


def test_nothing_was_taken_after_the_last_day(demo: DemoLibrary) -> None:
    end = (LAST_DAY + timedelta(days=1)).isoformat()
    assert max(record.taken_local or "" for record in all_records(demo)) < end
    assert max(record.trashed_at or "" for record in all_records(demo)) < (LAST_DAY + timedelta(days=11)).isoformat()


@pytest.mark.parametrize(
    ("kind", "matches", "minimum"),
    [
        ("videos", lambda r: r.media_type == "VIDEO" and (r.duration_seconds or 0) > 0, 100),
        ("favorites", lambda r: r.favorite, 100),
        ("hidden", lambda r: r.hidden, 10),
        ("trashed", lambda r: r.trashed_at is not None, 20),
        ("rated", lambda r: r.rating is not None, 100),
        ("older than 1970", lambda r: (r.taken_local or "9") < "1970", 6),
        ("without a time", lambda r: r.taken_local is None, 20),
        ("without a place", lambda r: r.latitude is None, 200),
        ("with a local time without offset", lambda r: r.taken_local is not None and r.utc_offset_minutes is None, 200),
        ("with recognized text", lambda r: r.recognized_text is not None, 5),
        ("in half-hour zones", lambda r: (r.utc_offset_minutes or 0) % 60 == 30, 200),
        ("in quarter-hour zones", lambda r: (r.utc_offset_minutes or 0) % 60 == 45, 100),
        ("west of the date line", lambda r: (r.longitude or 0) > 165, 100),
        ("east of the date line", lambda r: (r.longitude or 0) < -165, 50),
        ("with offsets below -10 hours", lambda r: (r.utc_offset_minutes or 0) <= -600, 50),
        ("with a lens", lambda r: r.camera is not None and r.camera.lens is not None, 1000),
        ("with exposure", lambda r: r.exposure is not None, 4000),
        ("with keywords", lambda r: bool(r.keywords), 100),
    ],
)
def test_there_are_enough_photos_of_each_kind(
    demo: DemoLibrary, kind: str, matches: Callable[[ImportRecord], bool], minimum: int
) -> None:
    assert sum(matches(record) for record in all_records(demo)) >= minimum, kind


def test_captions_are_in_seven_languages(demo: DemoLibrary) -> None:
    counts = Counter(record.caption_language for record in all_records(demo) if record.caption)
    assert {language for language, count in counts.items() if count >= 40} == {"it", "en", "ja", "de", "hi", "es", "fr"}
    assert not any("{" in (record.caption or "") for record in all_records(demo))


def test_there_are_bursts(demo: DemoLibrary) -> None:
    dogs = [r.taken_local for r in demo.households[0].records if r.taken_local and r.labels and r.labels[0].key == "dog"]
    moments = sorted(datetime.fromisoformat(wall) for wall in dogs)
    close = sum(later - earlier <= timedelta(seconds=2) for earlier, later in pairwise(moments))
    assert close > 20


def test_offsets_are_those_of_the_place_and_time(demo: DemoLibrary) -> None:
    """Compares with the time zones of the spots near the photo."""
    for record in list(all_records(demo))[::7]:
        if record.latitude is None or record.utc_offset_minutes is None or (record.taken_local or "") < "1990":
            continue
        near = [s for s in SPOTS.values() if abs(s.latitude - record.latitude) + abs(s.longitude - (record.longitude or 0)) < 0.2]
        wall = datetime.fromisoformat(record.taken_local or "")
        offsets = {wall.replace(tzinfo=ZoneInfo(spot.zone)).utcoffset() for spot in near}
        assert not near or timedelta(minutes=record.utc_offset_minutes) in offsets, record.source_id


def test_people_are_not_in_photos_before_their_birth(demo: DemoLibrary) -> None:
    for life, household in zip(LIVES, demo.households, strict=True):
        since = {person.key: person.since for person in life.people}
        for record in household.records:
            assert all(since[p.key] <= int((record.taken_local or "9999")[:4]) for p in record.people)


def test_shares_refer_to_existing_albums(demo: DemoLibrary) -> None:
    albums = {h.external_id: {a.key for r in h.records for a in r.albums} for h in demo.households}
    assert all(share.album in albums[share.owner] for share in demo.shares)
    kinds = {(share.customer, share.location, share.time) for share in demo.shares}
    assert {("kenji", "CITY", "DAY"), (None, "NONE", "DAY")} <= kinds


def test_every_scene_of_the_plan_exists() -> None:
    assert set(HOME_SCENES) <= set(SCENES)
    assert {theme for spot in SPOTS.values() for theme in spot.themes} <= set(SCENES)
    assert {scene for scenes in CAPTIONS.values() for scene in scenes} <= set(SCENES)
    assert all(trip.language in CAPTIONS and set(trip.spots) <= set(SPOTS) for life in LIVES for trip in life.trips)


def test_every_label_is_a_concept_of_the_table(demo: DemoLibrary) -> None:
    table = Path(__file__).parents[2] / "datasources" / "translations" / "labels.csv"
    with table.open(encoding="utf-8", newline="") as file:
        concepts = {row["concept"] for row in csv.DictReader(file)}
    used = {label.key for record in all_records(demo) for label in record.labels}
    assert used | {key for scene in SCENES.values() for key in scene.labels} <= concepts


def test_the_table_of_trips_in_the_documentation_is_correct(demo: DemoLibrary) -> None:
    page = (Path(__file__).parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `([\w-]+)` \| .* \| (\d+) \|$", page, re.MULTILINE)
    counts = Counter((h.external_id, a.key) for h in demo.households for r in h.records for a in r.albums)
    assert {(owner, album): int(photos) for owner, album, photos in rows} == counts


def test_a_synthetic_library_has_exactly_the_requested_sizes() -> None:
    for owners, photos in ((3, 1_500), (20, 12_345)):
        library = synthetic_library(owners=owners, photos=photos)
        sizes = {household.external_id: sum(1 for _ in household.records()) for household in library}
        assert len(sizes) == owners
        assert sum(sizes.values()) == photos
        assert sizes[THOUSAND] == 1_000
        assert sizes["bench-tenth"] == photos // 10


def test_the_customer_of_a_thousand_is_the_same_at_every_size() -> None:
    small, large = synthetic_library(owners=3, photos=1_500), synthetic_library(owners=90, photos=50_000)
    assert list(small[0].records()) == list(large[0].records())
    assert all(read_record(to_wire(record)) == record for record in small[0].records())


def test_impossible_sizes_of_a_synthetic_library_are_rejected() -> None:
    for owners, photos in ((2, 10_000), (3, 1_000), (50, 1_120)):
        with pytest.raises(ValueError, match="needs"):
            synthetic_library(owners=owners, photos=photos)
