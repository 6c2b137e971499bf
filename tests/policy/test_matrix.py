"""Every field that has a class, by every relation, on every way through the schema, in every use: generated, not listed.

What is denied is not in the raw answer; what is denied before running has asked no source.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from access.classes import DataClass
from access.ids import public_id
from access.policy import Use
from access.precision import LocationPrecision as L
from access.precision import TimePrecision as T
from access.viewer import Viewer
from datasources import Sources
from datasources.tables.photos import LabelMark
from resolvers.pictures import MEDIA
from schema.build import use_of
from tests.demo import Counted
from tests.policy.disabled_checks import FIRST_GATE
from tests.policy.library import ALBUMS, PEOPLE, TRASTEVERE, Spec, World
from tests.policy.operations import Place, Values, places, said
from tests.policy.other_data import HASH, NOBODY_ELSES, STARTERS, furnish
from tests.policy.paths import Step, Way, ways
from tests.policy.viewers import SCOPES, SHARED, Looker
from tests.policy.worlds import IDS, Answering, inhabited, local, served

pytestmark = pytest.mark.slow

CLOCK, DAY = "13:37:42", "2031-07-19"
SHOWN = b64encode(HASH).decode()
CANARIES = {
    DataClass.CONTENT: ("canarycaption", "canarykeyword", "canaryalbum"),
    DataClass.FILE_NAME: ("canaryfile", "canarysource"),
    DataClass.BIOMETRIC: ("canaryperson",),
    DataClass.IDENTITY: ("canaryname",),
    DataClass.LOCATION: ("41.883123", "12.467321", "1234.5"),
    DataClass.TIME: (CLOCK, DAY),
    DataClass.PICTURE: (SHOWN, f"{MEDIA}/"),
}
LOOKERS = {
    "shared, exactly": Looker("customer", (("x", L.EXACT, T.EXACT),), SHARED),
    "shared, neither time nor place": Looker(
        "customer", (("x", L.NONE, T.NONE),), SHARED - {"TIME", "PLACE", "LOCATION", "FILE_NAME"}
    ),
    "link, the day and the city": Looker("guest", (("x", L.CITY, T.DAY),), SHARED - {"FILE_NAME", "IDENTITY"}),
    "service that reads and times": Looker("service", classes=frozenset({"OPERATIONAL", "TIME"})),
    "service with all but people": Looker("service", classes=frozenset({*SCOPES.values(), "FILE_NAME"}) - {"BIOMETRIC"}),
    "service with every scope": Looker("service", classes=frozenset({*SCOPES.values(), "FILE_NAME"})),
    "support": Looker("support", classes=frozenset({"OPERATIONAL", "TIME"})),
    "stranger": Looker("stranger"),
}
ORIGINALS = frozenset({"service with every scope"})
"""Who may have a file with all that its metadata tells; no share here says `originals: true`."""
RECORDS = frozenset({"Photo", "Album", "Person", "Share"})
"""Types whose every object here is somebody else's."""
PUBLIC_ROOTS = frozenset({"place", "places", "placesAt", "labels"})
NEVER = {"customer": {"OWNER_STATE", "BIOMETRIC"}, "guest": {"OWNER_STATE", "BIOMETRIC", "IDENTITY"}, "stranger": set[str]()}
COUNTED = tuple(f.name for f in fields(Sources) if f.name not in {"ids", "cursors", "now_ms", "store", "feed"})


def world() -> World:
    spec = Spec(
        "ana", "one",
        {
            "media_type": "PHOTO", "taken_local": f"{DAY}T{CLOCK}", "offset_minutes": 120, "time_zone": "Europe/Rome",
            "place": TRASTEVERE, "place_pinned": True, "added_at_ms": 1_942_234_662_000, "favorite": True, "rating": 4,
            "labels": (LabelMark("beach", 0.9),), "camera_make": "Nikon", "width": 400, "height": 300,
            "hidden": False, "trashed_at_ms": None,
        },
        {"source_id": "canarysource", "caption": "canarycaption", "file_name": "canaryfile.jpg", "keywords": ("canarykeyword",)},
        (41.883123, 12.467321), ("x",), ("eva",),
    )  # fmt: skip
    names = {(o, t): "canaryalbum" for o, albums in ALBUMS.items() for t in albums}
    names |= {(o, t): "canaryperson" for o, people in PEOPLE.items() for t in people}
    names |= {(o, o): "canaryname" for o in ALBUMS}
    # The viewer bob has nothing of his own: whatever is told is somebody else's.
    return World((spec,), {key: name for key, name in names.items() if key[0] != "bob"})


