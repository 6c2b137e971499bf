"""Builds a new index and switches to it: by an alias in OpenSearch, by renaming in a data folder."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import asdict
from pathlib import Path

import msgspec

from datasources import Sources
from datasources.data_folder import IndexLock, UnusableFolder, index_holder, prepare
from datasources.search.index_versions import index_versions, stored_versions
from datasources.search.opensearch.indices import Indices
from datasources.search.port import PhotoIndex
from datasources.wiring import embedded
from indexing.progress import ProgressDisplay
from indexing.reindex import FillResult, IndexMismatch, Progress, compare, fill

_NEXT, _CURRENT, _OLD = "index.next", "index", "index.left"


def _progress(progress: ProgressDisplay, total: int) -> Progress:
    def update(stage: str, photos: int) -> None:
        progress.update(photos, photos if stage == "filled" else total, total)

    return update


async def build_and_switch(sources: Sources, indices: Indices, progress: ProgressDisplay) -> str:
    """Creates or continues a second index, fills and compares it, and switches the aliases to it."""
    first, second = await indices.index_of(indices.name), await indices.index_of(indices.also)
    if first and second and second < first:
        raise IndexMismatch(f"{second} is the index before the last reindex. Delete it with `reindex --finish` first.")
    created = await indices.create_second()
    progress.print_line(
        f"{'Continuing to fill' if second else 'Filling'} {created}; {await indices.index_of(indices.name)} remains in use."
    )
    filled = await fill(sources, indices.second(), _progress(progress, sum((await indices.counts()).values())))
    await indices.swap_aliases()
    progress.print_line(
        f"Searches now use {created}. `reindex --back` returns to the previous index, `reindex --finish` deletes it."
    )
    return _line(filled, index=created)


async def roll_back(sources: Sources, indices: Indices, progress: ProgressDisplay) -> str:
    """Compares the previous index, which is still updated, and switches the aliases back to it."""
    second = await indices.index_of(indices.also)
    if second is None:
        raise IndexMismatch("There is no previous index to return to.")
    compared = await compare(sources, indices.second(), _progress(progress, sum((await indices.counts()).values())))
    await indices.swap_aliases()
    progress.print_line(f"Searches use {second} again.")
    return _line(compared, index=second)


async def drop_old(sources: Sources, indices: Indices, progress: ProgressDisplay) -> str:  # noqa: ARG001 - same signature as the other operations
    """Deletes the second index."""
    dropped = await indices.drop()
    progress.print_line(f"{dropped} was deleted." if dropped else "There is no second index.")
    return msgspec.json.encode({"deleted": dropped}).decode()


async def rebuild_folder(data: Path, progress: ProgressDisplay) -> str:
    """Rebuilds the index of a data folder and renames it into place; no server may use the folder meanwhile."""
    prepare(data)
    lock = IndexLock.take(data, "a reindex")
    if lock is None:
        raise UnusableFolder(
            f"The data folder {data} is in use by {index_holder(data)}: stop it first, or use another data folder."
        )
    with lock:
        return _line(await build_in_folder(data, progress), index=str(data / _CURRENT))


async def build_in_folder(data: Path, progress: ProgressDisplay) -> FillResult:
    """Builds or continues a new index of a locked data folder and replaces the current one with it."""
    from datasources.search.tantivy.index import TantivyIndex

    if stored_versions(data / _NEXT) != index_versions():
        await asyncio.to_thread(shutil.rmtree, data / _NEXT, ignore_errors=True)
    sources = await embedded(data, index=TantivyIndex.open(data / _NEXT))
    try:
        filled = await _fill(sources, sources.index, progress)
    finally:
        await sources.close()
    # If the process is killed between the renames there is no index, and the next process that opens the folder builds it.
    await asyncio.to_thread(_switch_folders, data)
    return filled


async def _fill(sources: Sources, index: PhotoIndex, progress: ProgressDisplay) -> FillResult:
    return await fill(sources, index, lambda stage, photos: progress.update(photos, photos, photos if stage == "filled" else 1))


def _switch_folders(data: Path) -> None:
    shutil.rmtree(data / _OLD, ignore_errors=True)
    if (data / _CURRENT).exists():
        (data / _CURRENT).rename(data / _OLD)
    (data / _NEXT).rename(data / _CURRENT)
    shutil.rmtree(data / _OLD, ignore_errors=True)


def _line(filled: FillResult, *, index: str) -> str:
    return msgspec.json.encode({"index": index, **asdict(filled)}).decode()
