"""Data outside a scope does not affect hits, counts, order or ranking; a share shows exactly its classes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from access.precision import LocationPrecision as Place
from access.precision import TimePrecision as Time
from datasources.search.conditions import AnyOf, Between, Condition, Field, FileNamePart, HasWord, Not, WithinBox, WithinCircle
from datasources.search.port import Clause, Coordinates, FacetRequest, Order, PhotoIndex, SearchRequest, TextQuery
from tests.search.engines import ENGINES, opened
from tests.search.makers import counts, fill, found, grant, number_of, photo, scope_of


@pytest.fixture(params=ENGINES)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[PhotoIndex]:
    async with opened(request.param) as made:
        yield made


BOBS = photo(
    1,
    "bob",
    albums=("x", "secret"),
    taken_local="2024-05-01T10:00:00",
    instant=1_714_550_400,
    places={"COUNTRY": "IT", "REGION": "IT.16", "CITY": "gn:1", "LOCALITY": "gn:2"},
    exact=Coordinates(10.0, 10.0),
    kilometer=Coordinates(20.0, 20.0),
    city=Coordinates(30.0, 30.0),
    country=Coordinates(40.0, 40.0),
    people=("p",),
    labels=("beach",),
    text=("dog",),
    file_name="a.jpg",
    favorite=True,
    rating=5,
)


async def test_an_empty_scope_has_nothing(index: PhotoIndex) -> None:
    await fill(index, photo(1))
    answer = await index.search(scope_of(None), SearchRequest(limit=5, total=True, facets=(FacetRequest(Field.LABEL),)))
    assert (list(answer.hits), answer.more, answer.total, list(answer.facets[0].buckets)) == ([], False, 0, [])
    assert await index.positions(scope_of(None), [photo(1).key], Order.TAKEN_DESC) == {}


async def test_others_see_active_photos_of_the_granted_album_of_the_owner_who_grants(index: PhotoIndex) -> None:
    await fill(
        index,
        *(photo(n, "bob", albums=("x",), state=s) for n, s in enumerate(("ACTIVE", "HIDDEN", "TRASHED"))),
        photo(4, "bob", albums=("y",)),
        photo(5, "bob"),
        photo(6, "cyn", albums=("x",)),
        photo(7, "ana", state="TRASHED"),
    )
    scope = scope_of("ana", grant("bob", "x"))
    assert await found(index, scope=scope) == {0, 7}
    assert await found(index, Not(AnyOf(Field.OWNER, ("ana",))), scope) == {0}
    assert await found(index, AnyOf(Field.OWNER, ("cyn",)), scope) == set()
    assert await found(index, scope=scope.own_only()) == {7}


async def test_a_grant_of_ones_own_album_narrows_nothing(index: PhotoIndex) -> None:
    await fill(index, photo(1, albums=("x",), favorite=True), photo(2))
    assert await found(index, scope=scope_of("ana", grant("ana", "x", Place.NONE, Time.NONE))) == {1, 2}
    assert await found(index, AnyOf(Field.FAVORITE, ("true",)), scope_of("ana", grant("ana", "x", Place.NONE))) == {1}


async def test_a_share_does_not_tell_in_which_other_albums_a_photo_lies(index: PhotoIndex) -> None:
    await fill(index, BOBS)
    scope = scope_of(None, grant("bob", "x"))
    assert await found(index, AnyOf(Field.ALBUM, ("secret",)), scope) == set()
    assert await counts(index, Field.ALBUM, scope) == {"x": 1}
    assert await counts(index, Field.ALBUM, scope_of("bob")) == {"x": 1, "secret": 1}


SHOWN: list[tuple[Condition, Place, Time]] = [
    (Between(Field.ADDED_AT), Place.NONE, Time.EXACT),
    (Between(Field.INSTANT), Place.CITY, Time.EXACT),
    (Between(Field.DAY, 20240501, 20240501), Place.NONE, Time.DAY),
    (Between(Field.YEAR), Place.NONE, Time.DAY),
    (Between(Field.WEEKDAY, 3, 3), Place.NONE, Time.DAY),
    (AnyOf(Field.COUNTRY, ("IT",)), Place.COUNTRY, Time.NONE),
    (AnyOf(Field.REGION, ("IT.16",)), Place.CITY, Time.NONE),
    (AnyOf(Field.CITY, ("gn:1",)), Place.CITY, Time.NONE),
    (AnyOf(Field.LOCALITY, ("gn:2",)), Place.KILOMETER, Time.NONE),
    (AnyOf(Field.HAS_LOCATION, ("true",)), Place.COUNTRY, Time.NONE),
    (AnyOf(Field.LABEL, ("beach",)), Place.NONE, Time.NONE),
    (HasWord("dog"), Place.NONE, Time.NONE),
    (FileNamePart("a.j"), Place.EXACT, Time.EXACT),
]


@pytest.mark.parametrize(("condition", "place", "time"), SHOWN)
async def test_a_condition_holds_where_the_share_is_fine_enough(
    index: PhotoIndex, condition: Condition, place: Place, time: Time
) -> None:
    await fill(index, BOBS)
    for level in Place:
        for precision in Time:
            scope = scope_of("ana", grant("bob", "x", level, precision))
            shown = {1} if level >= place and precision >= time else set()
            assert await found(index, condition, scope) == shown
            assert await found(index, Not(condition), scope) == {1} - shown


@pytest.mark.parametrize(
    "condition",
    [
        AnyOf(Field.PERSON, ("p",)),
        AnyOf(Field.HAS_PEOPLE, ("true", "false")),
        AnyOf(Field.FAVORITE, ("true", "false")),
        Between(Field.RATING),
    ],
)
async def test_faces_and_an_owners_marks_are_never_shared(index: PhotoIndex, condition: Condition) -> None:
    await fill(index, BOBS)
    assert await found(index, condition, scope_of("ana", grant("bob", "x"))) == set()
    assert await found(index, condition, scope_of("bob")) == {1}


@pytest.mark.parametrize(
    ("level", "degrees"), [(Place.EXACT, 10), (Place.KILOMETER, 20), (Place.CITY, 30), (Place.COUNTRY, 40), (Place.NONE, 0)]
)
async def test_a_photo_is_where_its_share_says(index: PhotoIndex, level: Place, degrees: int) -> None:
    await fill(index, BOBS)
    scope = scope_of("ana", grant("bob", "x", level, Time.NONE))
    for there in (10, 20, 30, 40):
        box = WithinBox(Place.EXACT, there - 1, there - 1, there + 1, there + 1)
        for area in (box, WithinCircle(Place.EXACT, there, there, 10_000)):
            assert await found(index, area, scope) == ({1} if there == degrees else set())


async def test_in_two_albums_the_wider_value_counts_class_by_class(index: PhotoIndex) -> None:
    await fill(index, BOBS)
    places = grant("bob", "x", Place.EXACT, Time.NONE)
    times = grant("bob", "secret", Place.NONE, Time.EXACT)
    both = scope_of("ana", places, times)
    assert await found(index, AnyOf(Field.LOCALITY, ("gn:2",)), both) == {1}
    assert await found(index, Between(Field.DAY), both) == {1}
    assert await found(index, Between(Field.INSTANT), both) == {1}
    assert await found(index, Between(Field.INSTANT), scope_of("ana", places)) == set()
    assert await found(index, Between(Field.INSTANT), scope_of("ana", times)) == set()


async def test_facets_count_what_may_be_read_and_tell_the_rest_as_missing(index: PhotoIndex) -> None:
    await fill(index, BOBS, photo(2, "ana", people=("mine",), taken_local="2024-05-09T10:00:00"))
    scope = scope_of("ana", grant("bob", "x", Place.NONE, Time.NONE))
    request = SearchRequest(facets=tuple(FacetRequest(f, covers=True) for f in (Field.PERSON, Field.YEAR, Field.LABEL)))
    people, years, labels = (await index.search(scope, request)).facets
    assert ([b.value for b in people.buckets], people.missing) == (["mine"], 1)
    assert ([(b.value, b.count) for b in years.buckets], years.missing) == ([("2024", 1)], 1)
    assert ([b.value for b in labels.buckets], labels.missing) == (["beach"], 1)
    assert labels.buckets[0].latest is not None
    assert labels.buckets[0].latest < 1 << 63  # the key of an undated photo


async def test_a_day_is_all_that_sorting_tells_of_a_share_by_day(index: PhotoIndex) -> None:
    """Sorting by the hour would reveal the hour, by the order relative to own photos."""
    times = {1: "2024-05-01T23:00:00", 2: "2024-05-01T01:00:00"}
    await fill(index, *(photo(n, "bob", albums=("x",), taken_local=t) for n, t in times.items()))
    await fill(index, *(photo(n, "bob", albums=("x",), added_at_ms=9 - n) for n in (3, 4)))
    await fill(index, photo(5, taken_local="2024-05-01T00:00:01", added_at_ms=1))
    for order, expected in ((Order.TAKEN_DESC, [5, 2, 1, 4, 3]), (Order.ADDED_DESC, [5, 4, 3, 2, 1])):
        hits = (
            await index.search(scope_of("ana", grant("bob", "x", Place.NONE, Time.DAY)), SearchRequest(limit=9, order=order))
        ).hits
        assert [number_of(h) for h in hits] == expected


async def test_a_clause_about_what_is_not_shown_weighs_nothing(index: PhotoIndex) -> None:
    await fill(index, BOBS)
    text = TextQuery((Clause(HasWord("dog"), 1.0), Clause(AnyOf(Field.PERSON, ("p",)), 2.0)))
    request = SearchRequest(limit=1, order=Order.RELEVANCE, text=text)
    shared = await index.search(scope_of("ana", grant("bob", "x")), request)
    own = await index.search(scope_of("bob"), request)
    assert (shared.hits[0].position.score, own.hits[0].position.score) == (1.0, 3.0)
