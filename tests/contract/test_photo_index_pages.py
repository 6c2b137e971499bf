"""Pages return every hit once and in order, including ties and concurrent writes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from access.precision import LocationPrecision, TimePrecision
from datasources.search.conditions import AnyOf, Field, HasWord
from datasources.search.port import Clause, Hit, Order, PhotoIndex, Removal, SearchRequest, TextQuery
from tests.search.engines import ENGINES, opened
from tests.search.makers import ANA, fill, grant, number_of, photo, replaced, scope_of, walk


@pytest.fixture(params=ENGINES)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[PhotoIndex]:
    async with opened(request.param) as made:
        yield made


SECOND = "2024-05-01T10:00:00"
ORDERS = pytest.mark.parametrize("order", Order)


def numbers(hits: list[Hit]) -> list[int]:
    return [number_of(hit) for hit in hits]


async def test_photos_of_all_times_in_order_undated_ones_as_the_oldest(index: PhotoIndex) -> None:
    times = ["2024-05-01T10:00:01", SECOND, "1970-01-01T00:00:00", "1969-12-31T23:59:59", "1900-01-01T00:00:00"]
    times = ["9999-12-31T23:59:59", *times, "0001-01-01T00:00:00"]
    await fill(index, *(photo(n, taken_local=time) for n, time in enumerate(times)), photo(7), photo(8))
    assert numbers(await walk(index, ANA, SearchRequest(limit=2))) == [0, 1, 2, 3, 4, 5, 6, 8, 7]
    assert numbers(await walk(index, ANA, SearchRequest(limit=2, order=Order.TAKEN_ASC))) == [7, 8, 6, 5, 4, 3, 2, 1, 0]


async def test_the_order_of_adding(index: PhotoIndex) -> None:
    await fill(index, *(photo(n, added_at_ms=1000 + n // 2) for n in range(6)))
    assert numbers(await walk(index, ANA, SearchRequest(limit=2, order=Order.ADDED_DESC))) == [5, 4, 3, 2, 1, 0]
    assert numbers(await walk(index, ANA, SearchRequest(limit=4, order=Order.ADDED_ASC))) == [0, 1, 2, 3, 4, 5]


@ORDERS
@pytest.mark.parametrize("backwards", [False, True])
async def test_ten_thousand_photos_of_one_second_are_paged_without_gap_or_repeat(
    index: PhotoIndex, order: Order, backwards: bool
) -> None:
    """The low bits of the key come from the id; here they are equal, so only the full id decides."""
    await fill(index, *(photo(n, taken_local=SECOND, added_at_ms=5) for n in range(10_050)))
    hits = await walk(index, ANA, SearchRequest(limit=900, order=order, backwards=backwards))
    down = (order in {Order.TAKEN_DESC, Order.ADDED_DESC, Order.RELEVANCE}) != backwards
    assert numbers(hits) == sorted(range(10_050), reverse=down)


@ORDERS
async def test_backwards_from_a_hit_gives_those_before_it_nearest_first(index: PhotoIndex, order: Order) -> None:
    await fill(index, *(photo(n, taken_local=f"2024-05-{n % 5 + 1:02d}T10:00:00", added_at_ms=n % 3) for n in range(40)))
    hits = await walk(index, ANA, SearchRequest(limit=40, order=order))
    back = await index.search(ANA, SearchRequest(limit=7, order=order, after=hits[20].position, backwards=True))
    assert list(back.hits) == hits[13:20][::-1]
    assert back.more
    first = await index.search(ANA, SearchRequest(limit=20, order=order, after=hits[20].position, backwards=True))
    assert list(first.hits) == hits[:20][::-1]
    assert not first.more
    last = await index.search(ANA, SearchRequest(limit=3, order=order, backwards=True))
    assert list(last.hits) == hits[37:][::-1]


@ORDERS
async def test_paging_goes_on_where_it_was_though_photos_come_and_go(index: PhotoIndex, order: Order) -> None:
    await fill(index, *(photo(n, taken_local=SECOND, added_at_ms=9) for n in range(0, 600, 2)))
    request = SearchRequest(limit=50, order=order)
    seen: list[int] = []
    after = None
    while True:
        page = await index.search(ANA, replaced(request, after=after))
        seen += numbers(list(page.hits))
        if not page.more:
            break
        after = page.hits[-1].position
        come = [photo(n + 1, taken_local=SECOND, added_at_ms=9) for n in seen[-3:]]
        await fill(index, *come)
        await index.write([Removal(page.hits[-1].key, 2), Removal(page.hits[0].key, 2)])
        await index.refresh()
    assert len(seen) == len(set(seen))
    assert {n for n in seen if n % 2 == 0} == set(range(0, 600, 2))


async def test_more_says_whether_there_are_more(index: PhotoIndex) -> None:
    await fill(index, photo(1), photo(2))
    assert (await index.search(ANA, SearchRequest(limit=1))).more
    assert not (await index.search(ANA, SearchRequest(limit=2))).more
    none = await index.search(ANA, SearchRequest(limit=0, total=True))
    assert (list(none.hits), none.more, none.total) == ([], False, 2)


async def test_a_total_is_of_the_whole_set_wherever_the_page_is(index: PhotoIndex) -> None:
    await fill(index, *(photo(n) for n in range(12_000)))
    page = await index.search(ANA, SearchRequest(limit=10))
    later = await index.search(ANA, SearchRequest(limit=10, after=page.hits[-1].position, total=True))
    assert later.total == 12_000
    assert page.total is None


async def test_relevance_is_by_score_then_day_then_id(index: PhotoIndex) -> None:
    await fill(
        index,
        photo(1, text=("beach",), taken_local="2024-05-01T23:00:00"),
        photo(2, text=("beach",), taken_local="2024-05-01T01:00:00"),
        photo(3, text=("beach sunset",)),
        photo(4, text=("sunset",), taken_local="2024-05-03T01:00:00"),
        photo(5, text=("beach",), taken_local="2024-05-02T01:00:00"),
        photo(6, text=("mountain",)),
    )
    text = TextQuery((Clause(HasWord("beach"), 0.1), Clause(HasWord("sunset"), 0.2)))
    hits = await walk(index, ANA, SearchRequest(limit=2, order=Order.RELEVANCE, text=text))
    assert numbers(hits) == [3, 4, 5, 2, 1]
    assert [h.position.score for h in hits] == [0.3, 0.2, 0.1, 0.1, 0.1]
    both = SearchRequest(limit=2, order=Order.RELEVANCE, text=TextQuery(text.clauses, required=2), total=True)
    assert numbers(list((await index.search(ANA, both)).hits)) == [3]


async def test_a_common_word_and_many_repeats_weigh_no_more_than_one(index: PhotoIndex) -> None:
    """Scores do not depend on repeats, lengths or photos of others, unlike the scores of the engines."""
    await fill(index, photo(1, text=("dog dog dog",)), photo(2, text=("a long text with a dog in it",)))
    await fill(index, *(photo(n, "bob", text=("dog",)) for n in range(100, 300)))
    hits = await walk(index, ANA, SearchRequest(limit=9, order=Order.RELEVANCE, text=TextQuery((Clause(HasWord("dog"), 2.5),))))
    assert [(number_of(h), h.position.score) for h in hits] == [(2, 2.5), (1, 2.5)]


async def test_forty_clauses_are_reported_apart(index: PhotoIndex) -> None:
    words = [f"word{n:02d}x" for n in range(40)]
    await fill(index, *(photo(n, text=(" ".join(words[: n + 1]),)) for n in range(40)))
    text = TextQuery(tuple(Clause(HasWord(word), 1.0) for word in words))
    hits = await walk(index, ANA, SearchRequest(limit=7, order=Order.RELEVANCE, text=text))
    assert [(number_of(h), h.position.score) for h in hits] == [(n, n + 1.0) for n in range(39, -1, -1)]


async def test_a_text_query_without_enough_clauses_finds_nothing(index: PhotoIndex) -> None:
    await fill(index, photo(1, text=("dog",)))
    for order in Order:
        request = SearchRequest(limit=5, order=order, total=True, text=TextQuery((Clause(HasWord("dog")),), required=2))
        assert (await index.search(ANA, request)).total == 0
        empty = SearchRequest(limit=5, order=order, text=TextQuery(()))
        assert list((await index.search(ANA, empty)).hits) == []


async def test_own_and_shared_photos_make_one_order(index: PhotoIndex) -> None:
    """Shared photos sort at the start of their day, or with undated photos."""
    times = [f"2024-05-{n % 9 + 1:02d}T{n % 24:02d}:00:00" for n in range(90)]
    owned = ("ana", "bob", "cyn")
    await fill(index, *(photo(n, owned[n % 3], taken_local=time, albums=("x",)) for n, time in enumerate(times)))
    day = grant("bob", "x", LocationPrecision.NONE, TimePrecision.DAY)
    scope = scope_of("ana", day, grant("cyn", "x", LocationPrecision.NONE, TimePrecision.NONE))
    for order in Order:
        complete = (await index.search(scope, SearchRequest(limit=90, order=order))).hits
        assert len(complete) == 90
        assert await walk(index, scope, SearchRequest(limit=7, order=order)) == list(complete)
    taken = await walk(index, scope, SearchRequest(limit=50))
    assert numbers(taken)[60:] == list(range(89, 0, -3))


async def test_positions_are_those_of_the_hits(index: PhotoIndex) -> None:
    await fill(index, *(photo(n, taken_local=SECOND) for n in range(9)), photo(20, "bob"))
    hits = (await index.search(ANA, SearchRequest(limit=9))).hits
    keys = [photo(n).key for n in range(12)] + [photo(20, "bob").key]
    assert await index.positions(ANA, keys, Order.TAKEN_DESC) == {h.key: h.position for h in hits}
    assert await index.positions(ANA, [], Order.TAKEN_DESC) == {}


async def test_several_questions_are_answered_in_order(index: PhotoIndex) -> None:
    await fill(index, photo(1, labels=("a",)), photo(2))
    request = [SearchRequest(total=True), SearchRequest(total=True, condition=AnyOf(Field.LABEL, ("a",))), SearchRequest()]
    assert [a.total for a in await index.search_many(ANA, request)] == [2, 1, None]
    assert await index.search_many(ANA, []) == []


async def test_weights_count_in_ten_thousandths_so_that_every_engine_adds_them_alike(index: PhotoIndex) -> None:
    """32-bit floats cannot distinguish 15.0001 and 15.0002 in a sum with 24 other weights."""
    words = [f"word{n:02d}x" for n in range(24)]
    await fill(index, photo(1, text=(" ".join(words), "low")), photo(2, text=(" ".join(words), "high")))
    last = Clause(HasWord("low"), 15.0002), Clause(HasWord("high"), 15.0003)
    text = TextQuery((*(Clause(HasWord(w), 15.12344) for w in words), *last))
    hits = await walk(index, ANA, SearchRequest(limit=1, order=Order.RELEVANCE, text=text))
    assert [(number_of(h), h.position.score) for h in hits] == [(2, 377.9619), (1, 377.9618)]
    with pytest.raises(OverflowError, match="1677"):
        await index.search(ANA, SearchRequest(limit=1, order=Order.RELEVANCE, text=TextQuery((Clause(HasWord("a"), 1700.0),))))
