"""Every write of photos registers with the index lag, so that no search after it is silently stale.

The index accepts no writes in these tests. Each test fails if the registration of its write is removed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from access.viewer import Viewer, ViewerKind
from datasources.errors import Unavailable
from datasources.tables.photos import Coordinates
from indexing.change_feed_consumer import IndexFollower
from indexing.index_lag import IndexLag
from resolvers.importing.record_reading import read_record
from resolvers.importing.upsert import upsert_verified
from resolvers.importing.writer import RecordWriter
from tests.requests.harness import Gateway, opened
from tests.requests.test_read_your_writes import UPDATE, LateIndex

UPSERT = "mutation($i: UpsertPhotosInput!) { upsertPhotos(input: $i) { photos { id } userErrors { message } } }"
ZONES = "mutation($i: UpdateCustomerInput!) { updateCustomer(input: $i) { userErrors { message } } }"
ALBUM = "mutation($i: CreateAlbumInput!) { createAlbum(input: $i) { userErrors { message } } }"
SERVICE = Viewer(ViewerKind.SERVICE, "etl", scopes=frozenset({"photos:read", "photos:write"}), purpose="sync")
HOME = {"latitude": 48.2, "longitude": 16.37, "radiusMeters": 500}


@asynccontextmanager
async def late_gateway(folder: Path) -> AsyncIterator[tuple[Gateway, LateIndex]]:
    """A gateway with an index whose writes can be held back; searches and mutations wait 5 ms for it."""
    late: list[LateIndex] = []

    def around(real: Any) -> LateIndex:
        late.append(LateIndex(real))
        return late[0]

    async with opened(folder, index_lag=IndexLag(search_wait_s=0.005, write_wait_s=0.005), around_index=around) as gateway:
        try:
            yield gateway, late[0]
        finally:
            late[0].release()


async def assert_pending_until_indexed(gateway: Gateway, index: LateIndex, owner: str) -> None:
    """The owner is behind now and no longer once the index accepts writes."""
    assert not await gateway.index_lag.wait_until_indexed([owner])
    index.release()
    await gateway.settle()
    await IndexFollower(gateway.sources, gateway.index_lag).catch_up()
    assert await gateway.index_lag.wait_until_indexed([owner])


async def assert_behind_during(gateway: Gateway, monkeypatch: pytest.MonkeyPatch, write: Callable[[], Any], method: str) -> None:
    """The owner of a write is behind from before the write of the tables on."""
    photos = gateway.sources.photos
    original, behind = getattr(photos, method), []

    async def observed(*args: Any, **named: Any) -> Any:
        saved = await original(*args, **named)
        if saved:
            behind.append(not await gateway.index_lag.wait_until_indexed([saved[0].owner]))
        return saved

    monkeypatch.setattr(photos, method, observed)
    await write()
    await gateway.settle()
    assert behind == [True]


async def test_a_mutation_marks_its_photos_pending(tmp_path: Path) -> None:
    async with late_gateway(tmp_path) as (gateway, index):
        ana, photo = await gateway.customer("ana"), await gateway.photo("ana", "a")
        index.hold()
        await gateway.answer(UPDATE, {"i": {"ids": [photo], "set": {"favorite": True}}}, as_=ana)
        await assert_pending_until_indexed(gateway, index, "ana")


async def test_photos_added_to_an_album_are_marked_pending(tmp_path: Path) -> None:
    async with late_gateway(tmp_path) as (gateway, index):
        ana, photo = await gateway.customer("ana"), await gateway.photo("ana", "a")
        index.hold()
        await gateway.answer(ALBUM, {"i": {"title": "Sea", "photoIds": [photo]}}, as_=ana)
        await assert_pending_until_indexed(gateway, index, "ana")


async def test_an_upsert_marks_its_photos_pending(tmp_path: Path) -> None:
    async with late_gateway(tmp_path) as (gateway, index):
        index.hold()
        await gateway.answer(UPSERT, {"i": {"customerId": "ana", "records": [{"sourceId": "1"}]}}, as_=SERVICE)
        await assert_pending_until_indexed(gateway, index, gateway.sources.ids.local_id("customer", "ana"))


async def test_new_home_zones_mark_the_changed_photos_pending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with late_gateway(tmp_path) as (gateway, index):
        ana, photos, written = await gateway.customer("ana"), gateway.sources.photos, asyncio.Event()
        await gateway.photo("ana", "a", at=Coordinates(48.2, 16.37))
        original = photos.rezoned

        async def rezoned(*args: Any, **named: Any) -> Any:
            saved = await original(*args, **named)
            if saved:
                index.hold()
                written.set()
            return saved

        monkeypatch.setattr(photos, "rezoned", rezoned)
        await gateway.answer(ZONES, {"i": {"set": {"homeZones": [HOME]}}}, as_=ana)
        await asyncio.wait_for(written.wait(), 10)
        await asyncio.sleep(0.05)
        await assert_pending_until_indexed(gateway, index, "ana")


async def test_a_mutation_is_behind_while_it_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with late_gateway(tmp_path) as (gateway, _):
        ana, photo = await gateway.customer("ana"), await gateway.photo("ana", "a")
        given = {"i": {"ids": [photo], "set": {"favorite": True}}}
        await assert_behind_during(gateway, monkeypatch, lambda: gateway.answer(UPDATE, given, as_=ana), "save")


async def test_an_upsert_is_behind_while_it_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with late_gateway(tmp_path) as (gateway, _):
        given = {"i": {"customerId": "ana", "records": [{"sourceId": "1"}]}}
        await assert_behind_during(gateway, monkeypatch, lambda: gateway.answer(UPSERT, given, as_=SERVICE), "save")


async def test_home_zones_are_behind_while_they_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with late_gateway(tmp_path) as (gateway, _):
        ana = await gateway.customer("ana")
        await gateway.photo("ana", "a", at=Coordinates(48.2, 16.37))
        given = {"i": {"set": {"homeZones": [HOME]}}}
        await assert_behind_during(gateway, monkeypatch, lambda: gateway.answer(ZONES, given, as_=ana), "rezoned")


async def test_an_import_is_behind_while_it_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with late_gateway(tmp_path) as (gateway, _):
        ana = await gateway.customer("ana")
        writer, records = RecordWriter(gateway.sources, ana.customer or ""), [read_record({"sourceId": "1"})]
        await assert_behind_during(
            gateway, monkeypatch, lambda: upsert_verified(writer, records, gateway.sources, gateway.index_lag), "save"
        )


@pytest.mark.parametrize("readable", [True, False])
async def test_a_failed_mutation_leaves_its_owner_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, readable: bool
) -> None:
    async with late_gateway(tmp_path) as (gateway, index):
        ana, photo = await gateway.customer("ana"), await gateway.photo("ana", "a")
        photos = gateway.sources.photos
        save, raw = photos.save, photos.raw

        async def unavailable(*_: Any, **__: Any) -> Any:
            raise Unavailable("tables", "down")

        async def stored_without_answer(*args: Any, **named: Any) -> Any:
            await save(*args, **named)
            if not readable:
                monkeypatch.setattr(photos, "raw", unavailable)
            raise Unavailable("tables", "the answer was lost")

        monkeypatch.setattr(photos, "save", stored_without_answer)
        index.hold()
        answer = await gateway.execute(UPDATE, {"i": {"ids": [photo], "set": {"favorite": True}}}, as_=ana)
        assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        monkeypatch.setattr(photos, "raw", raw)
        await assert_pending_until_indexed(gateway, index, "ana")


async def test_a_failed_import_leaves_its_owner_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvers.importing.upsert._RETRY_DELAYS_S", ())
    async with late_gateway(tmp_path) as (gateway, index):
        owner = (await gateway.customer("ana")).customer or ""

        async def unavailable(*_: Any, **__: Any) -> Any:
            raise Unavailable("tables", "down")

        monkeypatch.setattr(gateway.sources.photos, "save", unavailable)
        writer, records = RecordWriter(gateway.sources, owner), [read_record({"sourceId": "1"})]
        with pytest.raises(Unavailable):
            await upsert_verified(writer, records, gateway.sources, gateway.index_lag)
        await assert_pending_until_indexed(gateway, index, owner)


async def test_an_upsert_is_behind_until_its_photos_are_marked_pending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with late_gateway(tmp_path) as (gateway, _):
        behind = []

        async def observed(*args: Any) -> Any:
            results = await upsert_verified(*args)
            behind.append(not await gateway.index_lag.wait_until_indexed([gateway.sources.ids.local_id("customer", "ana")]))
            return results

        monkeypatch.setattr("resolvers.writing.upserts.upsert_verified", observed)
        await gateway.answer(UPSERT, {"i": {"customerId": "ana", "records": [{"sourceId": "1"}]}}, as_=SERVICE)
        assert behind == [True]


async def test_a_failed_import_is_verified_and_indexed_without_the_change_feed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with late_gateway(tmp_path) as (gateway, _):
        owner, photos = (await gateway.customer("ana")).customer or "", gateway.sources.photos
        save = photos.save

        async def stored_without_answer(*args: Any, **named: Any) -> Any:
            await save(*args, **named)
            raise Unavailable("tables", "the answer was lost")

        monkeypatch.setattr(photos, "save", stored_without_answer)
        writer, records = RecordWriter(gateway.sources, owner), [read_record({"sourceId": "1"})]
        with pytest.raises(Unavailable):
            await upsert_verified(writer, records, gateway.sources, gateway.index_lag)
        await gateway.settle()
        assert await gateway.index_lag.wait_until_indexed([owner])
