"""The proof by two worlds: the same questions to both, and every difference between the answers."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import orjson

from access.ids import public_id
from schema.build import allowed_to
from tests.policy.library import ALBUMS, PEOPLE, POINTS, WORDS, World
from tests.policy.random_queries import Asker, Pools, end_cursor
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
class Told:
    """How many questions were asked, how many answers held data, and what differed."""

    asked: int = 0
    with_data: int = 0
    different: list[Difference] | None = None


async def told_apart(seed: int, questions: int, looker: Looker | None = None, *, focus: frozenset[str] = frozenset()) -> Told:
    """Asks both worlds of a seed; ends at the first difference. `focus`: what every question asks for where it can."""
    rng = Random(seed)
    looker = looker or some_looker(rng)
    one, other = two_worlds(looker, rng)
    told = Told(different=[])
    with tempfile.TemporaryDirectory() as folder:
        async with inhabited(Path(folder) / "1", one, looker) as first, inhabited(Path(folder) / "2", other, looker) as second:
            asker = replace(asker_of(looker, one, other, rng), focus=focus)
            while told.asked < questions and not told.different:
                await _ask(told, asker, looker, (first, second), seed)
    return told


async def _ask(told: Told, asker: Asker, looker: Looker, worlds: tuple[Answering, Answering], seed: int) -> None:
    """One question, and the next pages of it."""
    question = asker.question()
    variables = dict(question.variables)
    viewer = looker.viewer({a: local("ana", a) for a in ALBUMS["ana"]})
    denial = asker.rng.choice(("reject", "null"))
    for _ in range(PAGES if question.pages else 1):
        one, other = [await w.answer(question.text, variables, viewer, denial=denial) for w in worlds]
        told.asked += 1
        answer = orjson.loads(one)
        told.with_data += bool(answer.get("data"))
        broken = b'"INTERNAL"' in one
        if one != other or broken:
            said = json.dumps(variables)
            assert told.different is not None
            told.different.append(Difference(seed, looker, question.text, said, one.decode(), other.decode()))
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
