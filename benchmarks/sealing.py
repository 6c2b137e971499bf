"""What protecting a page costs: CPU of who asks, opening the seals and putting it on record, for a page of 100 photos.

    python -m benchmarks.sealing [--rounds 40]

Beside it the same page with the same values in clear: the same reading, but nobody verified, nothing sealed or recorded.
Target of the difference: 0.8 ms of CPU (`process_time`: threads of the audit's writer and of SQLite count too).
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from statistics import median

import msgspec

from access import seals
from access.policy import POLICY_VERSION
from access.scope import Scope
from access.seals import Binding, OwnerKeys
from access.viewer import Viewer, ViewerKind
from datasources import Sources
from datasources.audit.port import AuditRecord
from datasources.data_folder import prepare
from datasources.photo_key import PhotoKey
from datasources.tables.photos import PHOTOS, Content, Coordinates, Draft, PhotoRecord
from datasources.tables.store import Item, Key, Put
from datasources.wiring import embedded
from identity.issuer import LocalIssuer
from identity.verifier import Verifier

PAGE = 100
AT_A_TIME = 10
AUDIENCE = "photos"
CLEAR = "clear"


async def main(rounds: int) -> None:
    """Both ways in turn, so that a busy machine slows them alike."""
    with tempfile.TemporaryDirectory() as folder:
        data = prepare(Path(folder) / "data")
        sources = await embedded(data)
        try:
            issuer = LocalIssuer.development(data, AUDIENCE, time.time)
            verifier = Verifier({issuer.name: issuer.trusted}, AUDIENCE, sources.ids, time.time)
            token = issuer.customer("ana")
            owner = sources.ids.local_id("customer", "ana")
            keys = await _written(sources, owner)
            ways = {
                "protected": lambda: _protected(sources, verifier, token, keys),
                "in clear": lambda: _in_clear(sources, keys),
            }
            spent = await _measured(sources, ways, rounds)
        finally:
            await sources.close()
    protected, clear = (median(spent[name]) * 1_000 for name in ways)
    print(f"page of {PAGE} photos: protected {protected:.2f} ms of CPU, in clear {clear:.2f} ms: {protected - clear:.2f} ms more")


async def _measured(sources: Sources, ways: Mapping[str, Callable[[], Awaitable[int]]], rounds: int) -> dict[str, list[float]]:
    """Ten pages at a time and what they leave to be written: whoever makes the work pays for it."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            begun = time.process_time()
            for _ in range(AT_A_TIME):
                assert await way() == PAGE
            await sources.audit.flush()
            if number:  # the first ones warm the caches
                spent[name].append((time.process_time() - begun) / AT_A_TIME)
    return spent


async def _protected(sources: Sources, verifier: Verifier, token: str, keys: list[PhotoKey]) -> int:
    """The token verified (and remembered, as for any caller), seals of two classes opened by the gate, one record noted."""
    viewer = verifier.viewer(token)
    assert viewer.kind is ViewerKind.CUSTOMER
    seen = await sources.photos.by_ids(Scope(viewer, viewer.customer), keys)
    told = sum(1 for p in seen.values() if p.content and p.content.caption and p.coordinates)
    sources.audit.append_later(_record(sources, str(viewer.customer)))
    return told


async def _in_clear(sources: Sources, keys: list[PhotoKey]) -> int:
    """The same reading with nothing verified, nothing recorded, and seals that are their own content."""
    sealed, seals.unseal = seals.unseal, _plain
    try:
        viewer = Viewer(ViewerKind.CUSTOMER, "ana", customer=CLEAR)
        seen = await sources.photos.by_ids(Scope(viewer, CLEAR), [PhotoKey(CLEAR, k.id) for k in keys])
        return sum(1 for p in seen.values() if p.content and p.content.caption and p.coordinates)
    finally:
        seals.unseal = sealed


def _plain(keys: OwnerKeys, binding: Binding, group: str, sealed: bytes) -> bytes:
    del keys, binding, group
    return sealed


def _record(sources: Sources, owner: str) -> AuditRecord:
    hashed = sources.ids.local_id("audited", owner)
    return AuditRecord(
        at=sources.now_ms(), kind="CUSTOMER", principal=f"CUSTOMER:{hashed}", owners={"OWNER": (hashed,)},
        classes=("CONTENT", "LOCATION"), photos=PAGE, operation="0" * 64, policy=POLICY_VERSION,
    )  # fmt: skip


async def _written(sources: Sources, owner: str) -> list[PhotoKey]:
    await sources.customers.ensure(owner, "ana", now_ms=sources.now_ms())
    await sources.keys.ensure(CLEAR)
    drafts = []
    for number in range(PAGE):
        record = PhotoRecord(
            owner=owner, id=sources.ids.local_id("photo", owner, str(number)), version=0, media_type="PHOTO",
            added_at_ms=1, changed_at_ms=1, has_location=True, has_caption=True,
        )  # fmt: skip
        content = Content(source_id=str(number), caption=f"At the beach {number}", file_name=f"IMG_{number}.jpg")
        drafts.append(Draft(record, content, Coordinates(41.9, 12.5)))
    saved = await sources.photos.save(drafts, now_ms=1)
    puts = [_clear(record, draft) for record, draft in zip(saved, drafts, strict=True) if record is not None]
    await sources.store.write_each(puts)
    return [d.record.key for d in drafts]


def _clear(record: PhotoRecord, draft: Draft) -> Put:
    plain = {"CONTENT": msgspec.msgpack.encode(draft.content), "LOCATION": msgspec.msgpack.encode(draft.coordinates)}
    body = msgspec.msgpack.encode(msgspec.structs.replace(record, owner=CLEAR, sealed=plain))
    return Put(PHOTOS, Item(Key(CLEAR, record.id), 1, body), None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    asyncio.run(main(parser.parse_args().rounds))
