"""The job that erases a customer: destroys the data key, removes the data from every store twice, and writes a certificate.

Another process may have the key in memory for 45 seconds and write under it. So the second pass runs when no process can have
the key any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from access.policy import OWNER_VISIBILITY, POLICY_VERSION
from datasources import Sources
from datasources.audit.port import AuditRecord
from datasources.errors import Unavailable
from datasources.media.port import MediaKey
from datasources.search.port import PhotoDocument, Removal
from datasources.tables.jobs import JobFile
from datasources.tables.keys import CACHE_S
from datasources.tables.photos import PhotoRecord
from indexing.documents import documents
from resolvers.erasing.certificate import Certificate, Store, certificate_key, digest_of
from resolvers.erasing.erasure_rules import ERASURE_RULES
from resolvers.exporting.lines import rfc3339
from resolvers.jobs.job_run import Retry, Run, folder_of
from resolvers.request_audit import owner_hash

SURE_MS: Final = round(CACHE_S * 1_000) + 15_000
"""After this time no process has the key, and no write that began with it is still running."""
CERTIFICATE: Final = "certificate.json"
_SAMPLE: Final = 5
_PAGE: Final = 500
_ENCODE = msgspec.json.Encoder().encode


class Checkpoint(msgspec.Struct, frozen=True):
    """The progress. `removed` counts by store; `folders` are those of the customer's jobs, also of running ones."""

    unreadable_at_ms: int
    sampled: int
    opened: int
    removed: dict[str, int] = {}
    folders: tuple[str, ...] = ()
    passed: bool = False
    ended: bool = False


async def erase(run: Run) -> None:
    """Continues from the checkpoint. Each part may be repeated."""
    known = msgspec.json.decode(run.record.checkpoint, type=Checkpoint) if run.record.checkpoint else None
    if known is None:
        known = await _made_unreadable(run)
    if not known.passed:
        known = msgspec.structs.replace(await _pass(run, known), passed=True)
        await run.save(checkpoint=_ENCODE(known), progress=0.5, rows=sum(known.removed.values()))
    wait = known.unreadable_at_ms + SURE_MS - run.sources.now_ms()
    if wait > 0:
        raise Retry(wait)
    if not known.ended:
        known = await _pass(run, known)
        await run.sources.feed.forget(run.record.owner)
        await run.sources.store.purge()
        await run.sources.index.purge(_others(run.sources, run.record.owner))
        known = msgspec.structs.replace(known, ended=True)
        await run.save(checkpoint=_ENCODE(known), progress=0.9, rows=sum(known.removed.values()))
    await _certify(run, known)


async def make_unreadable(sources: Sources, owner: str) -> None:
    """Sets the mark and destroys the key, durable on return."""
    await sources.keys.destroy(owner)


async def _made_unreadable(run: Run) -> Checkpoint:
    """Destroys the key, then tries to decrypt a sample of photos."""
    sources, owner = run.sources, run.record.owner
    await make_unreadable(sources, owner)
    sealed = await _sample(sources, owner)
    opened = await sources.photos.opened(sealed, OWNER_VISIBILITY)
    known = Checkpoint(sources.now_ms(), len(sealed), len(opened))
    await run.save(checkpoint=_ENCODE(known), progress=0.05)
    return known


async def _sample(sources: Sources, owner: str) -> list[PhotoRecord]:
    """A few records with seals."""
    found: list[PhotoRecord] = []
    after: str | None = None
    while len(found) < _SAMPLE:
        page, after = await sources.photos.of_owner(owner, after=after, limit=_SAMPLE)
        found += [r for r in page if r.sealed]
        if after is None:
            break
    return found[:_SAMPLE]


async def _pass(run: Run, known: Checkpoint) -> Checkpoint:
    """Removes the data from each store and saves its count. A process killed in between loses the count of one store only."""
    sources, owner = run.sources, run.record.owner
    known = await _jobs(run, known)
    for name, rule in ERASURE_RULES.items():
        known = await _count(run, known, f"tables/{name}", await rule.remove(sources.store, owner))
    known = await _count(run, known, "tables/readings of others", await sources.access_log.unname(owner))
    known = await _count(run, known, "originals", await sources.originals.delete_owner(owner))
    known = await _count(run, known, "caches", sum([await forget(owner) for forget in sources.caches]))
    found = len(await sources.index.versions(owner))
    await sources.index.erase(owner)
    return await _count(run, known, "index", found)


