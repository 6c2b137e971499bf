"""Millions of plausible records for benchmarks, made quickly and deterministically from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from demo.captions import CAPTIONS
from demo.places import SPOTS
from demo.plan import LIVES
from demo.record_generator import offset_at
from demo.scene_templates import SCENES
from resolvers.importing.records import (
    AlbumRecord,
    CameraRecord,
    ExposureRecord,
    ImportRecord,
    LabelRecord,
    MediaType,
    OffsetSource,
    PersonRecord,
)

THOUSAND = "bench-thousand"
TENTH = "bench-tenth"
_THOUSAND_PHOTOS = 1_000
_FIRST = datetime(2012, 1, 1)  # noqa: DTZ001  (a wall clock)
_SECONDS = 14 * 365 * 86_400
_POOL = 512


@dataclass(frozen=True, slots=True)
class SyntheticHousehold:
    """A customer of a benchmark; every call of `records()` generates the records."""

    external_id: str
    photos: int
    seed: int

    def records(self) -> Iterator[ImportRecord]:
        """The records, not in order of time. They depend only on the seed and the customer."""
        return _records(self.external_id, self.photos, self.seed)


def synthetic_library(*, owners: int, photos: int, seed: int = 7) -> tuple[SyntheticHousehold, ...]:
    """Exactly `photos` records: 1,000 of `THOUSAND`, a tenth of `TENTH`, and equal shares of the rest of the others.

    It needs three owners and more than 1,112 photos. The records of `THOUSAND` are the same at every size, so that times at
    10,000 and at 1,000,000 photos can be compared.
    """
    tenth = photos // 10
    rest, others = photos - tenth - _THOUSAND_PHOTOS, owners - 2
    if others < 1 or rest < others:
        raise ValueError("synthetic_library needs at least 3 owners and more than 1,112 photos")
    sizes = {THOUSAND: _THOUSAND_PHOTOS, TENTH: tenth}
    sizes |= {f"bench-{number:05}": rest * (number + 1) // others - rest * number // others for number in range(others)}
    return tuple(SyntheticHousehold(external_id, size, seed) for external_id, size in sizes.items())


def _records(external_id: str, photos: int, seed: int) -> Iterator[ImportRecord]:
    random = Random(f"{seed}/{external_id}")  # noqa: S311  (a benchmark, not a secret)
    labels, captions, gears = _label_pool(random), _captions(), _gears()
    people, albums = _people_pool(random), _album_pool()
    spots = [(spot.latitude, spot.longitude, offset_at(_FIRST, spot.zone)) for spot in SPOTS.values()]
    pick = random.random
    for number in range(photos):
        # The square concentrates the pictures on few places, as in real libraries.
        latitude, longitude, offset = spots[int(pick() ** 2 * len(spots))]
        language, caption = captions[int(pick() * len(captions))] if pick() < 0.4 else (None, None)  # noqa: PLR2004
        yield ImportRecord(
            source_id=f"{external_id}/{number:07}",
            media_type=MediaType.PHOTO if number % 25 else MediaType.VIDEO,
            file_name=f"IMG_{number:07}.jpg",
            taken_local=(_FIRST + timedelta(seconds=int(pick() * _SECONDS))).isoformat(),
            utc_offset_minutes=offset,
            offset_source=OffsetSource.RECORD,
            caption=caption,
            caption_language=language,
            latitude=round(latitude + (pick() - 0.5) / 10, 6),
            longitude=round(longitude + (pick() - 0.5) / 10, 6),
            file_size=int(1e6 + pick() * 5e6),
            labels=labels[int(pick() * _POOL)],
            people=people[int(pick() * _POOL)],
            albums=albums[int(pick() * len(albums))],
            favorite=number % 20 == 0,
            rating=5 if number % 50 == 0 else None,
            **gears[int(pick() * len(gears))],
        )


def _gears() -> list[dict[str, Any]]:
    return [
        {
            "camera": CameraRecord(camera.make, camera.model, camera.lens),
            "exposure": ExposureRecord(100, camera.aperture, 0.004, camera.lens_mm),
            "width": camera.pixels[0],
            "height": camera.pixels[1],
            "content_type": "image/jpeg",
        }
        for life in LIVES
        for camera in life.cameras
    ]


def _label_pool(random: Random) -> list[tuple[LabelRecord, ...]]:
    scenes = list(SCENES.values())
    return [
        tuple(LabelRecord(key, round(random.uniform(0.4, 0.99), 2)) for key in random.choice(scenes).labels) for _ in range(_POOL)
    ]


def _people_pool(random: Random) -> list[tuple[PersonRecord, ...]]:
    known = [PersonRecord(f"person-{number}", f"Person {number}") for number in range(24)]
    return [tuple(random.sample(known, random.choice((0, 0, 1, 1, 2, 3)))) for _ in range(_POOL)]


def _album_pool() -> list[tuple[AlbumRecord, ...]]:
    named = [(AlbumRecord(f"album-{number}", f"Album {number}"),) for number in range(40)]
    return [(), *named, *([()] * 39)]


def _captions() -> list[tuple[str, str]]:
    return [
        (language, text.replace("{who}", "Ana"))
        for language, scenes in CAPTIONS.items()
        for texts in scenes.values()
        for text in texts
    ]
