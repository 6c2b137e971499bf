"""A new index from the tables while the old one serves: filled beside it, compared with the truth, put in its place.

Nothing but comparing says what is left to do, so a fill that was stopped anywhere goes on by itself. Writers write to both
indexes from before the fill begins (each engine's adapter sees to that) and by external version, so it does not matter
who is first: whatever is older than what is there is passed over.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from datasources import Sources
from datasources.photo_key import PhotoKey
from datasources.search.port import PhotoDocument, PhotoIndex, Removal
from datasources.tables.photos import PhotoRecord
from indexing.documents import documents

_PAGE = 500
_ROUNDS = 8
_BATCH = 100
Progress = Callable[[str, int], None]
"""Told the stage and the photos behind it."""


class Differs(Exception):
    """The index does not come to agree with the tables; the text is one sentence."""


@dataclass
class Filled:
    """What a fill and its comparison came to."""

    customers: int = 0
    photos: int = 0
    written: int = 0
    mended: int = 0
    digest: str = ""


async def fill(sources: Sources, into: PhotoIndex, progress: Progress) -> Filled:
    """Brings an index up to the tables, customer by customer, and compares; raises `Differs`."""
    filled = Filled()
    owners = [owner async for owner in sources.customers.everyone()]
    for owner in owners:
        await into.refresh()
        have = await into.versions(owner)
        async for records in _pages(sources, owner):
            missing = [r for r in records if not r.deleted and have.get(r.id, 0) < r.version]
            await into.write(await documents(sources, missing))
            filled.written += len(missing)
            filled.photos += sum(not r.deleted for r in records)
            progress("filled", filled.photos)
    await _compare_all(sources, into, owners, filled, progress)
    return filled


async def compare(sources: Sources, index: PhotoIndex, progress: Progress) -> Filled:
    """Compares an index with the tables and mends what lags; raises `Differs`."""
    filled = Filled()
    await _compare_all(sources, index, [owner async for owner in sources.customers.everyone()], filled, progress)
    return filled


async def _compare_all(sources: Sources, index: PhotoIndex, owners: Sequence[str], filled: Filled, progress: Progress) -> None:
    digest, compared = blake2b(digest_size=16), 0
    for owner in owners:
        versions = await _compared(sources, index, owner, filled)
        for photo in sorted(versions):
            digest.update(f"{owner}/{photo}/{versions[photo]}\n".encode())
        compared += len(versions)
        progress("compared", compared)
    # Whoever was erased meanwhile may have been written anew by a page of the fill that was read before.
    kept = {owner async for owner in sources.customers.everyone()}
    for owner in set(owners) - kept:
        await index.erase(owner)
    filled.customers, filled.digest = len(kept), digest.hexdigest()


async def _compared(sources: Sources, index: PhotoIndex, owner: str, filled: Filled) -> Mapping[str, int]:
    """The versions of a customer's photos when index and tables agreed.

    People go on working: what differs is mended and looked at again, with a look at the tables before and after (`agrees`).
    """
    await index.refresh()
    before = await _truth(sources, owner)
    found = dict(await index.versions(owner))
    wrong = {photo for photo in before.keys() | found.keys() if before.get(photo) != found.get(photo)}
    for _ in range(_ROUNDS):
        if not wrong:
            return found
        await index.write(await _mending(sources, owner, sorted(wrong), found))
        filled.mended += len(wrong)
        looked = await _versions_of(sources, owner, wrong)
        await index.refresh()
        found = dict(await index.versions(owner))
        after = await _versions_of(sources, owner, wrong)
        wrong = {p for p in wrong if not agrees(looked[p], found.get(p), after[p])}
    raise Differs(f"The index does not agree with the tables about {len(wrong)} photos of customer {owner}.")


async def _mending(sources: Sources, owner: str, wrong: Sequence[str], found: Mapping[str, int]) -> list[PhotoDocument | Removal]:
    """What the index should have of photos that differ; those of which the tables know nothing are taken out."""
    records = await _records(sources, owner, wrong)
    made = list(await documents(sources, list(records.values())))
    return made + [Removal(PhotoKey(owner, p), found[p] + 1) for p in wrong if p not in records and p in found]


async def _truth(sources: Sources, owner: str) -> dict[str, int]:
    return {r.id: r.version async for records in _pages(sources, owner) for r in records if not r.deleted}


async def _versions_of(sources: Sources, owner: str, photos: Collection[str]) -> dict[str, int | None]:
    records = await _records(sources, owner, photos)
    return {p: records[p].version if p in records and not records[p].deleted else None for p in photos}


async def _records(sources: Sources, owner: str, photos: Collection[str]) -> dict[str, PhotoRecord]:
    keys = [PhotoKey(owner, photo) for photo in sorted(photos)]
    found: dict[str, PhotoRecord] = {}
    for at in range(0, len(keys), _BATCH):
        found |= {key.id: record for key, record in (await sources.photos.raw(keys[at : at + _BATCH])).items()}
    return found


async def _pages(sources: Sources, owner: str) -> AsyncIterator[Sequence[PhotoRecord]]:
    after: str | None = None
    while True:
        records, after = await sources.photos.of_owner(owner, after=after, limit=_PAGE)
        yield records
        if after is None:
            return


def agrees(before: int | None, found: int | None, after: int | None) -> bool:
    """Whether the index has what the tables had at some moment between two looks at them; None: no photo."""
    if found is None:
        return before is None or after is None
    if before is None and after is None:
        return False
    return (before or 0) <= found <= (after or found)
