"""Generates the demo library: three households over twelve years, deterministic by the seed, in one or two seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from operator import attrgetter
from random import Random
from typing import Literal

from demo.edge_cases import edge_cases
from demo.places import SPOTS
from demo.plan import LIVES, Life, Trip
from demo.record_generator import Moment, Photographer
from demo.scene_templates import HOME_SCENES, SCENES
from resolvers.importing.records import AlbumRecord, ImportRecord

LAST_DAY = date(2026, 10, 31)
_TRIPS_PART = 0.55
_BURSTS = 0.06


@dataclass(frozen=True, slots=True)
class Household:
    """A customer with the records of their library, oldest first and those without a time last."""

    external_id: str
    display_name: str
    languages: tuple[str, ...]
    time_zone: str
    """The time zone of the current home."""
    home_zones: tuple[tuple[date, str], ...]
    """The time zones of the homes with the dates since when they applied."""
    records: tuple[ImportRecord, ...]


@dataclass(frozen=True, slots=True)
class DemoShare:
    """A share of an album with a customer, or with guests by a link if `customer` is None."""

    owner: str
    album: str
    customer: str | None
    location: Literal["EXACT", "KILOMETER", "CITY", "COUNTRY", "NONE"]
    time: Literal["EXACT", "DAY", "NONE"]
    originals: bool
    expires_at: str | None = None


@dataclass(frozen=True, slots=True)
class DemoLibrary:
    """The households, largest first, and their shares."""

    households: tuple[Household, ...]
    shares: tuple[DemoShare, ...]


SHARES = (
    DemoShare("ana", "2024-pacific", "kenji", "CITY", "DAY", originals=False),
    DemoShare("ana", "2022-iceland", None, "NONE", "DAY", originals=False),
    DemoShare("kenji", "2024-with-ana", "ana", "EXACT", "EXACT", originals=True, expires_at="2035-01-01T00:00:00Z"),
)


def demo_library(*, seed: int = 7, photos: int = 6_000) -> DemoLibrary:
    """A library of exactly `photos` records (at least 120), divided between the households by 70 : 21.7 : 8.3."""
    sizes = [round(life.part * photos) for life in LIVES]
    sizes[0] += photos - sum(sizes)
    households = (_household(life, size, Random(f"{seed}/{life.external_id}"))  # noqa: S311  (a demo, not a secret)
                  for life, size in zip(LIVES, sizes, strict=True))  # fmt: skip
    return DemoLibrary(tuple(households), SHARES)


def _household(life: Life, size: int, random: Random) -> Household:
    photographer = Photographer(life, random)
    records = list(islice(edge_cases(life.external_id), size))
    moments: list[Moment] = []
    weights = sum(trip.days * trip.weight for trip in life.trips)
    for trip in life.trips:
        count = round((size - len(records)) * _TRIPS_PART * trip.days * trip.weight / weights)
        moments += islice(_travel(life, trip, count, random), count)
    moments += islice(_home(life, random), size - len(records) - len(moments))
    # In order of time, so that the numbers in the file names of a camera increase.
    records += [photographer.record(moment) for moment in sorted(moments, key=attrgetter("wall"))]
    records.sort(key=lambda record: (record.taken_local is None, record.taken_local or "", record.source_id))
    zones = tuple((since, SPOTS[spot].zone) for since, spot in life.homes)
    return Household(life.external_id, life.display_name, life.languages, zones[-1][1], zones, tuple(records))


def _travel(life: Life, trip: Trip, count: int, random: Random) -> Iterator[Moment]:
    """At least `count` pictures, at one place each day in the order of the trip."""
    album = AlbumRecord(trip.album, trip.title)
    people = (life.people[0].key, *trip.people)
    for day in range(trip.days):
        spot = trip.spots[day * len(trip.spots) // trip.days]
        for _ in range(count * (day + 1) // trip.days - count * day // trip.days):
            scene = "wedding" if trip.album.endswith("wedding") else random.choice(SPOTS[spot].themes)
            wall = _wall(trip.start + timedelta(days=day), scene, random)
            yield Moment(spot, scene, wall, people, trip.language, album)


def _home(life: Life, random: Random) -> Iterator[Moment]:
    """Endless days at home: birthdays, holidays and ordinary days."""
    first = life.homes[0][0]
    away = {trip.start + timedelta(days=day) for trip in life.trips for day in range(trip.days)}
    people = tuple(person.key for person in life.people[:5])
    while True:
        day = first + timedelta(days=random.randrange((LAST_DAY - first).days + 1))
        if day in away:
            continue
        scene, whose = _occasion(life, day, random)
        spot = [spot for since, spot in life.homes if since <= day][-1]
        language = "de" if spot == "berlin" else random.choices(life.languages, (6, 2, 2)[: len(life.languages)])[0]
        wall = _wall(day, scene, random)
        # Some photos of dogs are bursts of several pictures within seconds.
        shots = random.randint(4, 8) if scene == "dog" and random.random() < _BURSTS else 1
        for shot in range(shots):
            shown = (whose,) if whose else people
            yield Moment(spot, scene, wall + timedelta(seconds=shot), shown, language)


def _occasion(life: Life, day: date, random: Random) -> tuple[str, str | None]:
    since = {person.key: person.since for person in life.people}
    for month, number, whose in life.birthdays:
        # The days near a birthday have pictures of it too.
        if day.month == month and abs(day.day - number) <= 4 and since[whose] < day.year:  # noqa: PLR2004
            return "birthday", whose
    if day.month == 12 and 20 <= day.day <= 27 and life.external_id == "ana":  # noqa: PLR2004
        return "christmas", None
    if day.month in {8, 11} and day.day < 9 and life.external_id != "ana":  # noqa: PLR2004
        return "festival", None
    return random.choice(HOME_SCENES), None


def _wall(day: date, scene: str, random: Random) -> datetime:
    first, last = SCENES[scene].hours
    return datetime.combine(day, time(random.randint(first, last), random.randrange(60), random.randrange(60)))
