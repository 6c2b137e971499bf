"""The rendition service: its cache, its limits and failed files."""

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
from tests.media.gateway import RunningGateway, first
from workers.pool import WorkerDied, WorkerPool


def test_the_cache_evicts_the_least_recently_used_files(tmp_path: Path) -> None:
    cache = DiskLruCache(tmp_path / "cache", 100)
    for name in "abc":
        cache.put("ana", name, bytes(30))
    assert cache.get("ana", "a") == bytes(30)
    cache.put("bob", "d", bytes(30))
    assert [name for name in "abcd" if cache.get("bob" if name == "d" else "ana", name)] == ["a", "c", "d"]
    cache.put("ana", "huge", bytes(101))
    assert cache.get("ana", "huge") is None
    assert sum(p.stat().st_size for p in (tmp_path / "cache").rglob("*") if p.is_file()) <= 100
    again = DiskLruCache(tmp_path / "cache", 100)
    assert again.get("ana", "c") == bytes(30)
    again.forget("ana")
    assert (again.get("ana", "c"), again.get("bob", "d")) == (None, bytes(30))


async def request_of(gateway: RunningGateway, size: Size) -> tuple[RenditionService, RenditionRequest]:
    """A request for a rendition of Ana's newest picture, and a rendition service."""
    photo = gateway.sources.ids.decode((await first(gateway))["id"])
    records, _ = await gateway.sources.pictures.of_owner(photo.owner)
    record = next(r for r in records if r.id == photo.local)
    (seen,) = await gateway.sources.pictures.opened([record], OWNER_VISIBILITY)
    service = RenditionService(gateway.sources.originals, gateway.settings.data / "renditions-of-a-test", max_bytes=1 << 20)
    return service, RenditionRequest(Rendition(photo.owner, record.source or "", size, "JPEG"), OWNER_VISIBILITY, seen.keys)


async def test_too_many_concurrent_renditions_are_refused(own_gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    service, request = await request_of(own_gateway, Size(64, 48))
    held, at_once, most = asyncio.Event(), 0, 0

    async def waiting(self: RenditionService, request: RenditionRequest) -> bytes:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await held.wait()
        at_once -= 1
        return b"made"

    monkeypatch.setattr(RenditionService, "_render", waiting)
    wanted = [asyncio.create_task(service.rendition(sized(request, n))) for n in range(70)]
    for early in islice(asyncio.as_completed(wanted), 6):
        with pytest.raises(Busy):
            await early
    held.set()
    answers = await asyncio.gather(*wanted, return_exceptions=True)
    assert [type(a) for a in answers].count(Busy) == 6
    assert answers.count(b"made") == 64
    assert most <= 2
    await service.close()


def sized(request: RenditionRequest, n: int) -> RenditionRequest:
    return RenditionRequest(request.rendition._replace(size=Size(n + 1, 1)), request.visibility, request.keys)


async def test_a_file_that_killed_its_worker_is_refused_for_a_while(
    own_gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, request = await request_of(own_gateway, Size(64, 48))
    jobs: list[object] = []

    def dying(self: WorkerPool, job: object) -> Any:
        jobs.append(job)
        raise WorkerDied("crashes its decoder")

    monkeypatch.setattr(WorkerPool, "submit", dying)
    for _ in range(3):
        with pytest.raises(RenditionFailed):
            await service.rendition(request)
    assert len(jobs) == 1
    await service.close()
