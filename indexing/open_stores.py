"""Opening a data folder: prepared, locked, its index rebuilt if it was lost, and everything closed at the end."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from datasources import Sources
from datasources.aws.stack import Stack
from datasources.data_folder import IndexLock, UnusableFolder, index_holder, prepare
from datasources.search.read_only_stub import ReadOnlyIndexStub
from datasources.vendors import NO_VENDORS, Vendors
from datasources.wiring import embedded, real, with_vendors
from indexing.documents import CONSUMER
from indexing.rebuild import rebuild

RENDITIONS = "renditions"
_INDEX_FILE = "index/meta.json"


def renditions_of(data: Path) -> Callable[[str], Awaitable[int]]:
    """What forgets a customer's renditions in the folder: a server there makes anew what it misses, if it still may."""

    def removed(owner: str) -> int:
        folder = data / RENDITIONS / owner
        count = sum(1 for path in folder.glob("*") if path.is_file())
        shutil.rmtree(folder, ignore_errors=True)
        return count

    async def forget(owner: str) -> int:
        return await asyncio.to_thread(removed, owner)

    return forget


@asynccontextmanager
async def open_exclusive(
    data: Path, holder: str, stack: Stack | None = None, vendors: Vendors = NO_VENDORS
) -> AsyncIterator[Sources]:
    """The folder with its index, for one process at a time; raises `UnusableFolder` where another one has it.

    With real engines the folder holds next to nothing, and any number of processes may do so.
    """
    async with open_shared(data, holder, stack, vendors) as (sources, ours):
        if not ours:
            raise UnusableFolder(f"The data folder {data} is in use by {index_holder(data)}: stop it first, or name another.")
        yield sources


@asynccontextmanager
async def open_shared(
    data: Path, holder: str, stack: Stack | None = None, vendors: Vendors = NO_VENDORS
) -> AsyncIterator[tuple[Sources, bool]]:
    """The folder, beside a running server too; and whether the index is ours, as it is everybody's on real engines."""
    if stack is not None:
        prepare(data, stack.name)
        sources = with_vendors(await real(stack, data), vendors)
        sources.caches.append(renditions_of(data))
        try:
            yield sources, True
        finally:
            await sources.close()
        return
    prepare(data)
    lock = IndexLock.take(data, holder)
    try:
        lost = not (data / _INDEX_FILE).exists()
        sources = with_vendors(await embedded(data, index=None if lock else ReadOnlyIndexStub()), vendors)
        sources.caches.append(renditions_of(data))
        try:
            if lock and lost and await sources.feed.mark(CONSUMER) is not None:
                await rebuild(sources)
            yield sources, lock is not None
        finally:
            await sources.close()
    finally:
        if lock is not None:
            lock.release()
