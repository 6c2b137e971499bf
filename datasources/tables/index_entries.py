"""Reads the first entries of an index over several pages, because a page may be short or empty."""

from __future__ import annotations

from collections.abc import Sequence

from datasources.tables.store import IndexEntry, ItemStore, Span, Table


async def first_entries(
    store: ItemStore, table: Table, index: str, partition: str, span: Span, *, limit: int
) -> Sequence[IndexEntry]:
    """The first `limit` entries of a partition of an index, in order; fewer only if there are no more."""
    found: list[IndexEntry] = []
    after: str | None = None
    while len(found) < limit:
        page = await store.query_index(table, index, partition, span, limit=limit - len(found), after=after)
        found += page.entries
        after = page.after
        if after is None:
            break
    return found
