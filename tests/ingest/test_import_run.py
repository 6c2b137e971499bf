from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from access.policy import OWNER_VISIBILITY
from datasources import Sources
from datasources.data_folder import IndexLock, prepare
from datasources.tables.photos import Draft
from indexing.change_feed_consumer import IndexFollower
from indexing.documents import CONSUMER
from indexing.open_stores import open_exclusive, open_shared
from indexing.progress import ProgressDisplay
from indexing.verify import Findings, verify
from ingest.run import ImportRequest, ImportResult, run_import


class RecordingDisplay(ProgressDisplay):
    """Stores the printed lines, and stops the import after a number of records."""

    def __init__(self, stop: asyncio.Event, after: int | None = None) -> None:
        self.lines: list[str] = []
        self._stop = stop
        self._after = after

    def update(self, records: int, done: int, total: int) -> None:
        assert 0 <= done <= total
        if self._after is not None and records >= self._after:
            self._stop.set()

    def print_line(self, text: str) -> None:
        self.lines.append(text)

    def close(self) -> None:
        pass


def lines(path: Path, records: Sequence[dict[str, Any] | str]) -> Path:
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r, ensure_ascii=False)) + "\n" for r in records))
    return path


def many(count: int) -> list[dict[str, Any] | str]:
    return [{"sourceId": f"s{i}", "caption": f"photo {i}", "latitude": 41.9, "longitude": 12.5} for i in range(count)]


async def imported(data: Path, path: Path, *, after: int | None = None, restore: bool = False) -> ImportResult:
    stop = asyncio.Event()
    return await run_import(data, ImportRequest(path, "ana", restore=restore), RecordingDisplay(stop, after), stop)


async def verified(data: Path, *, repair: bool = False) -> Findings:
    async with open_exclusive(data, "a test") as sources:
        return await verify(sources, repair=repair)


async def written(sources: Sources, changes: int) -> None:
    """Waits until the changes of another process are in the feed."""
    while await sources.feed.lag(CONSUMER) < changes:  # noqa: ASYNC110
        await asyncio.sleep(0)


def counts(ended: ImportResult) -> tuple[int, ...]:
    return tuple(ended.counters.counts[k] for k in ("added", "updated", "unchanged", "rejected"))


