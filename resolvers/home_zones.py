"""Home zones on their way to an owner's photos: every photo learns whether it lies in one, and so does the index.

Page by page, with how far it came in the tables: stopped or killed, it goes on from there. Until the last page is in
the index, everybody else sees no more of the owner's photos than the city (`Scope.settling`).
"""

from __future__ import annotations

from datasources import Sources
from datasources.errors import SourceError
from datasources.tables.zones import Zoning
from indexing.documents import index_photos
from indexing.index_lag import IndexLag

PAGE = 500


async def reapply(sources: Sources, freshness: IndexLag, zoning: Zoning) -> None:
    """Tells every photo of the owner of their zones, from where it stopped; ends early when the zones change again."""
    standing: Zoning | None = zoning
    while standing is not None:
        after = await _page(sources, freshness, standing)
        if after is None:
            await sources.zones.settled(standing)
            return
        standing = await sources.zones.reached(standing, after)


async def settle_all(sources: Sources, freshness: IndexLag) -> None:
    """Goes on with whatever was left half done; what fails again is left for the next start."""
    for zoning in await sources.zones.unsettled():
        try:
            await reapply(sources, freshness, zoning)
        except SourceError:
            continue


async def _page(sources: Sources, freshness: IndexLag, zoning: Zoning) -> str | None:
    async with freshness.writing(zoning.owner):
        records, after = await sources.photos.of_owner(zoning.owner, after=zoning.after, limit=PAGE)
        told = {r.key: r for r in await sources.photos.rezoned(records, now_ms=sources.now_ms())}
        freshness.expect({r.key: r.version for r in told.values()})
    # Those at home already too: written a moment ago, they may not have reached the index yet.
    await index_photos(sources, [r.key for r in records if r.home or r.key in told], freshness)
    return after
