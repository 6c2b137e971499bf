"""Boxes, circles and counts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from access.precision import LocationPrecision
from datasources.search.conditions import AnyOf, Between, Condition, Field, HasWord, Not, WithinBox, WithinCircle
from datasources.search.port import Clause, Coordinates, FacetRequest, PhotoIndex, SearchRequest, TextQuery
from tests.search.engines import ENGINES, opened
from tests.search.makers import ANA, counts, cover_numbers, fill, found, photo


@pytest.fixture(params=ENGINES)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[PhotoIndex]:
    async with opened(request.param) as made:
        yield made


EXACT = LocationPrecision.EXACT
METERS_OF_A_DEGREE = 6_371_008.8 * 3.141592653589793 / 180


async def test_a_box_across_the_date_line(index: PhotoIndex) -> None:
    points = [(-18, 179.5), (-18, -179.5), (-18, 180.0), (-18, -180.0), (-18, 0), (20, 180.0)]
    await fill(index, *(photo(n, exact=Coordinates(*p)) for n, p in enumerate(points)), photo(9))
    assert await found(index, WithinBox(EXACT, 179, -20, -179, 0)) == {0, 1, 2, 3}
    assert await found(index, WithinBox(EXACT, -179.5, -20, 179.5, 0)) == {0, 1, 4}
    assert await found(index, WithinBox(EXACT, 179, 0, -179, -20)) == set()
    assert await found(index, Not(WithinBox(EXACT, 179, -20, -179, 0))) == {4, 5, 9}


async def test_edges_belong_to_the_box(index: PhotoIndex) -> None:
    await fill(index, photo(1, exact=Coordinates(1.5, 2.5)))
    assert await found(index, WithinBox(EXACT, 2.5, 1.5, 2.5, 1.5)) == {1}


async def test_the_radius_belongs_to_the_circle(index: PhotoIndex) -> None:
    await fill(index, photo(1, exact=Coordinates(0, 0)), photo(2, exact=Coordinates(1, 0)), photo(3, exact=Coordinates(0.9, 0.9)))
    assert await found(index, WithinCircle(EXACT, 0, 0, 0)) == {1}
    assert await found(index, WithinCircle(EXACT, 0, 0, METERS_OF_A_DEGREE * 0.999999)) == {1}
    assert await found(index, WithinCircle(EXACT, 0, 0, METERS_OF_A_DEGREE * 1.000001)) == {1, 2}


@pytest.mark.parametrize(
    ("latitude", "longitude", "radius_m", "inside"),
    [
        (0, 179.9, 50_000, {0, 1}),
        (0, -179.9, 50_000, {0, 1}),
        (90, 0, 200_000, {2, 3}),
        (89.5, 10, 200_000, {2, 3}),
        (-90, 0, 200_000, {4}),
        (0, 0, 21_000_000, {0, 1, 2, 3, 4}),
        (45, 90, 1_000, set()),
    ],
)
async def test_circles_over_the_date_line_and_the_poles(
    index: PhotoIndex, latitude: float, longitude: float, radius_m: float, inside: set[int]
) -> None:
    points = [(0, 179.8), (0, -179.8), (89.5, 0), (89.5, 180), (-89.5, 77)]
    await fill(index, *(photo(n, exact=Coordinates(*p)) for n, p in enumerate(points)), photo(9))
    assert await found(index, WithinCircle(EXACT, latitude, longitude, radius_m)) == inside


async def test_a_circle_over_thousands_of_spots_agrees_with_its_facets(index: PhotoIndex) -> None:
    spots = [(n // 80 * 0.01, n % 80 * 0.01) for n in range(6400)]
    await fill(index, *(photo(n, exact=Coordinates(*p), labels=("a",)) for n, p in enumerate(spots)))
    circle = WithinCircle(EXACT, 0.4, 0.4, 35_000)
    answer = await index.search(ANA, SearchRequest(condition=circle, total=True, facets=(FacetRequest(Field.LABEL, circle),)))
    assert answer.total == answer.facets[0].buckets[0].count
    assert 3000 < (answer.total or 0) < 3300


NUMBERS: list[tuple[Condition, set[int]]] = [
    (Between(Field.RATING), {1, 2, 3}),
    (Between(Field.RATING, 0, 0), {1}),
    (Between(Field.RATING, 1), {2, 3}),
    (Between(Field.RATING, high=4.5), {1, 2}),
    (Between(Field.RATING, 0.5, 3.5), set()),
    (Between(Field.RATING, 9, 1), set()),
    (Between(Field.RATING, -1e300, 1e300), {1, 2, 3}),
    (Between(Field.APERTURE, 2.8, 2.8), {1}),
    (AnyOf(Field.LABEL, ()), set()),
    (AnyOf(Field.LABEL, (*(f"no{n}" for n in range(100)), "a")), {1}),
]


@pytest.mark.parametrize(("condition", "numbers"), NUMBERS)
async def test_numbers_and_values(index: PhotoIndex, condition: Condition, numbers: set[int]) -> None:
    await fill(index, photo(1, rating=0, aperture=2.8, labels=("a",)), photo(2, rating=4), photo(3, rating=5), photo(4))
    assert await found(index, condition) == numbers


async def test_months_and_days_are_those_of_the_wall_clock(index: PhotoIndex) -> None:
    times = ("2024-12-24T23:59:59", "2024-12-25T00:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "1969-12-31T00:00:00")
    await fill(index, *(photo(n, taken_local=t) for n, t in enumerate(times)), photo(9))
    assert await counts(index, Field.YEAR_MONTH) == {"202412": 2, "101": 1, "999912": 1, "196912": 1}
    assert await counts(index, Field.DAY) == {"20241224": 1, "20241225": 1, "10101": 1, "99991231": 1, "19691231": 1}
    assert await counts(index, Field.WEEKDAY) == {"2": 1, "3": 2, "1": 1, "5": 1}
    assert await found(index, Between(Field.YEAR, 1, 1969)) == {2, 4}
    assert await found(index, Between(Field.MONTH_DAY, 1224, 1224)) == {0}
    answer = await index.search(ANA, SearchRequest(facets=(FacetRequest(Field.MONTH),)))
    assert answer.facets[0].missing == 1


async def test_facets_count_photos_ties_go_by_value_and_the_rest_is_missing(index: PhotoIndex) -> None:
    await fill(index, photo(1, labels=("b", "a", "b")), photo(2, labels=("c", "a")), photo(3), photo(4, state="TRASHED"))
    active = AnyOf(Field.STATE, ("ACTIVE",))
    answer = await index.search(ANA, SearchRequest(facets=(FacetRequest(Field.LABEL, active), FacetRequest(Field.RATING))))
    assert [(b.value, b.count) for b in answer.facets[0].buckets] == [("a", 2), ("b", 1), ("c", 1)]
    assert answer.facets[0].missing == 1
    assert (list(answer.facets[1].buckets), answer.facets[1].missing) == ([], 4)


async def test_a_facet_has_its_own_condition_and_the_questions_words(index: PhotoIndex) -> None:
    await fill(index, photo(1, labels=("a",), text=("dog",)), photo(2, labels=("b",), text=("dog",)), photo(3, labels=("b",)))
    text = TextQuery((Clause(HasWord("dog")),))
    request = SearchRequest(condition=AnyOf(Field.LABEL, ("a",)), text=text, total=True, facets=(FacetRequest(Field.LABEL),))
    answer = await index.search(ANA, request)
    assert (answer.total, [b.value for b in answer.facets[0].buckets]) == (1, ["a", "b"])


async def test_the_cover_is_the_newest_photo_of_a_bucket(index: PhotoIndex) -> None:
    days = ["2024-05-01", "2024-05-03", "2024-05-02"]
    await fill(index, *(photo(n, taken_local=f"{day}T10:00:00", people=("p",)) for n, day in enumerate(days)))
    await fill(index, photo(7, people=("q",)), photo(8, people=("q",)), photo(9))
    answer = await index.search(ANA, SearchRequest(facets=(FacetRequest(Field.PERSON, covers=True),)))
    assert cover_numbers(answer.facets[0].buckets) == {"p": 1, "q": 8}
    newest = (await index.search(ANA, SearchRequest(limit=1))).hits[0]
    assert answer.facets[0].buckets[0].latest == newest.position.key


@pytest.mark.slow
async def test_ten_thousand_buckets_at_most_and_more_values_than_an_engine_counts_at_once(index: PhotoIndex) -> None:
    await fill(index, *(photo(n, keywords=tuple(f"k{n * 50 + i:06d}" for i in range(50))) for n in range(1400)))
    await fill(index, photo(5000, keywords=("k069999", "k069998")))
    answer = await index.search(ANA, SearchRequest(facets=(FacetRequest(Field.KEYWORD, covers=True), FacetRequest(Field.STATE))))
    facet = answer.facets[0]
    assert (len(facet.buckets), facet.truncated, facet.missing) == (10_000, True, 0)
    assert [(b.value, b.count) for b in facet.buckets[:3]] == [("k069998", 2), ("k069999", 2), ("k000000", 1)]
    assert cover_numbers(facet.buckets[:3]) == {"k069998": 5000, "k069999": 5000, "k000000": 0}
    assert answer.facets[1].buckets[0].count == 1401
