"""Fills a new index from the tables while the old one is in use, and compares it with the tables.

Comparing versions determines the remaining work, so that an interrupted fill can be resumed. Writers write to both indexes from
before the fill begins (each engine ensures that) with external versions, so that older versions never overwrite newer ones.
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
"""Called with the stage and the number of its processed photos."""


class IndexMismatch(Exception):
    """The index cannot be switched, because it differs from the tables or does not exist; the text is a sentence."""


@dataclass
class FillResult:
    """Counts of a fill and of its comparison, and a digest of the versions of all photos."""

    customers: int = 0
    photos: int = 0
    written: int = 0
    mended: int = 0
    digest: str = ""


async def fill(sources: Sources, into: PhotoIndex, progress: Progress) -> FillResult:
    """Fills an index from the tables, customer by customer, and compares them; raises `IndexMismatch`."""
    filled = FillResult()
    owners = [owner async for owner in sources.customers.everyone()]
    for owner in owners:
        await into.refresh()
        indexed = await into.versions(owner)
        async for records in _pages(sources, owner):
            missing = [r for r in records if not r.deleted and indexed.get(r.id, 0) < r.version]
            await into.write(await documents(sources, missing))
            filled.written += len(missing)
            filled.photos += sum(not r.deleted for r in records)
            progress("filled", filled.photos)
    await _compare_all(sources, into, owners, filled, progress)
    return filled


async def compare(sources: Sources, index: PhotoIndex, progress: Progress) -> FillResult:
    """Compares an index with the tables and repairs differences; raises `IndexMismatch`."""
    filled = FillResult()
    await _compare_all(sources, index, [owner async for owner in sources.customers.everyone()], filled, progress)
    return filled


async def _compare_all(
    sources: Sources, index: PhotoIndex, owners: Sequence[str], filled: FillResult, progress: Progress
) -> None:
    digest, compared = blake2b(digest_size=16), 0
    for owner in owners:
        versions = await _compare_owner(sources, index, owner, filled)
        for photo in sorted(versions):
            digest.update(f"{owner}/{photo}/{versions[photo]}\n".encode())
        compared += len(versions)
        progress("compared", compared)
    # The fill may have written photos of customers that were erased after it read their page.
    remaining = {owner async for owner in sources.customers.everyone()}
    for owner in set(owners) - remaining:
        await index.erase(owner)
    filled.customers, filled.digest = len(remaining), digest.hexdigest()


async def _compare_owner(sources: Sources, index: PhotoIndex, owner: str, filled: FillResult) -> Mapping[str, int]:
    """The versions of a customer's photos in the index, after differences were repaired.

    Photos may change during the comparison, so the tables are read before and after the index (`is_consistent`).
    """
    await index.refresh()
    before = await _table_versions(sources, owner)
    found = dict(await index.versions(owner))
    wrong = {photo for photo in before.keys() | found.keys() if before.get(photo) != found.get(photo)}
    for _ in range(_ROUNDS):
        if not wrong:
            return found
        await index.write(await _repairs(sources, owner, sorted(wrong), found))
        filled.mended += len(wrong)
        previous = await _versions_of(sources, owner, wrong)
        await index.refresh()
        found = dict(await index.versions(owner))
        after = await _versions_of(sources, owner, wrong)
        wrong = {p for p in wrong if not is_consistent(previous[p], found.get(p), after[p])}
    raise IndexMismatch(f"The index differs from the tables in {len(wrong)} photos of customer {owner}.")


async def _repairs(sources: Sources, owner: str, wrong: Sequence[str], found: Mapping[str, int]) -> list[PhotoDocument | Removal]:
    """The correct index entries of photos that differ; photos without a row are removed."""
    records = await _records(sources, owner, wrong)
    repairs = list(await documents(sources, list(records.values())))
    return repairs + [Removal(PhotoKey(owner, p), found[p] + 1) for p in wrong if p not in records and p in found]


async def _table_versions(sources: Sources, owner: str) -> dict[str, int]:
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


def is_consistent(before: int | None, found: int | None, after: int | None) -> bool:
    """Whether the version in the index is one that the tables had between two reads; None means no photo."""
    if found is None:
        return before is None or after is None
    if before is None and after is None:
        return False
    return (before or 0) <= found <= (after or found)
