"""Opening a data folder: prepared, locked, its index rebuilt if it was lost, and everything closed at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from datasources import Sources
from datasources.aws.stack import Stack
from datasources.folder import IndexLock, UnusableFolder, index_holder, prepare
from datasources.search.elsewhere import IndexElsewhere
from datasources.vendors import NO_VENDORS, Vendors
from datasources.wiring import embedded, real, with_vendors
from ingest.rebuilding import rebuild
from resolvers.indexing import CONSUMER

_INDEX_FILE = "index/meta.json"


@asynccontextmanager
async def whole(data: Path, holder: str, stack: Stack | None = None, vendors: Vendors = NO_VENDORS) -> AsyncIterator[Sources]:
    """The folder with its index, for one process at a time; raises `UnusableFolder` where another one has it.

    With real engines the folder holds next to nothing, and any number of processes may do so.
    """
    async with beside(data, holder, stack, vendors) as (sources, ours):
        if not ours:
            raise UnusableFolder(f"The data folder {data} is in use by {index_holder(data)}: stop it first, or name another.")
        yield sources


@asynccontextmanager
async def beside(
    data: Path, holder: str, stack: Stack | None = None, vendors: Vendors = NO_VENDORS
) -> AsyncIterator[tuple[Sources, bool]]:
    """The folder, beside a running server too; and whether the index is ours, as it is everybody's on real engines."""
    if stack is not None:
        prepare(data, stack.name)
        sources = with_vendors(await real(stack, data), vendors)
        try:
            yield sources, True
        finally:
            await sources.close()
        return
    prepare(data)
    lock = IndexLock.take(data, holder)
    try:
        lost = not (data / _INDEX_FILE).exists()
        sources = with_vendors(await embedded(data, index=None if lock else IndexElsewhere()), vendors)
        try:
            if lock and lost and await sources.feed.mark(CONSUMER) is not None:
                await rebuild(sources)
            yield sources, lock is not None
        finally:
            await sources.close()
    finally:
        if lock is not None:
            lock.release()