def values() -> Values:
    ids = STARTERS | {
        "Photo": IDS.encode("Photo", "ana", local("ana", "one")),
        "Album": IDS.encode("Album", "ana", local("ana", "x")),
        "Person": IDS.encode("Person", "ana", local("ana", "eva")),
        "Customer": IDS.encode("Customer", "ana", "ana"),
        "Share": IDS.encode("Share", "ana", f"{local('ana', 'x')}#bob"),
        "Place": public_id("Place", TRASTEVERE),
        "Label": public_id("Label", "beach"),
    }
    return Values(served()[0].graphql_schema, ids, "canarycaption")


@asynccontextmanager
async def seen_by(folder: Path, looker: Looker) -> AsyncIterator[tuple[Answering, Counter[str]]]:
    async with inhabited(folder / "world", world(), looker) as answering:
        await furnish(answering.sources)
        # The first album is the only one that is shared; nobody but ana has anything that could be told.
        calls: Counter[str] = Counter()
        counted: dict[str, Any] = {n: Counted(n, getattr(answering.sources, n), calls) for n in COUNTED}
        yield replace(answering, sources=replace(answering.sources, **counted)), calls


def viewer_of(looker: Looker) -> Viewer:
    return looker.viewer({a: local("ana", a) for a in ALBUMS["ana"]})


def denied_classes(looker: Looker) -> set[str]:
    """Whose values must not be told of ana's records, whatever the way."""
    return {c.value for c in DataClass if c.value not in {*looker.classes, "PUBLIC"}}


def forbidden_texts(looker: Looker, way: Way) -> set[str]:
    texts = {t for c, found in CANARIES.items() if c.value in denied_classes(looker) for t in found} | NOBODY_ELSES
    if looker.kind == "support" or (looker.grants and looker.grants[0][2] < T.EXACT):
        texts.add(CLOCK)
    if looker.grants and looker.grants[0][1] < L.EXACT:
        texts |= set(CANARIES[DataClass.LOCATION])
    by_place = way.steps[0].name in PUBLIC_ROOTS or any(s.narrowed and s.leads_to == "Place" for s in way.steps)
    return texts if by_place or "PLACE" in looker.classes else texts | {"Trastevere", public_id("Place", TRASTEVERE)}


def at_end(data: Any, way: Way) -> list[dict[str, Any]]:
    found = [data] if isinstance(data, dict) else []
    for step in way.steps:
        below = [o.get("a") for o in found]
        flat = [x for b in below for x in (b if isinstance(b, list) else [b])]
        found = [x for x in flat if isinstance(x, dict) and x["__typename"] == step.leads_to]
    return found


async def leaks(answering: Answering, looker: Looker, way: Way) -> list[str]:
    """What this viewer is told on this way that is not for them."""
    # What a mutation makes is the caller's own, and so is what they wrote in it.
    given = replace(values(), word="mine") if way.kind == "mutation" else values()
    respond = answering.first_event if way.kind == "subscription" else partial(answering.answer, denial="null")
    body = await respond(given.operation(way, given.everything_at(way.end)), {}, viewer_of(looker))
    wrong = [f"{way}: {text}" for text in forbidden_texts(looker, way) if text.encode() in body]
    if way.kind == "mutation" or way.end not in RECORDS or "viewer" in {s.name for s in way.steps}:
        return wrong
    classes, denied = served()[0].classes, denied_classes(looker)
    for found in at_end(orjson.loads(body).get("data"), way):
        wrong += [
            f"{way}: {name}"
            for name, value in found.items()
            if value is not None and name != "a" and (c := classes.get(f"{way.end}.{name}")) is not None and c.value in denied
        ]
    return wrong


@pytest.mark.parametrize("name", LOOKERS)
async def test_what_is_denied_is_on_no_way_in_the_answer(tmp_path: Path, name: str) -> None:
    looker = LOOKERS[name]
    async with seen_by(tmp_path, looker) as (answering, _):
        wrong = []
        for way in every_way():
            # Payloads lead on to types that the ways from Query have been through; a few steps into each are enough.
            if way.kind != "mutation" or len(way.steps) <= 2:
                wrong += await leaks(answering, looker, way)
        assert wrong == []
        original = "query($i: ID!) { photo(id: $i) { original { url } } }"
        body = orjson.loads(await answering.answer(original, {"i": values().ids["Photo"]}, viewer_of(looker), denial="null"))
        assert bool((body["data"]["photo"] or {}).get("original")) == (name in ORIGINALS)


