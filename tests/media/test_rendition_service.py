"""Renditions are made a few at once, within a bound; what is broken is not tried again and again."""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from access.policy import OWNER_VISIBILITY
from pictures.size_ladder import Size
from serving.disk_cache import DiskLruCache
from serving.renditions import Busy, Rendition, RenditionFailed, RenditionRequest, RenditionService
from tests.media.gateway import House, first
from workers.pool import WorkerDied, WorkerPool


def test_the_shelf_keeps_what_was_used_last_within_its_bound(tmp_path: Path) -> None:
    shelf = DiskLruCache(tmp_path / "shelf", 100)
    for name in "abc":
        shelf.put("ana", name, bytes(30))
    assert shelf.get("ana", "a") == bytes(30)
    shelf.put("bob", "d", bytes(30))
    assert [name for name in "abcd" if shelf.get("bob" if name == "d" else "ana", name)] == ["a", "c", "d"]
    shelf.put("ana", "huge", bytes(101))
    assert shelf.get("ana", "huge") is None
    assert sum(p.stat().st_size for p in (tmp_path / "shelf").rglob("*") if p.is_file()) <= 100
    again = DiskLruCache(tmp_path / "shelf", 100)
    assert again.get("ana", "c") == bytes(30)
    again.forget("ana")
    assert (again.get("ana", "c"), again.get("bob", "d")) == (None, bytes(30))


async def order_of(home: House, size: Size) -> tuple[RenditionService, RenditionRequest]:
    """An order for Ana's newest picture at a size, and a darkroom of the test's own."""
    photo = home.sources.ids.decode((await first(home))["id"])
    records, _ = await home.sources.pictures.of_owner(photo.owner)
    record = next(r for r in records if r.id == photo.local)
    (seen,) = await home.sources.pictures.opened([record], OWNER_VISIBILITY)
    room = RenditionService(home.sources.originals, home.settings.data / "renditions-of-a-test", most_bytes=1 << 20)
    return room, RenditionRequest(Rendition(photo.owner, record.source or "", size, "JPEG"), OWNER_VISIBILITY, seen.keys)


async def test_too_many_at_once_are_told_to_come_again(own_home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    room, order = await order_of(own_home, Size(64, 48))
    held, at_once, most = asyncio.Event(), 0, 0

    async def waiting(self: RenditionService, order: RenditionRequest) -> bytes:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await held.wait()
        at_once -= 1
        return b"made"

    monkeypatch.setattr(RenditionService, "_develop", waiting)
    wanted = [asyncio.create_task(room.rendition(sized(order, n))) for n in range(70)]
    for early in islice(asyncio.as_completed(wanted), 6):
        with pytest.raises(Busy):
            await early
    held.set()
    answers = await asyncio.gather(*wanted, return_exceptions=True)
    assert [type(a) for a in answers].count(Busy) == 6
    assert answers.count(b"made") == 64
    assert most <= 2
    await room.close()


def sized(order: RenditionRequest, n: int) -> RenditionRequest:
    return RenditionRequest(order.rendition._replace(size=Size(n + 1, 1)), order.sight, order.keys)


async def test_what_kills_its_worker_is_not_tried_again_for_a_while(own_home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    room, order = await order_of(own_home, Size(64, 48))
    jobs: list[object] = []

    def dying(self: WorkerPool, job: object) -> Any:
        jobs.append(job)
        raise WorkerDied("makes its reader crash")

    monkeypatch.setattr(WorkerPool, "submit", dying)
    for _ in range(3):
        with pytest.raises(RenditionFailed):
            await room.rendition(order)
    assert len(jobs) == 1
    await room.close()
