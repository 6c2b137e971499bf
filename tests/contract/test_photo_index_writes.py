"""Writes and removals are visible after `refresh`, and older versions never replace newer ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from datasources.photo_key import PhotoKey
from datasources.search.conditions import AnyOf, Field, HasWord
from datasources.search.port import PhotoDocument, PhotoIndex, Removal, SearchRequest
from tests.search.engines import ENGINES, opened
from tests.search.makers import ANA, counts, fill, found, grant, photo, photo_id, scope_of


@pytest.fixture(params=ENGINES)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[PhotoIndex]:
    async with opened(request.param) as made:
        yield made


async def test_a_write_is_invisible_until_refresh(index: PhotoIndex) -> None:
    await index.write([photo(1)])
    assert await found(index) == set()
    assert await index.versions("ana") == {}
    await index.refresh()
    assert await found(index) == {1}


async def test_a_removal_is_invisible_until_refresh(index: PhotoIndex) -> None:
    await fill(index, photo(1))
    await index.write([Removal(photo(1).key, 2)])
    assert await found(index) == {1}
    await index.refresh()
    assert await found(index) == set()


async def test_a_newer_document_takes_the_place_of_the_older(index: PhotoIndex) -> None:
    await fill(index, *(photo(n, labels=("old",)) for n in range(100)))
    await fill(index, *(photo(n, version=2, labels=("new",)) for n in range(50)))
    assert await counts(index, Field.LABEL) == {"old": 50, "new": 50}
    assert len(await index.versions("ana")) == 100


@pytest.mark.parametrize("version", [1, 2])
async def test_the_same_or_an_older_version_changes_nothing(index: PhotoIndex, version: int) -> None:
    await fill(index, photo(1, version=2, labels=("kept",)))
    await fill(index, photo(1, version=version, labels=("late",)))
    assert await counts(index, Field.LABEL) == {"kept": 1}
    assert await index.versions("ana") == {photo_id(1): 2}


async def test_versions_are_compared_before_refresh_too(index: PhotoIndex) -> None:
    await index.write([photo(1, version=3, labels=("third",))])
    await index.write([photo(1, version=2, labels=("second",))])
    await index.write([photo(1, version=4, labels=("fourth",)), photo(1, version=1, labels=("first",))])
    await index.refresh()
    assert await counts(index, Field.LABEL) == {"fourth": 1}
    assert await index.versions("ana") == {photo_id(1): 4}


async def test_of_a_photo_twice_in_one_call_the_newest_counts(index: PhotoIndex) -> None:
    await fill(index, photo(1, version=2, labels=("new",)), photo(1, version=1, labels=("old",)))
    assert await counts(index, Field.LABEL) == {"new": 1}


async def test_a_removed_photo_does_not_come_back_with_an_older_document(index: PhotoIndex) -> None:
    await fill(index, photo(1, version=5))
    await index.write([Removal(photo(1).key, 6)])
    await index.write([photo(1, version=5)])
    await index.refresh()
    await fill(index, photo(1, version=6))
    assert await found(index) == set()
    assert await index.versions("ana") == {}
    await fill(index, photo(1, version=7))
    assert await found(index) == {1}


async def test_a_removal_before_its_photo_is_remembered(index: PhotoIndex) -> None:
    await index.write([Removal(photo(1).key, 2)])
    await fill(index, photo(1))
    assert await found(index) == set()


async def test_an_older_removal_changes_nothing(index: PhotoIndex) -> None:
    await fill(index, photo(1, version=3))
    await index.write([Removal(photo(1).key, 2)])
    await index.refresh()
    assert await found(index) == {1}


async def test_removals_really_remove(index: PhotoIndex) -> None:
    """tantivy silently deletes nothing by a term of an unsigned field, so counts are compared per owner."""
    await fill(index, *(photo(n, owner, text=("beach",)) for n in range(500) for owner in ("ana", "bob")))
    await index.write([Removal(PhotoKey("ana", photo_id(n)), 2) for n in range(0, 500, 5)])
    await index.refresh()
    assert len(await found(index, HasWord("beach"))) == 400
    assert len(await found(index, HasWord("beach"), scope_of("bob"))) == 500
    assert len(await index.versions("ana")) == 400


async def test_erasing_a_customer_leaves_nothing_of_them_and_all_of_others(index: PhotoIndex) -> None:
    columns: dict[str, Any] = {"labels": ("dog",), "text": ("beach",), "file_name": "a.jpg", "albums": ("x",)}
    await fill(index, *(photo(n, owner, **columns) for n in range(20) for owner in ("ana", "bob")))
    await index.write([Removal(photo(3).key, 2), photo(77, **columns)])
    await index.erase("ana")
    for scope in (ANA, scope_of("bob", grant("ana", "x")).of_owner("ana")):
        assert await found(index, scope=scope) == set()
        assert await counts(index, Field.LABEL, scope) == {}
        assert await index.positions(scope, [photo(1).key], SearchRequest().order) == {}
    assert await index.versions("ana") == {}
    assert len(await index.versions("bob")) == 20
    assert len(await found(index, HasWord("bea", prefix=True), scope_of("bob"))) == 20


async def test_versions_lists_every_photo_of_one_customer(index: PhotoIndex) -> None:
    await fill(index, photo(1, version=7), photo(2, state="TRASHED"), photo(3, "bob"))
    assert await index.versions("ana") == {photo_id(1): 7, photo_id(2): 1}


async def test_writing_nothing_is_fine(index: PhotoIndex) -> None:
    await index.write([])
    await index.refresh()
    assert await found(index) == set()


async def test_two_owners_may_have_photos_of_one_id(index: PhotoIndex) -> None:
    await fill(index, photo(1, "ana", labels=("a",)), photo(1, "bob", labels=("b",)))
    await index.write([Removal(PhotoKey("bob", photo_id(1)), 2)])
    await index.refresh()
    assert await found(index) == {1}
    assert await found(index, scope=scope_of("bob")) == set()


async def test_an_owner_is_a_whole_word(index: PhotoIndex) -> None:
    await fill(index, photo(1, "ana"), photo(2, "ana/b"), photo(3, "ANA"), photo(4, "ana b"))
    assert await found(index) == {1}
    await index.erase("ana")
    assert await found(index, AnyOf(Field.OWNER, ("ana b", "ana")), scope_of("ana b")) == {4}


async def test_an_erased_customer_may_be_written_again_at_the_same_versions(index: PhotoIndex) -> None:
    """As in a rebuild: an engine that remembers deletions by version would reject the document as too old."""
    await fill(index, *(photo(n, version=5) for n in range(20)))
    await index.erase("ana")
    await fill(index, *(photo(n, version=5) for n in range(20)))
    assert await found(index) == set(range(20))


async def test_what_was_not_refreshed_is_erased_too(index: PhotoIndex) -> None:
    await index.write([photo(1)])
    await index.erase("ana")
    await index.refresh()
    assert await found(index) == set()


async def test_expunging_leaves_the_others_as_they_were(index: PhotoIndex) -> None:
    """Purging erased bytes preserves other documents and newer versions."""
    await fill(index, *(photo(n, owner, version=2) for n in range(30) for owner in ("ana", "bob")))
    await index.write([Removal(PhotoKey("bob", photo_id(3)), 4), photo(4, "bob", version=9, labels=("newer",))])
    await index.refresh()

    async def others() -> AsyncIterator[Sequence[PhotoDocument | Removal]]:
        yield [photo(n, "bob", version=2) for n in range(30) if n != 3]
        yield [Removal(PhotoKey("bob", photo_id(3)), 4)]

    bob = scope_of("bob")
    await index.erase("ana")
    await index.purge(others())
    assert await found(index) == set()
    assert await found(index, scope=bob) == set(range(30)) - {3}
    assert (await index.versions("bob"))[photo_id(4)] == 9
    await fill(index, photo(3, "bob", version=3))
    assert 3 not in await found(index, scope=bob), "the removal is remembered"
