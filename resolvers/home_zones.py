"""Applies changed home zones to an owner's photos: sets each photo's `home` flag and updates the index.

It works page by page and stores its position, so an interrupted run resumes there. Until the last page is indexed, other
viewers see the owner's photos with at most city precision (`Scope.settling`).
"""

from __future__ import annotations

from datasources import Sources
from datasources.errors import SourceError
from datasources.tables.zones import Zoning
from indexing.documents import index_photos
from indexing.index_lag import IndexLag

PAGE = 500


async def reapply(sources: Sources, index_lag: IndexLag, zoning: Zoning) -> None:
    """Updates all photos of the owner from the stored position on; ends early when the zones change again."""
    current: Zoning | None = zoning
    while current is not None:
        after = await _reapply_page(sources, index_lag, current)
        if after is None:
            await sources.zones.settled(current)
            return
        current = await sources.zones.reached(current, after)


async def resume_all(sources: Sources, index_lag: IndexLag) -> None:
    """Resumes all interrupted runs, at server start; one that fails again is resumed at the next start."""
    for zoning in await sources.zones.unsettled():
        try:
            await reapply(sources, index_lag, zoning)
        except SourceError:
            continue


async def _reapply_page(sources: Sources, index_lag: IndexLag, zoning: Zoning) -> str | None:
    async with index_lag.writing(zoning.owner):
        records, after = await sources.photos.of_owner(zoning.owner, after=zoning.after, limit=PAGE)
        changed = {r.key: r for r in await sources.photos.rezoned(records, now_ms=sources.now_ms())}
        index_lag.mark_pending({r.key: r.version for r in changed.values()})
    # Photos that already had the flag are included: they may have been written a moment ago and not be indexed yet.
    await index_photos(sources, [r.key for r in records if r.home or r.key in changed], index_lag)
    return after
