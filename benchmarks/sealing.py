"""Measures the CPU time of authentication, decryption and audit for a page of 100 photos.

    python -m benchmarks.sealing [--rounds 40]

It is compared with the same page in plain text, without authentication and audit. The target of the difference is 0.8 ms of CPU
(`process_time`, which includes the threads of the audit log and of SQLite).
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
PAGES_PER_ROUND = 10
AUDIENCE = "photos"
CLEAR = "clear"


async def main(rounds: int) -> None:
    """Measures both variants in interleaved rounds, so that other load affects both alike."""
    with tempfile.TemporaryDirectory() as folder:
        data = prepare(Path(folder) / "data")
        sources = await embedded(data)
        try:
            issuer = LocalIssuer.development(data, AUDIENCE, time.time)
            verifier = Verifier({issuer.name: issuer.trusted}, AUDIENCE, sources.ids, time.time)
            token = issuer.customer("ana")
            owner = sources.ids.local_id("customer", "ana")
            keys = await _written(sources, owner)
            variants = {
                "protected": lambda: _protected(sources, verifier, token, keys),
                "plain": lambda: _plain_page(sources, keys),
            }
            times = await _measured(sources, variants, rounds)
        finally:
            await sources.close()
    protected, plain = (median(times[name]) * 1_000 for name in variants)
    print(
        f"page of {PAGE} photos: protected {protected:.2f} ms of CPU, plain {plain:.2f} ms, difference {protected - plain:.2f} ms"
    )


async def _measured(
    sources: Sources, variants: Mapping[str, Callable[[], Awaitable[int]]], rounds: int
) -> dict[str, list[float]]:
    """CPU seconds per page, including the writes of the audit log."""
    times: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        for name, variant in variants.items():
            start_s = time.process_time()
            for _ in range(PAGES_PER_ROUND):
                assert await variant() == PAGE
            await sources.audit.flush()
            if number:  # the first round warms the caches
                times[name].append((time.process_time() - start_s) / PAGES_PER_ROUND)
    return times


async def _protected(sources: Sources, verifier: Verifier, token: str, keys: list[PhotoKey]) -> int:
    """Verifies the token (from the cache, as in production), decrypts two classes and adds one audit record."""
    viewer = verifier.viewer(token)
    assert viewer.kind is ViewerKind.CUSTOMER
    seen = await sources.photos.by_ids(Scope(viewer, viewer.customer), keys)
    count = sum(1 for p in seen.values() if p.content and p.content.caption and p.coordinates)
    sources.audit.append_later(_record(sources, str(viewer.customer)))
    return count


async def _plain_page(sources: Sources, keys: list[PhotoKey]) -> int:
    """Reads the same values without verification, audit and encryption."""
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