async def unrefused(answering: Answering, calls: Counter[str], looker: Looker) -> list[str]:
    """Coordinates of classes that this caller never sees, which were not refused, or only after a source was asked."""
    schema, _ = served()
    given, viewer = values(), viewer_of(looker)
    first = _first_ways()
    wrong = []
    for coordinate, data_class in schema.classes.items():
        if not _never(looker, coordinate, data_class):
            continue
        for query, variables in _operations(given, first, coordinate):
            calls.clear()
            body = orjson.loads(await answering.answer(query, variables, viewer))
            refused = body.get("errors", [{}])[0].get("extensions", {})
            if refused.get("code") != "FORBIDDEN" or coordinate not in refused.get("coordinates", ()) or calls or "data" in body:
                wrong.append(f"{coordinate}: {body} {dict(calls)}")
    return wrong


def _first_ways() -> dict[str, Way]:
    found: dict[str, Way] = {}
    for way in sorted(every_way(), key=lambda w: (w.kind != "query", len(w.steps))):
        found.setdefault(way.end, way)
    return found


def _never(looker: Looker, coordinate: str, data_class: DataClass) -> bool:
    """Whether the class is out of reach for this kind of caller on any record, by the rules as people read them."""
    kind = looker.kind
    if kind in {"customer", "stranger"} or data_class is DataClass.PUBLIC:
        return False
    is_input = "(" in coordinate or not hasattr(
        served()[0].graphql_schema.type_map[coordinate.split(".", maxsplit=1)[0]], "interfaces"
    )
    if kind == "guest":
        return data_class.value in NEVER[kind]
    if data_class.value in looker.classes:
        return is_input and kind == "support" and use_of(coordinate) is Use.SEARCH
    return True


@cache
def _spots() -> dict[str, Place]:
    return places(values())


@cache
def every_way() -> tuple[Way, ...]:
    return tuple(ways(served()[0].graphql_schema))


def _operations(given: Values, first: dict[str, Way], coordinate: str) -> list[tuple[str, dict[str, Any]]]:
    owner, _, name = coordinate.partition(".")
    spots = _spots()
    if coordinate not in spots:
        body = _field(given, owner, name.partition("(")[0])
        return [(given.operation(first[owner], body) if owner in first else f"{_root(given, owner)} {{ {body} }}", {})]
    spot, made = spots[coordinate], []
    for as_variable in (False, True):
        text, declared, variables = said(spot, as_variable=as_variable)
        body = _field(given, spot.owner, spot.name, {spot.argument: text})
        operation = (
            given.operation(first[spot.owner], body) if spot.owner in first else f"{_root(given, spot.owner)} {{ {body} }}"
        )
        kind, _, rest = operation.partition(" ")
        made.append((f"{kind}{declared} {rest}", variables))
    return made


def _root(given: Values, owner: str) -> str:
    kinds = {"Query": "query", "Mutation": "mutation", "Subscription": "subscription"}
    return kinds[owner]


def _field(given: Values, owner: str, name: str, more: dict[str, str] | None = None) -> str:
    from graphql import get_named_type, is_leaf_type

    below = get_named_type(given.schema.type_map[owner].fields[name].type)  # type: ignore[attr-defined]
    inside = "" if is_leaf_type(below) else " { __typename }"
    return f"b: {name}{given.arguments(Step(owner, name, owner, narrowed=False), more)}{inside}"


@pytest.mark.parametrize("name", [n for n, k in LOOKERS.items() if k.kind in {"guest", "service", "support"}])
async def test_what_a_caller_never_sees_is_refused_in_every_use_before_any_source_is_read(tmp_path: Path, name: str) -> None:
    async with seen_by(tmp_path, LOOKERS[name]) as (answering, calls):
        assert await unrefused(answering, calls, LOOKERS[name]) == []


async def test_without_the_first_gate_that_fails(tmp_path: Path) -> None:
    async with seen_by(tmp_path, LOOKERS["support"]) as (answering, calls):
        with FIRST_GATE():
            assert await unrefused(answering, calls, LOOKERS["support"])


async def test_everything_with_an_id_is_in_the_world() -> None:
    schema = served()[0].graphql_schema
    types = {t.name for t in schema.get_possible_types(schema.type_map["Node"])}  # type: ignore[arg-type]
    assert types - set(values().ids) == set(), "the matrix would ask for these by ids of something else"


async def test_every_type_of_the_schema_is_on_a_way() -> None:
    schema = served()[0].graphql_schema
    reached = {way.end for way in every_way()}
    types = {n for n, t in schema.type_map.items() if hasattr(t, "interfaces") and not n.startswith("__") and "Node" not in n}
    assert types - reached - {"Query", "Mutation", "Subscription", "PhotoSet"} == set()
