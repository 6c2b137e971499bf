"""Batches of records whose write fails half way: later searches are correct or reported as stale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from access.viewer import Viewer, ViewerKind
from datasources.errors import Unavailable
from indexing.change_feed_consumer import IndexFollower
from indexing.index_lag import IndexLag
from tests.requests.harness import Gateway, customer, opened

UPSERT = "mutation($i: UpsertPhotosInput!) { upsertPhotos(input: $i) { photos { id } userErrors { message } } }"
FOUND = "{ photos(filter: {favorite: true}) { total { count } } }"
SERVICE = Viewer(ViewerKind.SERVICE, "etl", scopes=frozenset({"photos:read", "photos:write"}), purpose="sync")


async def counted(gateway: Gateway, owner: Viewer) -> tuple[int, bool]:
    """The number of favorites, and whether the response is reported as stale."""
    answer = await gateway.execute(FOUND, as_=owner)
    stale = any(d["reason"] == "Stale" for d in answer.get("extensions", {}).get("degraded", ()))
    return answer["data"]["photos"]["total"]["count"], stale


@pytest.mark.parametrize("landed", [True, False])
async def test_a_failed_upsert_is_reported_as_stale_until_the_change_feed_is_indexed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, landed: bool
) -> None:
    monkeypatch.setattr("resolvers.importing.upsert._RETRY_DELAYS_S", (0.0,))
    async with opened(tmp_path, index_lag=IndexLag(search_wait_s=0.005)) as gateway:
        photos = gateway.sources.photos
        owner = customer(gateway.sources.ids.local_id("customer", "ana"))
        save, raw = photos.save, photos.raw

        async def down(*_: Any, **__: Any) -> Any:
            raise Unavailable("tables", "down")

        async def failing(*args: Any, **named: Any) -> Any:
            if landed:
                await save(*args, **named)
            monkeypatch.setattr(photos, "raw", down)  # the records cannot be read back either
            raise Unavailable("tables", "the answer was lost")

        given = {"customerId": "ana", "records": [{"sourceId": str(i), "favorite": True} for i in range(3)]}
        monkeypatch.setattr(photos, "save", failing)
        answer = await gateway.execute(UPSERT, {"i": given}, as_=SERVICE)
        assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        monkeypatch.setattr(photos, "raw", raw)
        monkeypatch.setattr(photos, "save", save)
        assert await counted(gateway, owner) in {(0, True), (3 * landed, False)}
        await gateway.index_lag.close()
        await IndexFollower(gateway.sources, gateway.index_lag).catch_up()
        assert await counted(gateway, owner) == (3 * landed, False)


async def test_an_unknown_write_is_not_cleared_by_changes_read_before_it() -> None:
    index_lag = IndexLag(search_wait_s=0.001)
    before = index_lag.unknown_count
    with pytest.raises(Unavailable):
        async with index_lag.unknown_on_failure("ana"):
            raise Unavailable("tables", "half way")
    await index_lag.clear_unknown(before)
    assert not await index_lag.wait_until_indexed(["ana"])
    assert await index_lag.wait_until_indexed(["bob"])
    await index_lag.clear_unknown(index_lag.unknown_count, "bob")
    assert not await index_lag.wait_until_indexed(["ana"])
    await index_lag.clear_unknown(index_lag.unknown_count)
    assert await index_lag.wait_until_indexed(["ana"])
