"""Random client requests from a seed: nested filters, words, orders, facets and errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

FACETS = (
    "COUNTRY",
    "REGION",
    "CITY",
    "PERSON",
    "LABEL",
    "ALBUM",
    "OWNER",
    "KEYWORD",
    "CAMERA",
    "LENS",
    "MEDIA_TYPE",
    "RATING",
    "FAVORITE",
)
ORDERS = ("TAKEN_AT_DESC", "TAKEN_AT_ASC", "ADDED_AT_DESC", "ADDED_AT_ASC")
SEARCH_ORDERS = ("RELEVANCE", "RELEVANCE", "RELEVANCE", "TAKEN_AT_DESC", "TAKEN_AT_ASC")
LIBRARIES = ("MINE", "MINE", "ALL", "SHARED_WITH_ME")
WORDS = (
    "beach sunset dog cat snow mountain birthday christmas wedding Roma Tokyo 東京 海 桜 Strand Berg plage montagne mare spiaggia "
    "gatto Hund chien red the with Ana Kenji iceland pacific food café breakfast ramen IMG garden lake sea night museum 2024 xyzzy "
    "bithday montain beac sunse Hochzeit Geburtstag compleanno 誕生日 犬 car train friends family"
).split()
NAME_PARTS = ("IMG", "1", "20", "jpg", "DSC", "_00", "heic", "mov", "zzz", ".J")
POINTS = ((41.9, 12.5), (35.68, 139.76), (52.52, 13.4), (64.1, -21.9), (-17.7, 178.0), (0.0, 0.0), (46.5, 8.0))

RICH = (
    "version mediaType width height durationSeconds contentType fileSize",
    "takenAt takenOn takenAtLocal takenAtPrecision utcOffsetMinutes timeZone addedAt",
    "sourceId caption fileName keywords recognizedText",
    "location { latitude longitude altitudeMeters } place { id name countryCode } placePinned",
    "labels { confidence label { id name } }",
    "people { id name }",
    "albums { id title owner { id } }",
    "camera { name lens } exposure { iso aperture focalLengthMm }",
    "favorite rating hidden trashedAt",
    "owner { id displayName }",
    "viewerCan withheld",
    "image(width: 320) { url width height expiresAt }",
    "original { url width height }",
)
"""What is read of a photo, from the tables and from media."""
OTHERS = (
    (
        "list: albums(first: $n, after: $a, order: {album}, library: {library}) {{ {page} edges {{ cursor node {{ id title createdAt"
        " photoCount cover {{ id }} owner {{ id displayName }} viewerCan shares {{ __typename }} }} }} total {{ count }} }}"
    ),
    'list: albums(first: $n, after: $a, query: "{word}") {{ {page} edges {{ node {{ id title }} }} total {{ count }} }}',
    (
        "list: people(first: $n, after: $a, order: {person}, named: {flag}) {{ {page} edges {{ cursor node {{ id name photoCount cover"
        " {{ id }} }} }} total {{ count }} }}"
    ),
    "list: labels(first: $n, after: $a) {{ {page} edges {{ cursor node {{ id key name photoCount }} }} }}",
    'list: places(query: "{word}", first: $n, after: $a) {{ {page} edges {{ node {{ id name photoCount }} }} }}',
    (
        'of: album(id: "{an_album}") {{ title list: photos(first: $n, after: $a) {{ {page} edges {{ cursor node {{ id version }} }}'
        " total {{ count }} }} }}"
    ),
    (
        "viewer {{ customer {{ id displayName }} }} nodes(ids: {ids}) {{ __typename id ... on Photo {{ version caption place {{ name }}"
        " people {{ name }} duplicates(first: 3) {{ id }} }} ... on Album {{ title photoCount }} ... on Person {{ name photoCount }} }}"
    ),
    (
        'photo(id: "{a_photo}") {{ id caption neighbors(order: {order}) {{ previous {{ id }} next {{ id }} }}'
        " duplicates(first: 5) {{ id fileName }} albums {{ title }} }}"
    ),
)
"""What is not a list of photos; in braces, what chance puts there."""


@dataclass(frozen=True)
class Requested:
    """A request: the customer, the documents of the first and of later pages, and variables."""

    customer: str
    first: str
    later: str
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """Values that occur in the library of one customer."""

    ids: Mapping[str, Sequence[str]]
    values: Mapping[str, Sequence[str]]


class Questions:
    """Deterministic requests from one seed."""

    def __init__(self, seed: int, worlds: Mapping[str, World]) -> None:
        self._random = Random(seed)
        self._worlds = worlds

    def one(self) -> Requested:
        r = self._random
        customer = r.choice(sorted(self._worlds))
        world = self._worlds[customer]
        if r.random() < 0.2:
            return self._other(customer, world)
        words = " ".join(r.sample(WORDS, r.choice((1, 1, 2, 2, 3, 6)))) if r.random() < 0.45 else None
        given: dict[str, Any] = {
            "n": r.choice((200, 200, 97, 150)),
            "f": self._filter(world) if words is None or r.random() < 0.5 else None,
            "o": r.choice(ORDERS if words is None else SEARCH_ORDERS),
            "l": r.choice(LIBRARIES),
        }
        if words is not None:
            given["q"] = words
        search, reported = words is not None, " ".join(r.sample(RICH, r.choice((0, 1, 3))))
        first, later = (_document(counts, node, search=search) for counts, node in ((self._counts(), reported), ("", "version")))
        return Requested(customer, first, later, given)

    def _other(self, customer: str, world: World) -> Requested:
        r = self._random
        ids = [i for of in ("photos", "albums", "people") for i in self._some(world.ids[of])]
        kind = r.choice(OTHERS)
        document = ("query($n: Int, $a: String) { " if "$n" in kind else "{ ") + kind.format(
            page="pageInfo { hasNextPage endCursor hasPreviousPage }",
            album=r.choice(("LATEST_PHOTO_DESC", "TITLE_ASC", "CREATED_AT_DESC")),
            person=r.choice(("PHOTO_COUNT_DESC", "NAME_ASC")),
            order=r.choice(ORDERS),
            library=r.choice(LIBRARIES),
            flag=r.choice(("true", "false", "null")),
            word=r.choice(WORDS),
            an_album=r.choice(world.ids["albums"]),
            a_photo=r.choice((*world.ids["photos"][:9], "bm9uZQ")),
            ids=json.dumps([*ids, *r.choice(([], ["bm9uZQ"], ids[:1]))]),
        )
        return Requested(customer, document + " }", document + " }", {"n": r.choice((7, 50, 200))})

    def _counts(self) -> str:
        r = self._random
        facets = r.sample(FACETS, r.choice((0, 1, 2, 6)))
        parts = [f"f{i}: facet(by: {by}, first: {r.choice((5, 50))}) {{ buckets {{ key count selected }} otherCount missingCount }}"
                 for i, by in enumerate(facets)]  # fmt: skip
        if r.random() < 0.8:
            parts.append("total { count }")
        if r.random() < 0.3:
            parts.append(
                f"histogram(by: {r.choice(('YEAR', 'MONTH', 'DAY'))}) {{ buckets {{ start count cover {{ id }} }} missingCount }}"
            )
        return " ".join(parts)

    def _filter(self, world: World) -> dict[str, Any]:
        """Mostly narrow filters, so that most walks are short, and some that match nothing."""
        r = self._random
        made = self._leaves(world, r.choice((1, 2, 2, 3)))
        shape = r.random()
        if shape < 0.15:
            made["any"] = [self._leaves(world, 1), self._leaves(world, 2)]
        elif shape < 0.25:
            made["not"] = self._leaves(world, 1)
        elif shape < 0.35:
            made["all"] = [self._leaves(world, 1), {"any": [self._leaves(world, 1), {"not": self._leaves(world, 1)}]}]
        if r.random() < 0.25:
            made["facets"] = [self._selection(world) for _ in range(r.choice((1, 2)))]
        if r.random() < 0.1:
            made["states"] = r.sample(["ACTIVE", "HIDDEN", "TRASHED"], r.choice((1, 2, 3)))
        return made

    def _leaves(self, world: World, count: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for _ in range(count):
            name, make = self._random.choice(list(self._makers(world).items()))
            made[name] = make()
        return made

    def _selection(self, world: World) -> dict[str, Any]:
        by = self._random.choice(sorted(world.values))
        return {"by": by, "keys": self._some(world.values[by])}

    def _some(self, values: Sequence[str]) -> list[str]:
        return self._random.sample(list(values), min(len(values), self._random.choice((1, 1, 2, 5))))

    def _ids(self, values: Sequence[str]) -> dict[str, Any]:
        return {self._random.choice(("any", "any", "all", "none")): self._some(values)}

    def _range(self, low: float, high: float, *, whole: bool = True) -> dict[str, Any]:
        ends = sorted((self._random.uniform(low, high), self._random.uniform(low, high)))
        first, last = (round(e) for e in ends) if whole else ends
        return self._random.choice(({"min": first}, {"max": last}, {"min": first, "max": last}))

    def _day(self) -> str:
        return f"{self._random.randint(2013, 2026)}-{self._random.randint(1, 12):02d}-{self._random.randint(1, 28):02d}"

    def _days(self, suffix: str = "") -> dict[str, str]:
        start, end = sorted((self._day(), self._day()))
        return self._random.choice(({"start": start + suffix, "end": end + suffix}, {"start": start + suffix}))

    def _box(self) -> dict[str, float]:
        lat, lon = self._random.choice(POINTS)
        size = self._random.choice((0.05, 1.0, 15.0))
        east = lon + size
        return {
            "west": lon - size,
            "south": max(lat - size, -90),
            "east": east - 360 if east > 180 else east,
            "north": min(lat + size, 90),
        }

    def _circle(self) -> dict[str, float]:
        lat, lon = self._random.choice(POINTS)
        return {"latitude": lat, "longitude": lon, "radiusMeters": self._random.choice((500, 20_000, 900_000, -1))}

    def _makers(self, world: World) -> dict[str, Callable[[], Any]]:
        r = self._random
        return {
            "takenOn": self._days,
            "takenAt": lambda: self._days("T12:00:00Z"),
            "addedAt": lambda: self._days("T00:00:00Z"),
            "monthDay": lambda: {"start": f"{r.randint(1, 12):02d}-01", "last": f"{r.randint(1, 12):02d}-20"},
            "weekdays": lambda: r.sample(["MONDAY", "FRIDAY", "SATURDAY", "SUNDAY"], 2),
            "mediaTypes": lambda: [r.choice(("PHOTO", "VIDEO"))],
            "people": lambda: self._ids(world.ids["people"]),
            "labels": lambda: self._ids(world.ids["labels"]),
            "albums": lambda: self._ids(world.ids["albums"]),
            "places": lambda: self._ids(world.ids["places"]),
            "countryCodes": lambda: r.sample(["IT", "JP", "DE", "IS", "US", "XX"], 2),
            "within": self._box,
            "near": self._circle,
            "hasLocation": lambda: r.random() < 0.5,
            "hasCaption": lambda: r.random() < 0.5,
            "hasTakenAt": lambda: r.random() < 0.3,
            "hasPeople": lambda: r.random() < 0.5,
            "keywords": lambda: self._some(world.values["KEYWORD"] or ["none"]),
            "cameras": lambda: self._some(world.values["CAMERA"] or ["none"]),
            "iso": lambda: self._range(50, 3200),
            "aperture": lambda: self._range(1.2, 9, whole=False),
            "focalLengthMm": lambda: self._range(4, 90, whole=False),
            "rating": lambda: self._range(0, 5),
            "favorite": lambda: r.random() < 0.7,
            "fileName": lambda: r.choice(NAME_PARTS),
            "width": lambda: self._range(1000, 6000),
            "durationSeconds": lambda: self._range(0, 30, whole=False),
            "orientations": lambda: [r.choice(("LANDSCAPE", "PORTRAIT", "SQUARE"))],
        }


def _document(counts: str, node: str, *, search: bool) -> str:
    field, order_type = ("searchPhotos", "SearchOrder") if search else ("photos", "PhotoOrder")
    declared, arguments = (", $q: String!", ", query: $q") if search else ("", "")
    return f"""query($n: Int, $a: String, $f: PhotoFilter, $o: {order_type}, $l: Library{declared}) {{
      list: {field}(first: $n, after: $a, filter: $f, order: $o, library: $l{arguments}) {{
        edges {{ cursor node {{ id {node} }} }} pageInfo {{ hasNextPage endCursor hasPreviousPage }} {counts} }} }}"""
