"""Libraries for two worlds: what a viewer may see is alike in both, everything else is drawn anew.

What the viewer may see is said here a second time, from the rules as people read them, and not asked of `access`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, NamedTuple

from access.precision import LocationPrecision as L
from access.precision import TimePrecision as T
from datasources.tables.photos import Coordinates, LabelMark

ROME, TRASTEVERE, FLORENCE, PARIS, MONTMARTRE, LYON = (
    *("gn:3169070", "gn:3165306", "gn:3176959", "gn:2988507", "gn:3029374", "gn:2996944"),
)
POINTS = {
    ROME: (41.892, 12.511),
    TRASTEVERE: (41.883, 12.467),
    FLORENCE: (43.779, 11.246),
    PARIS: (48.853, 2.349),
    MONTMARTRE: (48.892, 2.344),
    LYON: (45.749, 4.848),
}
CITY_OF = {TRASTEVERE: ROME, MONTMARTRE: PARIS}
COUNTRY_OF = {ROME: "IT", TRASTEVERE: "IT", FLORENCE: "IT", PARIS: "FR", MONTMARTRE: "FR", LYON: "FR"}
ZONES = {"IT": "Europe/Rome", "FR": "Europe/Paris"}
WORDS = ("beach", "sunset", "dog", "birthday", "Roma", "secret garden", "trastevere", "snow")
ALBUMS = {"ana": ("x", "y", "z"), "bob": ("own",), "cyn": ("far",)}
PEOPLE = {"ana": ("eva", "max"), "bob": ("ivy",), "cyn": ("zoe",)}
_DAYS = ("2023-12-24", "2024-02-29", "2024-05-01", "2024-05-02")


@dataclass(frozen=True)
class Spec:
    """A photo to be made: record fields, words, coordinates, and in which albums and of whom."""

    owner: str
    name: str
    fields: dict[str, Any]
    content: dict[str, Any]
    at: tuple[float, float] | None
    albums: tuple[str, ...]
    people: tuple[str, ...]
    altitude_m: float | None = 35.5
    embedding: tuple[float, ...] | None = None

    @property
    def active(self) -> bool:
        return not self.fields["hidden"] and self.fields["trashed_at_ms"] is None

    @property
    def coordinates(self) -> Coordinates | None:
        return None if self.at is None else Coordinates(*self.at, self.altitude_m)


@dataclass(frozen=True)
class Known:
    """What a viewer may know of a photo: how finely times, place names and points are visible_albums, and which classes at all."""

    time: T = T.EXACT
    place: L = L.EXACT
    point: L = L.EXACT
    owner: bool = False
    classes: frozenset[str] = frozenset()

    @property
    def file_name(self) -> bool:
        """File names and source ids need the content, and the exact time and coordinates."""
        return "CONTENT" in self.classes and self.time is T.EXACT and self.point is L.EXACT

    @property
    def offset(self) -> bool:
        return self.time is T.EXACT and max(self.place, self.point) >= L.CITY


class Account(NamedTuple):
    """The settings of a customer that are stored with the customer."""

    external_id: str
    created_at_ms: int
    languages: tuple[str, ...]
    time_zone: str | None


class OtherGrant(NamedTuple):
    """A grant of an album of ana to another customer than the viewer."""

    grantee: str
    album: str
    location: int
    time: int
    originals: bool
    expires_at_ms: int | None
    created_at_ms: int


@dataclass(frozen=True)
class World:
    """Everything that is in the tables of one world."""

    specs: tuple[Spec, ...]
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    """Names of people, titles of albums, display names: by owner and thing."""
    zone: tuple[float, float, float] | None = None
    strangers: tuple[OtherGrant, ...] = ()
    """Grants to other customers."""
    covers: dict[tuple[str, str], str | None] = field(default_factory=dict)
    """The photo chosen as cover, by owner and album or person."""
    accounts: dict[str, Account] = field(default_factory=dict)
    """Settings and external ids of customers."""
    created_at_ms: dict[tuple[str, str], int] = field(default_factory=dict)
    """When an album was created, by owner and album."""
    merged: frozenset[tuple[str, str]] = frozenset()
    """People that were merged into another person of the owner."""


def draw(rng: Random, owner: str, name: str) -> Spec:
    place = rng.choice([*POINTS, None])
    near = POINTS[place] if place else None
    at = (near[0] + rng.uniform(-0.01, 0.01), near[1] + rng.uniform(-0.01, 0.01)) if near and rng.random() < 0.8 else None
    clock = f"{rng.choice(_DAYS)}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:00" if rng.random() < 0.9 else None
    state = rng.choice(["ACTIVE"] * 6 + ["HIDDEN", "TRASHED"])
    fields = {
        "media_type": rng.choice(["PHOTO", "PHOTO", "VIDEO"]),
        "taken_local": clock,
        "offset_minutes": rng.choice([None, 60, 120]) if clock else None,
        "time_zone": ZONES[COUNTRY_OF[place]] if place else None,
        "place": place,
        "place_pinned": rng.random() < 0.3,
        "added_at_ms": 1_700_000_000_000 + rng.randrange(10**9),
        "labels": tuple(LabelMark(c, rng.choice([0.4, 0.9])) for c in rng.sample(["beach", "dog", "snow"], rng.randrange(3))),
        "camera_make": rng.choice([None, "Nikon", "Apple"]),
        "camera_model": rng.choice([None, "Z 8", "iPhone 15"]),
        "lens": rng.choice([None, "35mm f/1.8", "50mm f/1.4"]),
        "iso": rng.choice([None, 100, 400]),
        "aperture": rng.choice([None, 1.8, 8.0]),
        "shutter_s": rng.choice([None, 0.01, 0.5]),
        "focal_length_mm": rng.choice([None, 35.0, 50.0]),
        "content_type": rng.choice([None, "image/jpeg", "video/mp4"]),
        "file_size": rng.choice([None, 1_000, 2_000_000]),
        "duration_s": rng.choice([None, 2.5, 60.0]),
        "width": rng.choice([None, 400, 600]),
        "height": rng.choice([400, 500]),
        "offset_source": rng.choice(["RECORDED", "PLACE"]) if clock else None,
        "taken_from_file_name": rng.choice([None, True]),
        "place_data": rng.choice(["1", "2"]),
        "burst": rng.choice([None, "burst-1", "burst-2"]),
        "source_digest": rng.choice(["digest-1", "digest-2"]),
        "favorite": rng.random() < 0.4,
        "rating": rng.choice([None, 1, 5]),
        "hidden": state == "HIDDEN",
        "trashed_at_ms": 1_700_000_000_000 if state == "TRASHED" else None,
    }
    content = {
        "source_id": f"{name}-{rng.randrange(9)}",
        "caption": rng.choice([None, *WORDS]),
        "file_name": rng.choice([None, "IMG_1.JPG", "secret garden.png", "PXL_20240501_beach.jpg"]),
        "keywords": tuple(rng.sample(WORDS, rng.randrange(3))),
        "caption_language": rng.choice([None, "en", "it"]),
        "title": rng.choice([None, *WORDS]),
        "recognized_text": rng.choice([None, *WORDS]),
        "motion_id": rng.choice([None, "sha256:1", "sha256:2"]),
    }
    albums, people = ALBUMS[owner], PEOPLE[owner]
    return Spec(
        owner,
        name,
        fields,
        content,
        at,
        tuple(rng.sample(albums, rng.randrange(len(albums) + 1))),
        tuple(rng.sample(people, rng.randrange(len(people) + 1))),
        rng.choice([None, 35.5, 2_000.0]),
        rng.choice([None, (1.0, 0.0), (0.0, 1.0)]),
    )


def redrawn(spec: Spec, known: Known, rng: Random, *, home: bool | None, visible_albums: frozenset[str]) -> Spec:
    """The same photo to whoever knows so much; `home`: it must stay in or out of the home zone. `visible_albums`: albums that show."""
    other = draw(rng, spec.owner, spec.name)
    fields = dict(spec.fields)
    content, people, albums, embedding = spec.content, spec.people, spec.albums, spec.embedding
    altitude_m = spec.altitude_m if known.point is L.EXACT else other.altitude_m
    if "OWNER_STATE" not in known.classes:
        fields |= {k: other.fields[k] for k in ("favorite", "rating", "place_pinned", "source_digest", "place_data", "burst")}
    if "BIOMETRIC" not in known.classes:
        people = other.people
    if "CONTENT" not in known.classes:
        content = other.content
        fields["labels"] = other.fields["labels"]
        embedding = other.embedding
    elif not known.file_name:
        content = content | {name: other.content[name] for name in ("source_id", "file_name", "motion_id")}
    # Their order shows; those that do not show stand anywhere.
    hidden = [a for a in ALBUMS[spec.owner] if a not in visible_albums and rng.random() < 0.5]
    albums = (*hidden[:1], *(a for a in albums if a in visible_albums), *hidden[1:])
    fields |= _times(fields, other.fields, known, rng)
    at, place = _places(spec, other, known, rng, home=home)
    fields["place"] = place
    return replace(
        spec, fields=fields, content=content, at=at, people=people, albums=albums, altitude_m=altitude_m, embedding=embedding
    )


def _times(fields: dict[str, Any], other: dict[str, Any], known: Known, rng: Random) -> dict[str, Any]:
    made: dict[str, Any] = {}
    local = fields["taken_local"]
    if known.time is T.DAY and local:
        made["taken_local"] = f"{local[:10]}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:00"
    if known.time is T.NONE:
        made["taken_local"] = other["taken_local"]
    if known.time is not T.EXACT:
        made["added_at_ms"] = other["added_at_ms"]
        made["taken_from_file_name"] = other["taken_from_file_name"]
    if not known.offset:
        made["offset_minutes"] = rng.choice([None, 0, 60, 120, 480])
        made["offset_source"] = other["offset_source"]
    if not (known.offset and "PLACE" in known.classes):
        made["time_zone"] = other["time_zone"]
    return made


def _places(
    spec: Spec, other: Spec, known: Known, rng: Random, *, home: bool | None
) -> tuple[tuple[float, float] | None, str | None]:
    place = spec.fields["place"]
    visible_albums = max(known.place, known.point if known.point in {L.CITY, L.COUNTRY} else L.NONE)
    alike: Mapping[L, list[str | None]] = {
        L.NONE: [*POINTS, None],
        L.COUNTRY: [p for p in POINTS if place and COUNTRY_OF[p] == COUNTRY_OF[place]],
        L.CITY: [p for p in POINTS if place and CITY_OF.get(p, p) == CITY_OF.get(place, place)],
    }
    new_place = rng.choice(alike.get(visible_albums, [place]) or [None])
    return _point(spec, other, known, rng, home=home), new_place


def _point(spec: Spec, other: Spec, known: Known, rng: Random, *, home: bool | None) -> tuple[float, float] | None:
    if known.point is L.NONE and home is None:
        return other.at
    if spec.at is None or known.point is L.EXACT:
        return spec.at
    if known.point is L.KILOMETER:
        return _alike(spec.at, 15, rng)
    if home:
        return _alike(spec.at, 14, rng)
    return other.at or (rng.uniform(-60, 60), rng.uniform(-170, 170))


def _alike(at: tuple[float, float], zoom: int, rng: Random) -> tuple[float, float]:
    """Another point of the same tile."""
    while True:
        other = at[0] + rng.uniform(-0.01, 0.01), at[1] + rng.uniform(-0.01, 0.01)
        if tile(*other, zoom) == tile(*at, zoom):
            return other


def tile(latitude: float, longitude: float, zoom: int) -> tuple[int, int]:
    """The web map's tile, by the other formula of the sphere's Mercator than the house uses."""
    from math import cos, floor, log, pi, radians, tan

    n = 2.0**zoom
    north = radians(latitude)
    return floor((longitude + 180) / 360 * n), floor((1 - log(tan(north) + 1 / cos(north)) / pi) / 2 * n)
