"""Key rotation under load: no read fails, and afterwards nothing is encrypted with the old key."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from access.seals import key_id_of
from access.viewer import Viewer
from datasources.errors import Unavailable
from datasources.photo_key import PhotoKey
from datasources.tables.jobs import JobKind, JobRecord, JobStatus, Running
from datasources.tables.keys import Clocks, KeyRing
from datasources.tables.photos import Photos
from resolvers.jobs.key_rotation import PROPAGATION_MS
from resolvers.jobs.kinds import JOB_FUNCTIONS
from resolvers.jobs.runner import JobRunner
from resolvers.jobs.start import new_job, start
from tests.jobs.makers import Clock, stored
from tests.requests.harness import Gateway

PHOTOS = "{ photos(first: 50) { nodes { id caption } } }"
CAPTION = "mutation($i: UpdatePhotosInput!) { updatePhotos(input: $i) { userErrors { code } } }"


async def begun(gateway: Gateway, viewer: Viewer) -> JobRecord:
    job = await start(gateway.sources, new_job(gateway.sources, viewer, str(viewer.customer), JobKind.ROTATE))
    assert not isinstance(job, Running)
    return job


def by_clock(gateway: Gateway, clock: Clock) -> None:
    """Makes the key cache use the clock of the test."""
    gateway.sources.keys._clocks = Clocks(lambda: clock.ms / 1_000, lambda: clock.ms / 1_000)


async def sealed_by(gateway: Gateway, owner: str, ids: list[str]) -> Counter[bytes]:
    records = await gateway.sources.photos.raw([PhotoKey(owner, gateway.sources.ids.decode(i).local) for i in ids])
    return Counter(key_id_of(s) for r in records.values() for s in r.sealed.values())


async def test_under_load_no_read_fails_and_nothing_keeps_the_old_key(gateway: Gateway, clock: Clock) -> None:
    by_clock(gateway, clock)
    ana = await gateway.customer("ana")
    photos = await gateway.photos("ana", *map(str, range(40)), caption="words")
    old = (await gateway.sources.keys.keys_of(["ana"]))["ana"].current.id
    job, ended, reads = await begun(gateway, ana), asyncio.Event(), 0

    async def reading() -> None:
        nonlocal reads
        while not ended.is_set():
            answer = await gateway.answer(PHOTOS, as_=ana)
            assert all(n["caption"] for n in answer["photos"]["nodes"])
            assert len(answer["photos"]["nodes"]) == 40
            reads += 1

    async def writing() -> None:
        for n in range(10):
            done = await gateway.answer(CAPTION, {"i": {"ids": photos[n : n + 2], "set": {"caption": f"new {n}"}}}, as_=ana)
            assert done["updatePhotos"]["userErrors"] == []

    readers = [asyncio.create_task(reading()) for _ in range(2)]
    runner = JobRunner(gateway.sources, JOB_FUNCTIONS, worker="one")
    await asyncio.gather(runner.run_until_idle(), writing())
    assert (await stored(gateway, job)).live
    clock.ms += PROPAGATION_MS
    await asyncio.gather(runner.run_until_idle(), writing())
    ended.set()
    await asyncio.gather(*readers)
    assert (await stored(gateway, job)).status is JobStatus.COMPLETED
    assert reads
    keys = (await gateway.sources.keys.keys_of(["ana"]))["ana"]
    assert keys.current.id != old
    assert set(await sealed_by(gateway, "ana", photos)) == {keys.current.id}


async def test_an_interrupted_rotation_resumes_and_versions_are_unchanged(
    gateway: Gateway, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_clock(gateway, clock)
    monkeypatch.setattr("datasources.tables.resealing.PAGE", 5)
    ana = await gateway.customer("ana")
    photos = await gateway.photos("ana", *map(str, range(20)), caption="words")
    versions = [(await gateway.record(p)).version for p in photos]
    job = await begun(gateway, ana)
    await JobRunner(gateway.sources, JOB_FUNCTIONS, worker="one").run_until_idle()
    clock.ms += PROPAGATION_MS
    write_each, pages = gateway.sources.store.write_each, 0

    async def dying(writes):
        nonlocal pages
        pages += any(w.table.name == "photos" for w in writes)
        if pages == 3:
            raise Unavailable("tables", "away")
        return await write_each(writes)

    monkeypatch.setattr(gateway.sources.store, "write_each", dying)
    await JobRunner(gateway.sources, JOB_FUNCTIONS, worker="one").run_until_idle()
    monkeypatch.setattr(gateway.sources.store, "write_each", write_each)
    half = await sealed_by(gateway, "ana", photos)
    assert len(half) == 2
    clock.ms += 60_000
    await JobRunner(gateway.sources, JOB_FUNCTIONS, worker="two").run_until_idle()
    done = await stored(gateway, job)
    assert (done.status, done.error_code) == (JobStatus.COMPLETED, None)
    assert len(await sealed_by(gateway, "ana", photos)) == 1
    assert [(await gateway.record(p)).version for p in photos] == versions


async def test_a_process_with_cached_old_keys_can_read_reencrypted_values(gateway: Gateway, clock: Clock) -> None:
    """Every process loads the new key before it is used for encryption."""
    by_clock(gateway, clock)
    ana = await gateway.customer("ana")
    photos = await gateway.photos("ana", "one", caption="words")
    sources = gateway.sources
    other = KeyRing(sources.store, sources.key_service, clocks=Clocks(lambda: clock.ms / 1_000, lambda: clock.ms / 1_000))
    await begun(gateway, ana)
    runner = JobRunner(sources, JOB_FUNCTIONS, worker="one")
    await other.keys_of(["ana"])
    await runner.run_until_idle()
    clock.ms += PROPAGATION_MS
    await other.keys_of(["ana"])
    await runner.run_until_idle()
    elsewhere = Photos(sources.store, other)
    seen = await elsewhere.by_ids(gateway.scope(ana), [PhotoKey("ana", sources.ids.decode(photos[0]).local)])
    assert [p.content.caption for p in seen.values() if p.content] == ["words"]


async def test_an_erased_customer_gets_no_new_key(gateway: Gateway, clock: Clock) -> None:
    ana = await gateway.customer("ana")
    job = await begun(gateway, ana)
    await gateway.sources.keys.destroy("ana")
    await JobRunner(gateway.sources, JOB_FUNCTIONS, worker="one").run_until_idle()
    ended = await stored(gateway, job)
    assert (ended.status, ended.error_code) == (JobStatus.FAILED, "NOT_FOUND")
