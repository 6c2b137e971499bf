"""Batches of records whose tables fail half way: whoever asks next gets the truth, or is told that it may not be."""

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
    """How many favorites there are, and whether the answer says that it is stale."""
    answer = await gateway.execute(FOUND, as_=owner)
    stale = any(d["reason"] == "Stale" for d in answer.get("extensions", {}).get("degraded", ()))
    return answer["data"]["photos"]["total"]["count"], stale


@pytest.mark.parametrize("landed", [True, False])
async def test_an_upsert_whose_tables_failed_is_told_as_stale_until_the_feed_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, landed: bool
) -> None:
    monkeypatch.setattr("resolvers.importing.upsert._PAUSES_S", (0.0,))
    async with opened(tmp_path, freshness=IndexLag(patience_s=0.005)) as gateway:
        photos = gateway.sources.photos
        owner = customer(gateway.sources.ids.local_id("customer", "ana"))
        save, raw = photos.save, photos.raw

        async def down(*_: Any, **__: Any) -> Any:
            raise Unavailable("tables", "down")

        async def failing(*args: Any, **named: Any) -> Any:
            if landed:
                await save(*args, **named)
            monkeypatch.setattr(photos, "raw", down)  # and nothing can be read back now
            raise Unavailable("tables", "the answer was lost")

        given = {"customerId": "ana", "records": [{"sourceId": str(i), "favorite": True} for i in range(3)]}
        monkeypatch.setattr(photos, "save", failing)
        answer = await gateway.execute(UPSERT, {"i": given}, as_=SERVICE)
        assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        monkeypatch.setattr(photos, "raw", raw)
        monkeypatch.setattr(photos, "save", save)
        assert await counted(gateway, owner) in {(0, True), (3 * landed, False)}
        await gateway.freshness.close()
        await IndexFollower(gateway.sources, gateway.freshness).settle()
        assert await counted(gateway, owner) == (3 * landed, False)


async def test_a_doubt_is_not_lifted_by_what_was_read_before_it() -> None:
    freshness = IndexLag(patience_s=0.001)
    before = freshness.doubts
    with pytest.raises(Unavailable):
        async with freshness.doubting("ana"):
            raise Unavailable("tables", "half way")
    await freshness.followed(before)
    assert not await freshness.settled(["ana"])
    assert await freshness.settled(["bob"])
    await freshness.followed(freshness.doubts, "bob")
    assert not await freshness.settled(["ana"])
    await freshness.followed(freshness.doubts)
    assert await freshness.settled(["ana"])