async def _count(run: Run, known: Checkpoint, store: str, number: int) -> Checkpoint:
    removed = {**known.removed, store: known.removed.get(store, 0) + number}
    known = msgspec.structs.replace(known, removed=removed)
    await run.save(checkpoint=_ENCODE(known), rows=sum(removed.values()))
    return known


async def _jobs(run: Run, known: Checkpoint) -> Checkpoint:
    """Removes the jobs of the customer and their files, also those that a running job is writing.

    Their folders are saved first, because without the job its files could not be found.
    """
    sources = run.sources
    jobs = [j async for j in sources.jobs.of_owner(run.record.owner) if not j.outlives_owner]
    folders = dict.fromkeys((*known.folders, *(folder_of(sources, job) for job in jobs)))
    known = msgspec.structs.replace(known, folders=tuple(folders))
    await run.save(checkpoint=_ENCODE(known))
    for job in jobs:
        await sources.jobs.forget(job)
    known = await _count(run, known, "tables/jobs", len(jobs))
    return await _count(run, known, "results", sum([await sources.results.delete_owner(f) for f in known.folders]))


async def _others(sources: Sources, erased: str) -> AsyncIterator[Sequence[PhotoDocument | Removal]]:
    """The documents of all other customers, page by page."""
    async for owner in sources.customers.everyone():
        after: str | None = None
        while owner != erased:
            records, after = await sources.photos.of_owner(owner, after=after, limit=_PAGE)
            if records:
                yield await documents(sources, records)
            if after is None:
                break


async def _left(run: Run, known: Checkpoint) -> dict[str, list[str]]:
    """The names of the remaining things of each store."""
    sources, owner = run.sources, run.record.owner
    left = {
        f"tables/{name}": [f"{k.partition}\x1f{k.sort}" for k in await rule.remaining(sources.store, owner)]
        for name, rule in ERASURE_RULES.items()
    }
    left["tables/jobs"] = [j.id async for j in sources.jobs.of_owner(owner) if not j.outlives_owner]
    left["index"] = list(await sources.index.versions(owner))
    left["originals"] = list(await sources.media.names(owner))
    left["results"] = [n for f in known.folders for n in await sources.results.names(f)]
    return left


async def _certify(run: Run, known: Checkpoint) -> None:
    sources, owner = run.sources, run.record.owner
    left = await _left(run, known)
    if any(left.values()):
        # Another process wrote in between: the next attempt begins with another pass.
        await run.save(checkpoint=_ENCODE(msgspec.structs.replace(known, ended=False)))
        raise Unavailable("erase", "data of the customer were written during the erasure; it is retried")
    now_ms = sources.now_ms()
    await sources.audit.append([_on_record(sources, owner, known, now_ms)])
    stores = {
        name: Store(known.removed.get(name, 0), len(left.get(name, ())), digest_of(left.get(name, ())))
        for name in sorted(left.keys() | known.removed.keys())
    }
    certificate = Certificate(
        customer=owner_hash(sources, owner),
        requested_at=rfc3339(run.record.created_at_ms),
        unreadable_at=rfc3339(known.unreadable_at_ms),
        checked_at=rfc3339(now_ms),
        stores=stores,
        sampled=known.sampled,
        opened=known.opened,
        audit=await sources.audit.checkpoint(),
    )
    data = certificate.signed(await certificate_key(sources))
    size = await sources.results.put(MediaKey(run.folder, CERTIFICATE), _once(data))
    file = JobFile(CERTIFICATE, "certificate", 1, size, hashlib.sha256(data).digest())
    await run.save(files=(file,), rows=sum(known.removed.values()))


def _on_record(sources: Sources, owner: str, known: Checkpoint, now_ms: int) -> AuditRecord:
    hashed = owner_hash(sources, owner)
    return AuditRecord(
        at=now_ms,
        kind="ERASURE",
        principal=f"CUSTOMER:{hashed}",
        owners={"OWNER": (hashed,)},
        classes=(),
        photos=known.removed.get("tables/photos", 0),
        operation="erase",
        policy=POLICY_VERSION,
        decision="ERASED",
    )


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
