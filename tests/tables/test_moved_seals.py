"""Seals that somebody moved or changed in the tables are refused and told as corrupt, through the whole gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from datasources.tables.photos import PHOTOS, PhotoRecord
from datasources.tables.store import Key, Put
from tests.requests.harness import ROME, Gateway, opened

PHOTOS_QUERY = "query($id: ID!) { photo(id: $id) { caption location { latitude } } }"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with opened(tmp_path) as made:
        yield made


Seals = dict[str, bytes]
CHANGES: dict[str, Callable[[Seals, Seals, Seals], Seals]] = {
    "of another photo": lambda own, other, _: {**own, "CONTENT": other["CONTENT"]},
    "of another customer": lambda own, _, bobs: {**own, "CONTENT": bobs["CONTENT"]},
    "of another class": lambda own, *_: {**own, "CONTENT": own["LOCATION"]},
    "one bit": lambda own, *_: {**own, "CONTENT": own["CONTENT"][:-1] + bytes([own["CONTENT"][-1] ^ 1])},
    "cut short": lambda own, *_: {**own, "CONTENT": own["CONTENT"][:30]},
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_seal_that_is_not_where_it_was_made_is_corrupt(gateway: Gateway, change: str) -> None:
    ana, bob = await gateway.customer("ana"), await gateway.customer("bob")
    first, second = await gateway.photos("ana", "one", "two", caption="secret words", at=ROME)
    (bobs,) = await gateway.photos("bob", "one", caption="bob's words", at=ROME)
    assert bob.customer
    records = [await gateway.record(p) for p in (first, second, bobs)]
    await _put(gateway, records[0], CHANGES[change](*(dict(r.sealed) for r in records)))
    answer = await gateway.execute(PHOTOS_QUERY, {"id": first}, as_=ana)
    assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert answer["errors"][0]["extensions"]["reason"] == "CORRUPT"
    assert "words" not in str(answer)
    assert (await gateway.answer(PHOTOS_QUERY, {"id": second}, as_=ana))["photo"]["caption"] == "secret words"


async def _put(gateway: Gateway, record: PhotoRecord, sealed: Seals) -> None:
    key = Key(record.owner, record.id)
    item = (await gateway.sources.store.get_many(PHOTOS, [key]))[key]
    body = msgspec.msgpack.encode(msgspec.structs.replace(record, sealed=sealed))
    await gateway.sources.store.write_each([Put(PHOTOS, msgspec.structs.replace(item, body=body), None)])
