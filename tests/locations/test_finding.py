"""Places by names as people type them."""

from __future__ import annotations

import pytest

from datasources.locations.gazetteer import Gazetteer
from datasources.locations.name_search import _within
from datasources.locations.port import Point


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.open()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Lodnon", "gn:2643743"), ("Londn", "gn:2643743"), ("kondon", "gn:2643743"), ("Barcelna", "gn:3128760"),
        ("san fransisco", "gn:5391959"), ("san fransico", "gn:5391959"), ("Mnüchen", "gn:2867714"), ("Reykjavk", "gn:3413829"),
        ("Thesaloniki", "gn:734077"), ("Мосва", "gn:524901"),
    ],
)  # fmt: skip
async def test_typing_mistakes_are_forgiven(gazetteer: Gazetteer, typed: str, meant: str) -> None:
    assert meant in [m.id for m in await gazetteer.search(typed, ["en"], limit=10)]


@pytest.mark.parametrize(("typed", "else_"), [("Rme", "gn:3169070"), ("Sevxlxa", "gn:2510911")])
async def test_but_none_in_a_short_name_and_two_only_in_a_long_one(gazetteer: Gazetteer, typed: str, else_: str) -> None:
    assert else_ not in [m.id for m in await gazetteer.search(typed, ["en"], limit=50)]


async def test_what_is_not_being_typed_is_taken_as_it_stands(gazetteer: Gazetteer) -> None:
    assert await gazetteer.search("Lodnon", ["en"], prefix=False) == []


@pytest.mark.parametrize(
    ("near", "first"),
    [(None, "GB"), (Point(42.98, -81.24), "CA"), (Point(51.5, -0.1), "GB")],
    ids=["nowhere", "Ontario", "England"],
)
async def test_of_two_places_of_one_name_the_near_one_comes_first(gazetteer: Gazetteer, near: Point | None, first: str) -> None:
    best = (await gazetteer.search("london", ["en"], near=near, limit=1))[0]
    assert (await gazetteer.by_ids([best.id]))[best.id].country_code == first


@pytest.mark.parametrize("junk", ["\u200f\u200e", "...", "\u202eabc", "?" * 10_000, "a" * 10_000, "\u0301", "\n\t", "٪", "𝕽𝖔𝖒𝖊"])
async def test_junk_breaks_nothing(gazetteer: Gazetteer, junk: str) -> None:
    assert len(await gazetteer.search(junk, ["en"], limit=3)) <= 3


@pytest.mark.parametrize(("one", "other", "least"), [
    ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "acb", 1), ("abc", "ab", 1), ("abc", "abcd", 1), ("abc", "bac", 1),
    ("abcd", "badc", 2), ("abcdef", "abxdxf", 2), ("", "ab", 2), ("abc", "cab", 2), ("abcdef", "fbcdea", 2), ("abc", "xyz", 3),
])  # fmt: skip
def test_mistakes_are_counted(one: str, other: str, least: int) -> None:
    assert [n for n in range(4) if _within(one, other, n)] == list(range(least, 4))
