"""Similar photos by vector: only inside the scope and condition, never removed ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from access.precision import LocationPrecision, TimePrecision
from datasources.search.conditions import AnyOf, Condition, Everything, Field
from datasources.search.port import Embedding, PhotoIndex, Removal, SimilarPhoto
from datasources.search.tantivy.index import TantivyIndex
from tests.search.engines import ENGINES, opened
from tests.search.makers import ANA, fill, grant, photo, scope_of

SIZE = 64
MODEL = "m"


@pytest.fixture(params=ENGINES)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[PhotoIndex]:
    async with opened(request.param) as made:
        yield made


def towards(degrees: float, model: str = MODEL, length: float = 1.0) -> Embedding:
    """A vector in the plane of the first two dimensions."""
    angle = np.radians(degrees)
    return Embedding(model, (float(length * np.cos(angle)), float(length * np.sin(angle)), *([0.0] * (SIZE - 2))))


def numbers(found: Sequence[SimilarPhoto]) -> list[int]:
    return [int(near.key.id[:16], 16) for near in found]


async def test_the_most_alike_come_first_with_their_cosine_whatever_their_length(index: PhotoIndex) -> None:
    await fill(index, *(photo(n, embedding=towards(n * 30, length=1 + n)) for n in range(7)))
    found = await index.nearest(ANA, towards(0, length=5), 4)
    assert numbers(found) == [0, 1, 2, 3]
    assert [near.similarity for near in found] == pytest.approx([1, 0.866025, 0.5, 0], abs=1e-5)
    assert [near.similarity for near in await index.nearest(ANA, towards(180), 10)] == pytest.approx(
        [1, 0.866025, 0.5, 0, -0.5, -0.866025, -1], abs=1e-5
    )


async def test_more_than_there_are_gives_all_there_are(index: PhotoIndex) -> None:
    await fill(index, *(photo(n, embedding=towards(n)) for n in range(5)), photo(9))
    assert numbers(await index.nearest(ANA, towards(0), 1_000)) == [0, 1, 2, 3, 4]
    assert numbers(await index.nearest(ANA, towards(0), 5_000)) == [0, 1, 2, 3, 4]
    assert await index.nearest(ANA, towards(0), 0) == []


async def test_ties_go_by_id_downwards(index: PhotoIndex) -> None:
    await fill(index, *(photo(n, embedding=towards(10)) for n in range(6)))
    assert numbers(await index.nearest(ANA, towards(10), 6)) == [5, 4, 3, 2, 1, 0]


async def test_other_customers_nearer_photos_take_no_place(index: PhotoIndex) -> None:
    """Filtering after the search would return nothing, because 100 photos of others are more similar."""
    await fill(index, *(photo(n, "bob", embedding=towards(0)) for n in range(100, 200)), photo(1, embedding=towards(80)))
    assert numbers(await index.nearest(ANA, towards(0), 3)) == [1]


CONDITIONS: list[tuple[Condition, list[int]]] = [
    (Everything(), [0, 1, 2, 3]),
    (AnyOf(Field.LABEL, ("a",)), [1, 3, 5, 7]),
    (AnyOf(Field.STATE, ("TRASHED",)), [8]),
    (AnyOf(Field.LABEL, ("none",)), []),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
async def test_a_condition_is_inside_the_search(index: PhotoIndex, condition: Condition, expected: list[int]) -> None:
    made = [
        photo(n, embedding=towards(n), labels=("a",) if n % 2 else (), state="TRASHED" if n == 8 else "ACTIVE") for n in range(9)
    ]
    await fill(index, *made)
    assert numbers(await index.nearest(ANA, towards(0), 4, condition)) == expected


async def test_what_is_gone_erased_or_without_its_vector_is_never_found(index: PhotoIndex) -> None:
    await fill(index, *(photo(n, embedding=towards(n)) for n in range(6)), photo(1, "bob", embedding=towards(1)))
    await index.write([Removal(photo(0).key, 2), photo(1, version=2), photo(2, version=2, embedding=towards(170))])
    assert numbers(await index.nearest(ANA, towards(0), 9)) == [0, 1, 2, 3, 4, 5]
    await index.refresh()
    assert numbers(await index.nearest(ANA, towards(0), 9)) == [3, 4, 5, 2]
    await fill(index, photo(3, embedding=towards(90)))
    assert numbers(await index.nearest(ANA, towards(0), 9)) == [3, 4, 5, 2]
    await index.erase("ana")
    assert await index.nearest(ANA, towards(0), 9) == []
    assert numbers(await index.nearest(scope_of("bob"), towards(0), 9)) == [1]


async def test_vectors_of_another_model_or_size_are_not_compared(index: PhotoIndex) -> None:
    other = Embedding(MODEL, tuple([1.0] * 128))
    odd = Embedding(MODEL, (1.0, 2.0, 3.0))
    await fill(
        index,
        photo(1, embedding=towards(0)),
        photo(2, embedding=towards(0, "n")),
        photo(3, "bob", embedding=other),
        photo(4, embedding=odd),
    )
    assert numbers(await index.nearest(ANA, towards(0), 9)) == [1]
    assert numbers(await index.nearest(ANA, towards(0, "n"), 9)) == [2]
    assert await index.nearest(ANA, odd, 9) == []
    assert await index.nearest(ANA, Embedding(MODEL, (0.0,) * SIZE), 9) == []
    assert numbers(await index.nearest(scope_of("bob"), other, 9)) == [3]


async def test_own_and_shared_photos_together_only_those_shared_and_active(index: PhotoIndex) -> None:
    await fill(
        index,
        photo(1, embedding=towards(20)),
        photo(2, "bob", embedding=towards(10), albums=("x",)),
        photo(3, "bob", embedding=towards(5), albums=("y",)),
        photo(4, "bob", embedding=towards(1), albums=("x",), state="HIDDEN"),
    )
    scope = scope_of("ana", grant("bob", "x", LocationPrecision.NONE, TimePrecision.NONE))
    assert numbers(await index.nearest(scope, towards(0), 9)) == [2, 1]
    assert await index.nearest(scope_of(None), towards(0), 9) == []


async def test_vectors_of_a_folder_are_there_again_and_an_erased_customers_are_not_in_the_file(tmp_path: Path) -> None:
    index = TantivyIndex.open(tmp_path)
    await fill(index, *(photo(n, owner, embedding=towards(n)) for n in range(50) for owner in ("ana", "bob")))
    await index.write([photo(77, embedding=towards(0))])
    await index.close()
    again = TantivyIndex.open(tmp_path)
    assert numbers(await again.nearest(ANA, towards(0), 3)) == [0, 1, 2]
    await again.erase("ana")
    assert await again.nearest(ANA, towards(0), 3) == []
    await again.erase("bob")
    await again.close()
    left = b"".join(file.read_bytes() for file in tmp_path.glob("vectors.sqlite*"))  # noqa: ASYNC240 - a small file
    assert np.array(towards(7).vector, dtype="<f4").tobytes()[:8] not in left
    assert b"bob" not in left
