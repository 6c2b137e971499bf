"""Tried as an attacker would: foreign ids, forged references, and bisection of what is hidden by every path that counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from access.precision import LocationPrecision as L
from access.precision import TimePrecision as T
from access.viewer import Viewer, ViewerKind
from tests.demo import Counted
from tests.policy.library import ALBUMS, Spec, World
from tests.policy.test_matrix import COUNTED, world
from tests.policy.viewers import SHARED, Looker
from tests.policy.worlds import IDS, Answering, inhabited, local

BOB = Viewer(ViewerKind.CUSTOMER, "bob", customer="bob")
ANA = Viewer(ViewerKind.CUSTOMER, "ana", customer="ana")
PHOTO = IDS.encode("Photo", "ana", local("ana", "one"))
ALBUM = IDS.encode("Album", "ana", local("ana", "x"))


@asynccontextmanager
async def shared(folder: Path, place: L, time: T, at: World | None = None) -> AsyncIterator[Answering]:
    async with inhabited(folder, at or world(), Looker("customer", (("x", place, time),), SHARED)) as answering:
        yield answering


async def request(answering: Answering, query: str, variables: dict[str, Any] | None = None, viewer: Viewer = BOB) -> Any:
    return orjson.loads(await answering.answer(query, variables or {}, viewer))


COUNTERS = {
    "total": "photos(library: ALL, filter: $f, first: 0) { total { count } }",
    "nodes": "photos(library: ALL, filter: $f) { nodes { id } }",
    "facet": "photos(library: ALL, filter: $f, first: 0) { facet(by: MEDIA_TYPE) { buckets { count } } }",
    "histogram": "photos(library: ALL, filter: $f, first: 0) { histogram(by: YEAR) { buckets { count } missingCount } }",
    "search": 'searchPhotos(query: "canarycaption", library: ALL, filter: $f) { edges { score } }',
    "album": f'album(id: "{ALBUM}") {{ photos(filter: $f) {{ total {{ count }} }} }}',
    "neighbors": f'photo(id: "{PHOTO}") {{ neighbors(library: ALL, filter: $f) {{ next {{ id }} previous {{ id }} }} }}',
}


@pytest.mark.parametrize("level", [L.NONE, L.COUNTRY, L.CITY, L.KILOMETER])
async def test_no_counter_bisects_a_hidden_coordinate(tmp_path: Path, level: L) -> None:
    """25 halvings would find it to a metre; every box either has the whole tile (or city) or nothing of it."""
    async with shared(tmp_path / "w", level, T.EXACT) as answering:
        for name, counter in COUNTERS.items():
            low, high = 41.0, 43.0
            for _ in range(24):
                middle = (low + high) / 2
                box = {"west": 12.0, "east": 13.0, "south": low, "north": middle}
                answer = await request(answering, f"query($f: PhotoFilter) {{ {counter} }}", {"f": {"within": box}})
                holds = b"1" in orjson.dumps(answer["data"]) or "score" in str(answer) or '"id"' in json.dumps(answer["data"])
                low, high = (low, middle) if holds else (middle, high)
            assert abs((low + high) / 2 - 41.883123) > 3e-4, name


async def test_no_order_facet_or_filter_tells_the_hour_of_a_day(tmp_path: Path) -> None:
    one = world().specs[0]
    hours = [replace(one, name=f"p{h}", fields=one.fields | {"taken_local": f"2024-05-01T{h:02d}:00:00"}) for h in (3, 9, 15, 21)]
    orders: list[Any] = []
    for turned in (hours, [replace(s, name=t.name) for s, t in zip(hours, reversed(hours), strict=True)]):
        at = replace(world(), specs=tuple(turned))
        async with shared(tmp_path / str(len(orders)), L.EXACT, T.DAY, at) as answering:
            queries = [
                f"{{ photos(library: ALL, order: {order}) {{ edges {{ cursor node {{ id }} }} }} }}"
                for order in ("TAKEN_AT_ASC", "TAKEN_AT_DESC", "ADDED_AT_ASC", "ADDED_AT_DESC")
            ]
            queries += [
                f'{{ photos(library: ALL, filter: {{takenAt: {{end: "2024-05-01T{h:02d}:30:00Z"}}}}) {{ nodes {{ id }} total {{ count }} }} }}'
                for h in range(0, 24, 3)
            ]
            orders.append([await request(answering, q) for q in queries])
    assert orders[0] == orders[1]


FOREIGN = {
    "a photo": PHOTO,
    "an album": ALBUM,
    "a person": IDS.encode("Person", "ana", local("ana", "eva")),
    "a share": IDS.encode("Share", "ana", f"{local('ana', 'x')}#bob"),
    "a customer": IDS.encode("Customer", "ana", "ana"),
}
BY_ID = """query($i: ID!) { node(id: $i) { id __typename } nodes(ids: [$i]) { id } photo(id: $i) { id } album(id: $i) { id }
  person(id: $i) { id } customer(id: $i) { id photos { total { count } } } }"""


@pytest.mark.parametrize("what", FOREIGN)
async def test_what_is_not_to_be_seen_answers_and_costs_as_what_is_not_there(tmp_path: Path, what: str) -> None:
    known = IDS.decode(FOREIGN[what])
    nowhere = IDS.encode(known.type, "zed", known.local.replace("ana", "zed"))
    missing = IDS.encode(known.type, known.owner, "0" * 32) if known.type != "Customer" else nowhere
    async with inhabited(tmp_path / "w", world(), Looker("stranger")) as answering:
        results = []
        for text in (FOREIGN[what], nowhere, missing):
            counter = Counter[str]()
            counted: dict[str, Any] = {n: Counted(n, getattr(answering.sources, n), counter) for n in COUNTED}
            watched = replace(answering, sources=replace(answering.sources, **counted))
            bodies = [
                await watched.answer(BY_ID, {"i": text}, BOB),
                await watched.answer(
                    "query($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
                    {"r": [{"__typename": known.type, "id": text}]},
                    BOB,
                ),
                await watched.answer(
                    "mutation($i: [ID!]!) { trashPhotos(input: {ids: $i}) { photoIds userErrors { code message } } }",
                    {"i": []},
                    BOB,
                ),
            ]
            results.append((bodies, dict(counter)))
        assert results[0] == results[1] == results[2]


@pytest.mark.parametrize(
    "forged",
    [
        {"__typename": "Photo", "id": PHOTO, "owner": {"id": "bob"}, "caption": "x", "sight": "OWNER"},
        {"__typename": "Customer", "externalId": "ana@outside"},
        {"__typename": "Customer", "id": IDS.encode("Customer", "bob", "ana")},
        {"__typename": "Photo", "id": IDS.encode("Photo", "bob", local("ana", "one"))},
        {"__typename": "Album", "id": IDS.encode("Album", "bob", local("ana", "x"))},
        {"__typename": "Person", "id": IDS.encode("Person", "bob", local("ana", "eva"))},
    ],
)
async def test_a_forged_reference_brings_nothing(tmp_path: Path, forged: dict[str, Any]) -> None:
    query = """query($r: [_Any!]!) { _entities(representations: $r) { ... on Photo { caption } ... on Album { title }
      ... on Person { name } ... on Customer { displayName photos { total { count } } } } }"""
    async with inhabited(tmp_path / "w", world(), Looker("stranger")) as answering:
        body = await answering.answer(query, {"r": [forged]}, BOB)
        assert orjson.loads(body)["data"]["_entities"] == [None]


async def test_cursors_of_others_and_of_other_precisions_are_refused(tmp_path: Path) -> None:
    query = "query($a: String) { photos(library: ALL, first: 1, after: $a) { pageInfo { endCursor } } }"
    found: list[str] = []
    for place, time in ((L.EXACT, T.EXACT), (L.CITY, T.DAY)):
        async with shared(tmp_path / f"{place}", place, time) as answering:
            mine = (await request(answering, query))["data"]["photos"]["pageInfo"]["endCursor"]
            for cursor in found:
                refused = (await request(answering, query, {"a": cursor}))["errors"][0]["extensions"]
                assert refused["code"] == "STALE_CURSOR"
            other = (await request(answering, query, {"a": mine}, ANA))["errors"][0]["extensions"]
            assert other["code"] == "STALE_CURSOR"
            found.append(mine)


async def test_scores_do_not_tell_what_strangers_wrote(tmp_path: Path) -> None:
    """Fifty documents of a stranger full of a word would change its rarity, and so the order, were it counted over all."""
    query = '{ searchPhotos(query: "canarycaption beach", library: ALL) { edges { score cursor node { id } } } }'
    results = []
    one = world().specs[0]
    mine = [
        replace(one, name=f"m{i}", content=one.content | {"caption": c})
        for i, c in enumerate(("canarycaption", "beach", "beach dog"))
    ]
    flood = [Spec("cyn", f"c{i}", one.fields, one.content | {"caption": "canarycaption " * 3}, None, (), ()) for i in range(50)]
    for number, specs in enumerate((mine, [*mine, *flood])):
        async with shared(tmp_path / str(number), L.EXACT, T.EXACT, replace(world(), specs=tuple(specs))) as answering:
            results.append(await answering.answer(query, {}, BOB))
    assert results[0] == results[1]
    assert b"score" in results[0]


async def test_a_guest_reaches_one_album_whatever_the_token_says(tmp_path: Path) -> None:
    looker = Looker("guest", (("x", L.CITY, T.DAY),), SHARED)
    async with inhabited(tmp_path / "w", world(), looker) as answering:
        ids = {a: local("ana", a) for a in ALBUMS["ana"]}
        guest = looker.viewer(ids)
        assert guest.guest_of is not None
        seen = "{ photos(library: ALL) { total { count } } albums(library: ALL) { nodes { id } } }"
        assert (await request(answering, seen, viewer=guest))["data"]["photos"]["total"]["count"] == 1
        for changed in (
            replace(guest.guest_of, album=ids["y"]),
            replace(guest.guest_of, owner="cyn"),
            replace(guest.guest_of, grantee="link:other"),
        ):
            other = await request(answering, seen, viewer=replace(guest, guest_of=changed))
            assert other["data"] == {"photos": {"total": {"count": 0}}, "albums": {"nodes": []}}
