"""Generates the records of pictures: location, time, camera, people and caption."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from demo.captions import CAPTIONS
from demo.places import SPOTS, Spot
from demo.plan import Camera, Life, Person
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

_CONTENT_TYPES = {"HEIC": "image/heic", "JPG": "image/jpeg", "jpg": "image/jpeg", "MOV": "video/quicktime"}
_SHUTTERS = (1 / 2000, 1 / 1000, 1 / 500, 1 / 250, 1 / 125, 1 / 60, 1 / 30)
_METERS_PER_DEGREE = 111_320


@dataclass(frozen=True, slots=True)
class Moment:
    """The scene, place, time and people of a picture."""

    spot: str
    scene: str
    wall: datetime
    people: tuple[str, ...]
    language: str
    album: AlbumRecord | None = None


class Photographer:
    """Generates the records of one household, with file names that are numbered as by its cameras."""

    def __init__(self, life: Life, random: Random) -> None:
        self._life = life
        self._random = random
        self._people = {person.key: person for person in life.people}
        self._count = 0

    def record(self, moment: Moment) -> ImportRecord:
        """A photo or sometimes a video."""
        self._count += 1
        camera = self._camera(moment.wall.year)
        latitude, longitude, altitude = self._where(camera, SPOTS[moment.spot])
        offset = offset_at(moment.wall, SPOTS[moment.spot].zone) if camera.knows_zone else None
        people = self._seen(moment)
        caption, language = self._words(moment, people)
        record = ImportRecord(
            source_id=f"{self._life.external_id}/{self._count:05}",
            taken_local=moment.wall.isoformat(),
            utc_offset_minutes=offset,
            offset_source=None if offset is None else OffsetSource.RECORD,
            caption=caption,
            caption_language=language,
            latitude=latitude,
            longitude=longitude,
            altitude_meters=altitude,
            labels=self._labels(moment.scene, people),
            people=tuple(PersonRecord(person.key, person.name) for person in people),
            albums=(moment.album,) if moment.album else (),
            keywords=SCENES[moment.scene].keywords if self._chance(0.5) else (),
            **self._file(camera, moment.wall),
            **self._owner_attributes(moment.wall),
        )
        return self._forwarded(record) if self._chance(0.01) else record

    def _file(self, camera: Camera, wall: datetime) -> dict[str, Any]:
        video = self._chance(0.04)
        width, height = (1920, 1080) if video else camera.pixels
        if self._chance(0.3):
            width, height = height, width
        name = self._file_name(camera, wall, video=video)
        return {
            "media_type": MediaType.VIDEO if video else MediaType.PHOTO,
            "file_name": name,
            "content_type": _CONTENT_TYPES[name.rsplit(".", 1)[1]],
            "file_size": round(width * height * self._random.uniform(0.15, 0.45) * (12 if video else 1)),
            "width": width,
            "height": height,
            "duration_seconds": round(self._random.uniform(3, 95), 2) if video else None,
            "camera": CameraRecord(make=camera.make, model=camera.model, lens=camera.lens),
            "exposure": None if video else self._exposure(camera),
        }

    def _owner_attributes(self, wall: datetime) -> dict[str, Any]:
        """The attributes that the owner sets."""
        state = self._random.choices(("", "favorite", "hidden", "trashed"), (93.2, 5, 0.6, 1.2))[0]
        return {
            "favorite": state == "favorite",
            "hidden": state == "hidden",
            "trashed_at": f"{(wall + timedelta(days=9)).isoformat()}Z" if state == "trashed" else None,
            "rating": self._random.choice((3, 4, 4, 5, 5)) if self._chance(0.09) else None,
        }

    def _forwarded(self, record: ImportRecord) -> ImportRecord:
        """The record after a messenger has reduced the picture and removed its time, place and camera."""
        return ImportRecord(
            source_id=record.source_id,
            media_type=MediaType.PHOTO,
            file_name=f"FB_IMG_{self._count:06}.jpg",
            content_type="image/jpeg",
            file_size=record.file_size and record.file_size % 300_000 + 40_000,
            width=1600,
            height=1200,
            caption=record.caption,
            caption_language=record.caption_language,
            labels=record.labels,
            people=record.people,
        )

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _camera(self, year: int) -> Camera:
        usable = [camera for camera in self._life.cameras if camera.years[0] <= year <= camera.years[1]]
        weights = [3 if camera.knows_place else 1 for camera in usable]
        return self._random.choices(usable, weights)[0]

    def _file_name(self, camera: Camera, wall: datetime, *, video: bool) -> str:
        ending = "MOV" if video else camera.ending
        if not camera.prefix or camera.prefix == "PXL_":
            return f"{camera.prefix}{wall:%Y%m%d_%H%M%S}.{ending}"
        return f"{camera.prefix}{self._count % 10_000:04}.{ending}"

    def _where(self, camera: Camera, spot: Spot) -> tuple[float | None, float | None, float | None]:
        # Phones have no location indoors; cameras have one only while they are paired with a phone.
        if not self._chance(0.97 if camera.knows_place else 0.75):
            return None, None, None
        distance_m = spot.spread_km * 1000 * self._random.random() ** 2
        bearing = self._random.uniform(0, 2 * math.pi)
        latitude = spot.latitude + distance_m * math.cos(bearing) / _METERS_PER_DEGREE
        shrink = math.cos(math.radians(spot.latitude))
        longitude = spot.longitude + distance_m * math.sin(bearing) / _METERS_PER_DEGREE / shrink
        altitude = round(spot.altitude_m + self._random.uniform(-3, 12), 1)
        return round(latitude, 6), round(longitude, 6), altitude

    def _seen(self, moment: Moment) -> list[Person]:
        born = [self._people[key] for key in moment.people if self._people[key].since <= moment.wall.year]
        count = min(self._random.choices((0, 1, 2, 3, 4), (40, 30, 17, 9, 4))[0], len(born))
        if moment.scene in {"birthday", "baby", "wedding", "school"}:
            count = min(max(count, 1), len(born))
        return self._random.sample(born, count)

    def _words(self, moment: Moment, people: list[Person]) -> tuple[str | None, str | None]:
        texts = CAPTIONS[moment.language].get(moment.scene, ())
        if not texts or not self._chance(0.55):
            return None, None
        text = self._random.choice(texts)
        if "{who}" in text:
            if not people:
                return None, None
            text = text.replace("{who}", people[0].name.split()[0])
        return text, moment.language

    def _exposure(self, camera: Camera) -> ExposureRecord:
        return ExposureRecord(
            iso=self._random.choice((32, 50, 80, 100, 125, 200, 400, 800, 1600)),
            aperture=camera.aperture,
            shutter_seconds=round(self._random.choice(_SHUTTERS), 6),
            focal_length_mm=camera.lens_mm,
        )

    def _labels(self, scene: str, people: list[Person]) -> tuple[LabelRecord, ...]:
        found = {}
        for rank, key in enumerate(SCENES[scene].labels):
            if self._random.random() < 1 - 0.18 * rank:
                found[key] = round(max(0.99 - 0.11 * rank - self._random.random() * 0.1, 0.3), 2)
        if people:
            found.setdefault("person", round(self._random.uniform(0.9, 0.99), 2))
        return tuple(LabelRecord(key, confidence) for key, confidence in found.items())


def offset_at(wall: datetime, zone: str) -> int:
    """The UTC offset of the zone in minutes at a local time."""
    offset = wall.replace(tzinfo=ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return round(offset.total_seconds() / 60)
