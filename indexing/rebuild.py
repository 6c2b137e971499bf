"""Rebuilds the index from the tables, for one customer or for all."""

from __future__ import annotations

from datasources import Sources
from indexing.documents import documents

_PAGE = 500


async def rebuild_owner(sources: Sources, owner: str) -> int:
    """Replaces the index entries of a customer, visible on return, and returns the number of photos."""
    await sources.index.erase(owner)
    count, after = 0, None
    while True:
        records, after = await sources.photos.of_owner(owner, after=after, limit=_PAGE)
        live = [r for r in records if not r.deleted]
        await sources.index.write(await documents(sources, live))
        count += len(live)
        if after is None:
            break
    await sources.index.refresh()
    return count


async def rebuild(sources: Sources) -> int:
    """`rebuild_owner` for every customer."""
    return sum([await rebuild_owner(sources, owner) async for owner in sources.customers.everyone()])
