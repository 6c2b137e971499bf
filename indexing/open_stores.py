"""Opens a data folder: upgrades it, locks it, rebuilds an index that is missing or of other versions, and closes everything."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from datasources import Sources
from datasources.aws.stack import Stack
from datasources.data_folder import TABLES_FILE, IndexLock, UnusableFolder, copies_of, index_holder, prepare
from datasources.errors import Corrupt, SourceError
from datasources.non_table_stores import INDEX_ENTRY, RENDITIONS
from datasources.search.index_versions import index_versions, stored_versions
from datasources.search.port import PhotoIndex
from datasources.search.read_only_stub import ReadOnlyIndexStub
from datasources.vendors import NO_EXTERNAL_SERVICES, ExternalServices
from datasources.wiring import embedded, indices_of, open_index, real, with_vendors
from indexing.documents import CONSUMER
from indexing.progress import ProgressDisplay

_CHECK_S = 5.0
_LOG_EVERY_S = 5.0
_log = logging.getLogger("photos.upgrade")


class LoggedProgress(ProgressDisplay):
    """Progress as log lines, at most one in five seconds."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def update(self, records: int, done: int, total: int) -> None:
        """Logs the number of photos."""
        del done, total
        if time.monotonic() - self._last >= _LOG_EVERY_S:
            self._last = time.monotonic()
            _log.warning("Rebuilding the search index: %d photos.", records)

    def print_line(self, text: str) -> None:
        """Logs a line."""
        _log.warning("%s", text)

    def close(self) -> None:
        """Nothing is open."""


def forget_renditions(data: Path) -> Callable[[str], Awaitable[int]]:
    """A function that removes a customer's renditions from the folder and returns their number."""

    def remove(owner: str) -> int:
        folder = data / RENDITIONS / owner
        count = sum(1 for path in folder.glob("*") if path.is_file())
        shutil.rmtree(folder, ignore_errors=True)
        return count

    async def forget(owner: str) -> int:
        return await asyncio.to_thread(remove, owner)

    return forget


def forget_copies(data: Path) -> Callable[[str], Awaitable[int]]:
    """A function that removes the copies of the tables that upgrades made: a copy may hold the customer's data key."""

    def remove() -> int:
        copies = copies_of(data)
        for copy in copies:
            copy.unlink(missing_ok=True)
        return len(copies)

    async def forget(owner: str) -> int:
        del owner
        return await asyncio.to_thread(remove)

    return forget


@asynccontextmanager
async def open_exclusive(
    data: Path, holder: str, stack: Stack | None = None, vendors: ExternalServices = NO_EXTERNAL_SERVICES
) -> AsyncIterator[Sources]:
    """Opens the folder with its index for one process at a time; raises `UnusableFolder` where another process has it.

    With the production engines any number of processes may open the same folder.
    """
    async with open_shared(data, holder, stack, vendors) as (sources, owns_index):
        if not owns_index:
            raise UnusableFolder(f"The data folder {data} is in use by {index_holder(data)}: stop it first, or name another.")
        yield sources


@asynccontextmanager
async def open_shared(
    data: Path, holder: str, stack: Stack | None = None, vendors: ExternalServices = NO_EXTERNAL_SERVICES
) -> AsyncIterator[tuple[Sources, bool]]:
    """Opens the folder, also while a server runs on it. The second value tells whether this process may write the index."""
    if stack is not None:
        prepare(data, stack.name)
        sources = with_vendors(await real(stack, data), vendors)
        await warn_of_other_versions(stack)
        async with _closing(sources, data):
            yield sources, True
        return
    prepare(data)
    lock = IndexLock.take(data, holder)
    try:
        index = await _current_index(data) if lock else ReadOnlyIndexStub()
        sources = with_vendors(await embedded(data, index=index), vendors)
        async with _closing(sources, data):
            yield sources, lock is not None
    finally:
        if lock is not None:
            lock.release()


@asynccontextmanager
async def _closing(sources: Sources, data: Path) -> AsyncIterator[None]:
    sources.caches.extend((forget_renditions(data), forget_copies(data)))
    try:
        yield
    finally:
        await sources.close()


async def _current_index(data: Path) -> PhotoIndex:
    """The index of a locked folder, rebuilt first if it is missing, damaged or of other versions."""
    folder = data / INDEX_ENTRY
    if (folder / "meta.json").exists():
        if stored_versions(folder) == index_versions():
            try:
                return open_index(data)
            except Corrupt:
                await _rebuild(data, "it is damaged")
        else:
            await _rebuild(data, "it was built with another version of the documents or of the text analysis")
    elif (data / TABLES_FILE).exists() and await _was_indexed(data):
        await _rebuild(data, "it is missing")
    return open_index(data)


async def _rebuild(data: Path, why: str) -> None:
    """Builds the index beside the old one and exchanges them. A killed process leaves what it built; the next one continues."""
    from indexing.index_switch import build_in_folder

    progress = LoggedProgress()
    progress.print_line(f"Rebuilding the search index of {data} from the tables: {why}.")
    built = await build_in_folder(data, progress)
    progress.print_line(f"The search index is rebuilt: {built.photos} photos.")


async def _was_indexed(data: Path) -> bool:
    sources = await embedded(data, index=ReadOnlyIndexStub())
    try:
        return await sources.feed.mark(CONSUMER) is not None
    finally:
        await sources.close()


async def warn_of_other_versions(stack: Stack) -> bool:
    """Logs a warning if the OpenSearch index was created with other versions than this program's; whether it did.

    The old index goes on to serve: its fields are compatible, but its terms may differ from those of new requests.
    """
    with suppress(SourceError, TimeoutError):
        async with asyncio.timeout(_CHECK_S):
            indices = indices_of(stack)
            try:
                if await indices.is_current(indices.name):
                    return False
            finally:
                await indices.close()
        _log.warning(
            "The search index was built with another version of the documents or of the text analysis, so searches may miss "
            "photos. Run `photos-gateway reindex`: it builds a new index while this one serves."
        )
        return True
    return False
