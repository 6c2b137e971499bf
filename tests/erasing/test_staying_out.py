"""Whoever was erased stays out, whatever comes again; and the erasure ends, whatever dies or is away meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from access.scope import Grant
from access.viewer import GuestLink, Viewer, ViewerKind
from datasources.errors import Unavailable
from datasources.tables.jobs import JobKind, JobRecord, JobStatus, Running
from datasources.tables.keys import CACHE_S, Clocks, Destroyed, KeyRing
from datasources.wiring import embedded
from resolvers.erasing.certificate import certificate_key, read
from resolvers.erasing.erase import SURE_MS, erase
from resolvers.erasing.start import OPERATOR, begin_erasure
from resolvers.importing.records import ImportRecord
from resolvers.importing.writer import RecordWriter
from resolvers.jobs.kinds import JOB_FUNCTIONS
from resolvers.jobs.runner import MAX_ATTEMPTS, JobRunner
from tests.erasing.makers import CANARY, certificate_of, erased, holding, job_of, somebody, worked_off
from tests.erasing.test_erase import ERASE, own_id
from tests.jobs.makers import CANCEL, EXPORT, JOB, Clock
from tests.requests.harness import Gateway

PHOTOS = "{ photos { nodes { id caption } } viewer { customer { id } } }"


async def of_ana(gateway: Gateway, photos: int = 3) -> Viewer:
    ana = await somebody(gateway, "ana")
    await gateway.photos(str(ana.customer), *map(str, range(photos)), caption=CANARY)
    return ana


def code(answer: dict[str, Any]) -> tuple[str, str | None]:
    (error,) = answer["errors"]
    return error["extensions"]["code"], error["extensions"].get("reason")


async def test_only_a_customer_who_has_just_signed_in_may_and_only_by_their_own_id(gateway: Gateway, clock: Clock) -> None:
    ana, bob = await of_ana(gateway), await somebody(gateway, "bob")
    given = {"id": own_id(gateway, ana)}
    clock.ms += 301_000
    assert code(await gateway.execute(ERASE, given, as_=ana)) == ("FORBIDDEN", "STEP_UP")
    service = Viewer(ViewerKind.SERVICE, "etl", scopes=frozenset({"photos:write"}), purpose="tests")
    assert code(await gateway.execute(ERASE, given, as_=service))[0] == "FORBIDDEN"
    fresh = replace(bob, signed_in_at=clock.ms // 1_000)
    refused = (await gateway.answer(ERASE, given, as_=fresh))["eraseMyData"]
    assert [e["code"] for e in refused["userErrors"]] == ["INVALID"]
    assert await gateway.sources.keys.keys_of([str(ana.customer), str(bob.customer)]) != {}
    assert not await gateway.sources.jobs.due()


async def test_a_repeated_import_is_refused_and_a_token_sees_an_empty_library(gateway: Gateway, clock: Clock) -> None:
    ana = await of_ana(gateway)
    await erased(gateway, clock, str(ana.customer))
    with pytest.raises(Destroyed):
        await RecordWriter(gateway.sources, str(ana.customer)).write([ImportRecord(source_id="0")])
    with pytest.raises(Destroyed):
        await gateway.sources.customers.ensure(str(ana.customer), "ana", now_ms=1)
    assert str(ana.customer) not in [c async for c in gateway.sources.customers.everyone()]
    gone = replace(ana, erased=True)
    answer = await gateway.execute(PHOTOS, as_=gone)
    assert answer["data"] == {"photos": {"nodes": []}, "viewer": {"customer": None}}
    assert answer["extensions"]["erased"] is True
    for viewer in (ana, gone):  # also one whose request began before
        assert code(await gateway.execute(EXPORT, as_=viewer)) == ("FORBIDDEN", "ERASED")


async def test_a_repeated_erasure_is_one_job_that_cannot_be_cancelled(gateway: Gateway, clock: Clock) -> None:
    ana = await of_ana(gateway)
    given = {"id": own_id(gateway, ana)}
    first, again = [(await gateway.answer(ERASE, given, as_=ana))["eraseMyData"] for _ in range(2)]
    job = first["bulkOperation"]["id"]
    assert again == {"bulkOperation": first["bulkOperation"], "userErrors": [{"code": "CONFLICT", "nodeId": job}]}
    stopped = (await gateway.answer(CANCEL, {"id": job}, as_=ana))["cancelBulkOperation"]
    assert stopped["bulkOperation"]["status"] == "QUEUED"
    assert isinstance(await begin_erasure(gateway.sources, str(ana.customer), OPERATOR), Running)
    await worked_off(gateway, clock, str(ana.customer))
    seen = (await gateway.answer(JOB, {"id": job}, as_=replace(ana, erased=True)))["bulkOperation"]
    assert (seen["status"], [f["path"] for f in seen["files"]]) == ("COMPLETED", ["certificate"])
    certificate = await erased(gateway, clock, str(ana.customer))
    assert sum(s.removed for s in certificate.stores.values()) == 0, "erased again: there is nothing more"


@pytest.mark.parametrize("dies_at", range(1, 6))
async def test_killed_anywhere_it_goes_on_and_ends(gateway: Gateway, clock: Clock, dies_at: int, tmp_path: Path) -> None:
    ana = await of_ana(gateway)
    await begin_erasure(gateway.sources, str(ana.customer), OPERATOR)
    saves = 0
    save = gateway.sources.jobs.save

    async def dying(record: JobRecord) -> JobRecord | None:
        nonlocal saves
        saves += 1
        if saves == dies_at:
            raise asyncio.CancelledError  # what a kill leaves: nothing more is written
        return None if saves > dies_at else await save(record)

    gateway.sources.jobs.save = dying  # type: ignore[method-assign]
    for _ in range(2):
        runner = JobRunner(gateway.sources, JOB_FUNCTIONS, worker="one")
        with suppress(asyncio.CancelledError):
            await runner.run_until_idle()
        clock.ms += SURE_MS
    gateway.sources.jobs.save = save  # type: ignore[method-assign]
    certificate = await worked_off(gateway, clock, str(ana.customer))
    assert certificate.stores["index"].left == 0
    assert list(holding(tmp_path / "gateway", CANARY)) == []


async def test_while_the_index_is_away_it_is_unreadable_and_waits_for_ever(gateway: Gateway, clock: Clock) -> None:
    ana = await of_ana(gateway)
    real = gateway.sources.index.erase

    async def away(owner: str) -> None:
        del owner
        raise Unavailable("search", "away")

    gateway.sources.index.erase = away  # type: ignore[method-assign]
    await begin_erasure(gateway.sources, str(ana.customer), OPERATOR)
    for _ in range(2 * MAX_ATTEMPTS):
        await JobRunner(gateway.sources, JOB_FUNCTIONS, worker="one").run_until_idle()
        clock.ms += 10_000_000
    assert (await job_of(gateway, str(ana.customer))).live
    assert await gateway.sources.keys.keys_of([str(ana.customer)]) == {}
    gateway.sources.index.erase = real  # type: ignore[method-assign]
    await worked_off(gateway, clock, str(ana.customer))


async def test_what_a_process_wrote_that_knew_the_key_still_is_taken_out_by_the_second_pass(
    gateway: Gateway, clock: Clock, tmp_path: Path
) -> None:
    ana = await of_ana(gateway)
    owner = str(ana.customer)
    other = await embedded(tmp_path / "gateway", index=gateway.sources.index)
    try:
        await other.keys.keys_of([owner])
        await begin_erasure(gateway.sources, owner, OPERATOR)
        runner = JobRunner(gateway.sources, JOB_FUNCTIONS, worker="one")
        await runner.run_until_idle()
        (done,) = await RecordWriter(other, owner).write([ImportRecord(source_id="late", caption=CANARY)])
        assert done.written is not None, "an import elsewhere still knows the key"
        assert (await job_of(gateway, owner)).live
    finally:
        await other.store.close()
    certificate = await worked_off(gateway, clock, owner)
    assert certificate.stores["tables/photos"].removed == 4
    assert certificate.stores["tables/photos"].left == 0


async def test_elsewhere_the_key_is_gone_within_a_minute(gateway: Gateway) -> None:
    ana, now = await of_ana(gateway), [1_000.0]
    owner, sources = str(ana.customer), gateway.sources
    other = KeyRing(sources.store, sources.key_service, clocks=Clocks(lambda: now[0], lambda: now[0]))
    assert owner in await other.keys_of([owner])
    await begin_erasure(sources, owner, OPERATOR)
    now[0] += CACHE_S
    assert await other.keys_of([owner]) == {}
    assert CACHE_S < 60 < SURE_MS / 1_000 + 1


async def test_an_export_that_is_being_written_leaves_nothing_and_guests_see_nothing(gateway: Gateway, clock: Clock) -> None:
    ana = await of_ana(gateway)
    owner = str(ana.customer)
    at, go = asyncio.Event(), asyncio.Event()

    async def slow_export(run: Any) -> None:
        at.set()
        await go.wait()
        await JOB_FUNCTIONS[JobKind.EXPORT](run)

    await gateway.answer(EXPORT, as_=ana)
    exporting = JobRunner(gateway.sources, {JobKind.EXPORT: slow_export}, worker="one")
    await exporting.start_due_jobs()
    await at.wait()
    await begin_erasure(gateway.sources, owner, OPERATOR)
    await JobRunner(gateway.sources, {JobKind.ERASE: erase}, worker="two").run_until_idle()
    go.set()
    await exporting.run_until_idle()
    certificate = await worked_off(gateway, clock, owner)
    assert certificate.stores["results"].left == 0
    guest = Viewer(ViewerKind.GUEST, "g", guest_of=GuestLink(owner, "a1", "g"))
    scope = replace(gateway.scope(guest), grants=(Grant(owner, "a1", *_widest()),))
    assert await gateway.sources.photos.by_ids(scope, []) == {}
    assert (await gateway.answer("{ photos(library: SHARED_WITH_ME) { nodes { id } } }", as_=guest))["photos"]["nodes"] == []


def _widest() -> tuple[Any, Any]:
    from access.precision import LocationPrecision, TimePrecision

    return max(LocationPrecision), max(TimePrecision)


async def test_a_certificate_that_was_changed_is_not_ours(gateway: Gateway, clock: Clock) -> None:
    ana = await of_ana(gateway)
    certificate = await erased(gateway, clock, str(ana.customer))
    job = await job_of(gateway, str(ana.customer))
    assert job.status is JobStatus.COMPLETED
    assert await certificate_of(gateway, job) == certificate
    key = await certificate_key(gateway.sources)
    data = certificate.signed(key)
    assert read(data, key.public_key()) == certificate
    assert read(data.replace(b'"opened": 0', b'"opened": 1'), key.public_key()) is None
    assert read(data.replace(b'"left": 0', b'"left": 1'), key.public_key()) is None
