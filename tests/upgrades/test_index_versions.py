"""An index of other versions, a damaged one and a missing one are rebuilt from the tables when the folder is opened."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datasources import Sources
from datasources.search import analysis, index_versions
from datasources.search.index_versions import analysis_version, stored_versions
from indexing import index_switch, reindex
from indexing.documents import CONSUMER
from indexing.index_lag import IndexLag
from indexing.open_stores import open_exclusive
from tests.requests.harness import Gateway, customer

SEARCH = '{ searchPhotos(query: "beaches", first: 10) { edges { node { caption } } } }'


@pytest.fixture
def other_analysis(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A program that finds words by other stems."""
    monkeypatch.setattr(analysis, "word_stems", lambda word: frozenset((word[:4],)))
    monkeypatch.setattr(analysis, "query_stems", lambda word, _: (word[:4],))
    index_versions.index_versions.cache_clear()
    yield
    index_versions.index_versions.cache_clear()


async def make(folder: Path) -> None:
    async with open_exclusive(folder, "a test") as sources:
        gateway = Gateway(sources, IndexLag())
        await gateway.customer("ana")
        await gateway.photos("ana", *map(str, range(3)), caption="the beach")
        (change,) = (await sources.feed.read(None, limit=1_000))[-1:]
        await sources.feed.set_mark(CONSUMER, change.position)


async def found(sources: Sources) -> int:
    answer = await Gateway(sources, IndexLag()).answer(SEARCH, as_=customer("ana"))
    return len(answer["searchPhotos"]["edges"])


def rebuilt(caplog: pytest.LogCaptureFixture) -> str:
    """Why the index was rebuilt."""
    return " ".join(m for m in caplog.messages if m.startswith("Rebuilding the search index"))


async def test_a_changed_text_analysis_rebuilds_the_index(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    await make(tmp_path)
    before = stored_versions(tmp_path / "index")
    async with open_exclusive(tmp_path, "a test") as sources:
        assert await found(sources) == 3
    assert rebuilt(caplog) == ""
    request.getfixturevalue("other_analysis")
    async with open_exclusive(tmp_path, "a test") as sources:
        assert await found(sources) == 3
    assert "another version of the documents or of the text analysis" in rebuilt(caplog)
    after = stored_versions(tmp_path / "index")
    assert before is not None
    assert after is not None
    assert (before.documents, before.analysis != after.analysis) == (after.documents, True)
    assert not (tmp_path / "index.next").exists()


async def test_a_rebuild_that_was_stopped_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other_analysis: None
) -> None:
    del other_analysis
    await make(tmp_path)
    (tmp_path / "index" / "versions.json").unlink()

    class Killed(BaseException):
        pass

    def kill(_: Path) -> None:
        raise Killed

    filled: list[Any] = []

    async def noted(*given: Any) -> Any:
        filled.append(await reindex.fill(*given))
        return filled[-1]

    monkeypatch.setattr(index_switch, "fill", noted)
    with monkeypatch.context() as patch, pytest.raises(Killed):  # noqa: PT012 - the context manager is the statement
        patch.setattr(index_switch, "_switch_folders", kill)
        async with open_exclusive(tmp_path, "a test"):
            pass
    assert (tmp_path / "index.next" / "meta.json").exists()
    async with open_exclusive(tmp_path, "a test") as sources:
        assert await found(sources) == 3
    assert [(f.written, f.photos) for f in filled] == [(3, 3), (0, 3)]


@pytest.mark.parametrize("how", ["damaged", "missing"])
async def test_a_damaged_and_a_missing_index_are_rebuilt(tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str) -> None:
    await make(tmp_path)
    (tmp_path / "index" / "meta.json").write_text("{")
    if how == "missing":
        (tmp_path / "index").rename(tmp_path / "elsewhere")
        (tmp_path / "elsewhere").rename(tmp_path.with_name("elsewhere"))
    async with open_exclusive(tmp_path, "a test") as sources:
        assert await found(sources) == 3
    assert how in rebuilt(caplog)


@pytest.mark.parametrize("part", ["word_stems", "tokens", "normalize", "MAX_TERM", "unidata_version"])
def test_every_part_of_the_text_analysis_is_in_its_version(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    before = analysis_version()
    changed: dict[str, Any] = {
        "word_stems": lambda word: frozenset((word,)),
        "tokens": lambda text: text.lower().split(),
        "normalize": lambda text: text.lower(),
        "MAX_TERM": 5,
    }
    if part == "unidata_version":
        monkeypatch.setattr(unicodedata, part, "1.0.0")
    else:
        monkeypatch.setattr(analysis, part, changed[part])
    assert analysis_version() != before


@pytest.fixture(autouse=True)
def log_warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="photos.upgrade")
