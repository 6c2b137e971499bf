"""The proof by two worlds: the same questions to both, and every difference between the answers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import orjson
from graphql import GraphQLInputObjectType, get_named_type

from access.ids import public_id
from schema.build import allowed_to
from tests.policy.library import ALBUMS, PEOPLE, POINTS, WORDS, World
from tests.policy.operations import Values, places
from tests.policy.paths import Way, ways
from tests.policy.random_queries import Asker, Pools, Question, end_cursor
from tests.policy.viewers import Looker, some_looker, two_worlds
from tests.policy.worlds import IDS, Answering, inhabited, local, served

PAGES = 3


@dataclass(frozen=True)
class Difference:
    """A question that tells the two worlds apart, and what would bring it back."""

    seed: int
    looker: Looker
    text: str
    variables: str
    one: str
    other: str

    def __str__(self) -> str:
        return f"seed {self.seed}, {self.looker}\n{self.text}\n{self.variables}\n{self.one}\n{self.other}"


@dataclass
class Comparison:
    """How many questions were asked, how many answers held data, and what differed."""

    count: int = 0
    with_data: int = 0
    different: list[Difference] | None = None
    coordinates: set[str] = field(default_factory=set)


async def compare_random(
    seed: int, questions: int, looker: Looker | None = None, *, focus: frozenset[str] = frozenset()
) -> Comparison:
    """Asks both worlds of a seed; ends at the first difference. `focus`: what every question asks for where it can."""
    rng = Random(seed)
    looker = looker or some_looker(rng)
    one, other = two_worlds(looker, rng)
    comparison = Comparison(different=[])
    with tempfile.TemporaryDirectory() as folder:
        async with inhabited(Path(folder) / "1", one, looker) as first, inhabited(Path(folder) / "2", other, looker) as second:
            asker = replace(asker_of(looker, one, other, rng), focus=focus)
            while comparison.count < questions and not comparison.different:
                await _ask(comparison, asker, looker, (first, second), seed)
    return comparison


async def compare_each(seed: int, coordinates: Sequence[str], looker: Looker) -> Comparison:
    """Asks both worlds one question for each coordinate that the viewer may use; ends at the first difference."""
    rng = Random(seed)
    one, other = two_worlds(looker, rng)
    comparison = Comparison(different=[])
    with tempfile.TemporaryDirectory() as folder:
        async with inhabited(Path(folder) / "1", one, looker) as first, inhabited(Path(folder) / "2", other, looker) as second:
            asker = asker_of(looker, one, other, rng)
            for coordinate in coordinates:
                question = asker.question_about(coordinate, paths_to_inputs()[coordinate])
                if question is not None and not comparison.different:
                    await _ask(comparison, asker, looker, (first, second), seed, question)
                    comparison.coordinates.add(coordinate)
    return comparison


@cache
def paths_to_inputs() -> Mapping[str, tuple[str, ...]]:
    """Every argument, input field and enum value that a query can use, with the coordinates that lead to it."""
    schema = served()[0].graphql_schema
    first: dict[str, Way] = {}
    for way in sorted((w for w in ways(schema) if w.kind == "query"), key=lambda w: len(w.steps)):
        first.setdefault(way.end, way)
    ids = dict.fromkeys(("Photo", "Album", "Person", "Customer", "Place", "Label"), "")
    found: dict[str, tuple[str, ...]] = {}
    for coordinate, place in places(Values(schema, ids, "")).items():
        if place.owner == "Query" or place.owner in first:
            steps = () if place.owner == "Query" else first[place.owner].steps
            path = (*(f"{s.owner}.{s.name}" for s in steps), f"{place.owner}.{place.name}")
            found[coordinate] = (*path, f"{path[-1]}({place.argument}:)", *_inputs_of(place.value, place.type))
    return found


def _inputs_of(value: Any, expected: Any) -> list[str]:
    """The coordinates of the input fields in a value."""
    bare = get_named_type(expected)
    if isinstance(value, list):
        return [c for v in value for c in _inputs_of(v, bare)]
    if not isinstance(value, dict) or not isinstance(bare, GraphQLInputObjectType):
        return []
    inner = [c for n, v in value.items() for c in _inputs_of(v, bare.fields[n].type)]
    return [*(f"{bare.name}.{n}" for n in value), *inner]


async def _ask(
    comparison: Comparison,
    asker: Asker,
    looker: Looker,
    worlds: tuple[Answering, Answering],
    seed: int,
    question: Question | None = None,
) -> None:
    """One question, and the next pages of it."""
    question = question or asker.question()
    variables = dict(question.variables)
    viewer = looker.viewer({a: local("ana", a) for a in ALBUMS["ana"]})
    denial = asker.rng.choice(("reject", "null"))
    for _ in range(PAGES if question.pages else 1):
        one, other = [await w.answer(question.text, variables, viewer, denial=denial) for w in worlds]
        comparison.count += 1
        answer = orjson.loads(one)
        comparison.with_data += bool(answer.get("data"))
        broken = b'"INTERNAL"' in one
        if one != other or broken:
            said = json.dumps(variables)
            assert comparison.different is not None
            comparison.different.append(Difference(seed, looker, question.text, said, one.decode(), other.decode()))
            return
        cursor = end_cursor(answer, question.pages) if question.pages else None
        if cursor is None:
            return
        variables["after"] = cursor


def asker_of(looker: Looker, one: World, other: World, rng: Random) -> Asker:
    """Asks what this looker may ask, about things of both worlds."""
    schema, _ = served()
    viewer = looker.viewer({a: local("ana", a) for a in ALBUMS["ana"]})
    photos = sorted({(s.owner, s.name) for s in (*one.specs, *other.specs)})
    ids = {
        "Photo": [IDS.encode("Photo", o, local(o, n)) for o, n in photos],
        "Album": [IDS.encode("Album", o, local(o, a)) for o, albums in ALBUMS.items() for a in albums],
        "Person": [IDS.encode("Person", o, local(o, p)) for o, people in PEOPLE.items() for p in people],
        "Customer": [IDS.encode("Customer", o, o) for o in ALBUMS],
        "Place": [public_id("Place", p) for p in (*POINTS, "IT", "FR", "IT.07")],
        "Label": [public_id("Label", c) for c in ("beach", "dog", "snow")],
    }
    points = [s.at for s in (*one.specs, *other.specs) if s.at] + list(POINTS.values())
    keys = [*(i for of_type in ids.values() for i in of_type), "2024", "05", "PHOTO", "Nikon", "true", "5", *WORDS]
    pools = Pools(ids, (*WORDS, "roma", "eva", "img", "s"), points, keys)
    return Asker(schema.graphql_schema, allowed_to(schema, viewer), pools, rng)