async def test_importing_twice_adds_no_duplicates(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", many(600))
    assert counts(await imported(tmp_path / "data", path)) == (600, 0, 0, 0)
    assert counts(await imported(tmp_path / "data", path)) == (0, 0, 600, 0)
    found = await verified(tmp_path / "data")
    assert (found.agrees, found.photos, found.indexed, found.behind) == (True, 600, 600, 0)


async def test_invalid_lines_are_reported_with_their_number_and_the_others_are_imported(tmp_path: Path) -> None:
    bad: list[dict[str, Any] | str] = ["{", {"caption": "no id"}, {"sourceId": "x", "latitude": 91, "longitude": 0}]
    ended = await imported(tmp_path / "data", lines(tmp_path / "a.jsonl", [*many(3), *bad, {"sourceId": "y", "colour": 1}]))
    assert counts(ended) == (4, 0, 0, 3)
    report = ended.counters.report(ended.unknown_names)
    assert [r.split()[1] for r in ended.counters.rejections] == ["4", "5", "6"]
    assert "colour" in report[-1]


async def test_a_record_that_is_too_large_is_rejected_and_the_rest_of_its_batch_is_imported(tmp_path: Path) -> None:
    huge = {"sourceId": "huge", "keywords": ["\U0001f4f7" * 499 + chr(0x4E00 + i) for i in range(300)]}
    ended = await imported(tmp_path / "data", lines(tmp_path / "a.jsonl", [*many(3), huge, {"sourceId": "z"}]))
    assert counts(ended) == (4, 0, 0, 1)
    assert ended.counters.rejections == ["line 4 is too large to store as one photo"]
    assert (await verified(tmp_path / "data")).photos == 4


async def test_an_import_stops_after_the_current_batch_and_resumes_there(tmp_path: Path) -> None:
    path, data = lines(tmp_path / "a.jsonl", many(1_000)), tmp_path / "data"
    first = await imported(data, path, after=250)
    assert (first.is_complete, counts(first)) == (False, (250, 0, 0, 0))
    assert (await verified(data)).indexed == 250
    second = await imported(data, path)
    assert (second.is_complete, counts(second)) == (True, (1_000, 0, 0, 0))
    assert list((data / "imports").iterdir()) == []


async def test_a_changed_file_is_read_from_the_beginning(tmp_path: Path) -> None:
    path, data = lines(tmp_path / "a.jsonl", many(500)), tmp_path / "data"
    await imported(data, path, after=250)
    lines(path, [{"sourceId": "s0", "caption": "new words"}, *many(500)[1:]])
    assert counts(await imported(data, path)) == (250, 1, 249, 0)


async def test_while_another_process_has_the_index_the_import_waits_for_it(tmp_path: Path) -> None:
    path, data = lines(tmp_path / "a.jsonl", many(300)), tmp_path / "data"
    async with open_exclusive(data, "a server") as server:
        running = asyncio.create_task(imported(data, path))
        await written(server, 300)
        assert not running.done()
        await IndexFollower(server).catch_up()
        assert counts(await running) == (300, 0, 0, 0)
        owner = server.ids.local_id("customer", "ana")
        assert len(await server.index.versions(owner)) == 300


async def test_the_import_indexes_its_changes_if_the_other_process_ended_before(tmp_path: Path) -> None:
    path, data = lines(tmp_path / "a.jsonl", many(300)), tmp_path / "data"
    prepare(data)
    lock = IndexLock.take(data, "a server")
    assert lock is not None
    running = asyncio.create_task(imported(data, path))
    async with open_shared(data, "a test") as (sources, has_index):
        assert not has_index
        await written(sources, 300)
    lock.release()
    assert counts(await running) == (300, 0, 0, 0)
    assert (await verified(data)).behind == 0


async def test_the_checkpoint_never_skips_changes_of_other_processes_during_an_import(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await imported(data, lines(tmp_path / "a.jsonl", many(10)))
    async with open_exclusive(data, "an import") as sources:
        owner = sources.ids.local_id("customer", "ana")
        records, _ = await sources.photos.of_owner(owner)
        follower = IndexFollower(sources)
        own, others = records[:5], records[5:]
        await follower.add([r for r in await sources.photos.save([Draft(r) for r in own], now_ms=1) if r])
        await sources.photos.save([Draft(r) for r in others], now_ms=1)
        await follower.catch_up()
        assert set((await sources.index.versions(owner)).values()) == {2}


async def test_verify_finds_and_repairs_differences_of_the_index(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await imported(data, lines(tmp_path / "a.jsonl", many(20)))
    async with open_exclusive(data, "a test") as sources:
        await sources.index.erase(sources.ids.local_id("customer", "ana"))
    found = await verified(data)
    assert (found.agrees, found.missing) == (False, 20)
    repaired = await verified(data, repair=True)
    assert (repaired.agrees, repaired.repaired) == (True, 20)
    assert (await verified(data)).missing == 0


async def test_verify_finds_a_value_that_cannot_be_decrypted_and_the_other_photos_stay_indexed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await imported(data, lines(tmp_path / "a.jsonl", many(20)))
    async with open_exclusive(data, "a test") as sources:
        owner = sources.ids.local_id("customer", "ana")
        (record, *_), _ = await sources.photos.of_owner(owner)
        await swap_content(sources, record)
        await IndexFollower(sources).catch_up()
        assert len(await sources.index.versions(owner)) == 19
    found = await verified(data)
    assert (found.agrees, found.unreadable) == (False, 1)


async def swap_content(sources: Any, record: Any) -> None:
    """Replaces the sealed content of a photo with that of another photo."""
    records, _ = await sources.photos.of_owner(record.owner)
    foreign = records[1].sealed["CONTENT"]
    seen = (await sources.photos.opened([record], OWNER_VISIBILITY))[record.key]
    assert seen.content is not None
    swapped = msgspec.structs.replace(record, sealed={**record.sealed, "CONTENT": foreign})
    await sources.photos.save([Draft(swapped)], now_ms=1)


async def test_a_lost_index_is_rebuilt_when_the_folder_is_opened(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await imported(data, lines(tmp_path / "a.jsonl", many(20)))
    shutil.rmtree(data / "index")
    found = await verified(data)
    assert (found.agrees, found.indexed) == (True, 20)


@pytest.mark.parametrize("state", ["{", '{"fingerprint": "x"}', "\0\0\0"])
async def test_a_damaged_checkpoint_is_ignored(tmp_path: Path, state: str) -> None:
    path, data = lines(tmp_path / "a.jsonl", many(500)), tmp_path / "data"
    await imported(data, path, after=250)
    for file in (data / "imports").iterdir():
        file.write_text(state)
    assert counts(await imported(data, path)) == (250, 0, 250, 0)
