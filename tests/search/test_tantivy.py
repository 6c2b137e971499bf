"""Behaviour of the index in a folder: locking, durability and killed processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from datasources.errors import Corrupt, Throttled
from datasources.search.conditions import Field
from datasources.search.port import FacetRequest, IndexBusy, PhotoDocument, Removal, SearchRequest
from datasources.search.tantivy.index import TantivyIndex
from tests.search.makers import ANA, fill, found, photo, photo_id

_WRITES_FOR_EVER = """
import asyncio, sys
from pathlib import Path
from datasources.search.tantivy.index import TantivyIndex
from tests.search.makers import photo

async def main():
    index = TantivyIndex.open(Path(sys.argv[1]))
    for n in range(0, 10**9, 50):
        await index.write([photo(i, labels=("a",)) for i in range(n, n + 50)])
        await index.refresh()
        print(n + 50, flush=True)

asyncio.run(main())
"""


def killed_after(rounds: int, folder: Path) -> int:
    """The number of photos that a writer had refreshed before it was killed."""
    command = [sys.executable, "-c", _WRITES_FOR_EVER, str(folder)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(rounds)][-1]
        writer.kill()
    return acknowledged


async def test_a_folder_is_opened_again_with_all_that_was_refreshed(tmp_path: Path) -> None:
    index = TantivyIndex.open(tmp_path / "index")
    await fill(index, photo(1), photo(2))
    await index.write([photo(3)])
    await index.close()
    again = TantivyIndex.open(tmp_path / "index")
    assert await found(again) == {1, 2}
    await again.write([photo(1, version=1, state="TRASHED")])
    await again.refresh()
    assert await again.versions("ana") == {photo(n).key.id: 1 for n in (1, 2)}
    await again.close()


async def test_a_folder_has_one_writer_and_says_so(tmp_path: Path) -> None:
    index = TantivyIndex.open(tmp_path)
    with pytest.raises(IndexBusy, match="another process writes"):
        TantivyIndex.open(tmp_path)
    assert issubclass(IndexBusy, Throttled)
    await index.close()
    await TantivyIndex.open(tmp_path).close()


async def test_a_folder_of_another_version_is_an_error(tmp_path: Path) -> None:
    await TantivyIndex.open(tmp_path).close()
    meta = tmp_path / "meta.json"
    meta.write_text(meta.read_text().replace('"has_people"', '"had_people"'))
    with pytest.raises(Corrupt, match="another version"):
        TantivyIndex.open(tmp_path)


async def test_killed_at_any_moment_nothing_refreshed_is_lost(tmp_path: Path) -> None:
    for rounds in (1, 7):
        acknowledged = killed_after(rounds, tmp_path)
        index = TantivyIndex.open(tmp_path)
        numbers = {int(photo_id[:16], 16) for photo_id in await index.versions("ana")}
        assert numbers >= set(range(acknowledged))
        assert numbers == set(range(len(numbers)))
        total = (await index.search(ANA, SearchRequest(total=True))).total
        assert total == len(numbers)
        await fill(index, photo(0, version=rounds + 1))
        await index.close()


async def test_an_id_that_is_none_is_refused_and_the_rest_of_the_index_goes_on() -> None:
    index = TantivyIndex.open(None)
    wrong = photo(1)
    with pytest.raises(ValueError, match="32 hexadecimal"):
        await index.write(
            [photo(2), type(wrong)(key=wrong.key._replace(id="x"), version=1, state="ACTIVE", media_type="PHOTO", added_at_ms=1)]
        )
    await fill(index, photo(3))
    assert await found(index) == {3}
    await index.close()


async def test_what_is_expunged_is_in_no_file(tmp_path: Path) -> None:
    """Owners share segments, and a segment remains on disk until all its documents are deleted."""
    index = TantivyIndex.open(tmp_path)
    for round_ in range(3):
        await fill(
            index,
            *(photo(100 * round_ + n, "anacanary", text=("wordcanary",), camera="cameracanary") for n in range(20)),
            *(photo(100 * round_ + n, "bob", text=("beach",)) for n in range(20)),
        )

    async def others() -> AsyncIterator[Sequence[PhotoDocument | Removal]]:
        for round_ in range(3):
            yield [photo(100 * round_ + n, "bob", text=("beach",)) for n in range(20)]

    def holding() -> list[str]:
        return [f.name for f in tmp_path.rglob("*") if f.is_file() and b"canary" in f.read_bytes()]

    assert holding()
    await index.erase("anacanary")
    await index.purge(others())
    assert holding() == []
    assert len(await index.versions("bob")) == 60
    await index.close()
    assert holding() == []


@pytest.mark.parametrize("older", [(), (4_400,)])
async def test_the_newest_photo_of_a_rare_value_is_found_among_many_rows(older: tuple[int, ...]) -> None:
    """tantivy drops hits of rare values when it processes rows in groups of 2,048."""
    index = TantivyIndex.open(None)
    rare = {10: "1999-05-02T10:00:00", **dict.fromkeys(older, "1999-05-01T10:00:00")}
    await fill(index, *(photo(n, taken_local=rare.get(n, "2020-05-01T10:00:00")) for n in range(4_500)))
    (years,) = (await index.search(ANA, SearchRequest(facets=(FacetRequest(Field.YEAR, covers=True),)))).facets
    newest = {b.value: (b.count, b.cover.id) for b in years.buckets if b.cover}
    assert newest == {"2020": (4_499 - len(older), photo_id(4_499)), "1999": (1 + len(older), photo_id(10))}
    await index.close()
