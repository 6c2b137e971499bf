"""A new index put in the place of the old one: at once behind a name of OpenSearch, or as a folder."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import asdict
from pathlib import Path

import msgspec

from datasources import Sources
from datasources.data_folder import IndexLock, UnusableFolder, index_holder, prepare
from datasources.search.opensearch.indices import Indices
from datasources.search.port import PhotoIndex
from datasources.wiring import embedded
from indexing.progress import ProgressDisplay
from indexing.reindex import Differs, Filled, Progress, compare, fill

_NEXT, _PLACE, _LEFT = "index.next", "index", "index.left"


def _progress(screen: ProgressDisplay, total: int) -> Progress:
    def moved(stage: str, photos: int) -> None:
        screen.moved(photos, photos if stage == "filled" else total, total)

    return moved


async def build_and_switch(sources: Sources, indices: Indices, screen: ProgressDisplay) -> str:
    """A second index is begun, or taken up again, filled, compared, and put in the first one's place."""
    first, second = await indices.behind(indices.name), await indices.behind(indices.also)
    if first and second and second < first:
        raise Differs(f"{second} of the last reindex is still kept as the way back: end it with `reindex --finish` first.")
    made = await indices.begin()
    screen.say(f"{'Going on with' if second else 'Filling'} {made} beside {await indices.behind(indices.name)}.")
    filled = await fill(sources, indices.second(), _progress(screen, sum((await indices.counts()).values())))
    await indices.exchange()
    screen.say(f"Readers have {made}. `reindex --back` returns to the index of before, `reindex --finish` deletes it.")
    return _line(filled, index=made)


async def roll_back(sources: Sources, indices: Indices, screen: ProgressDisplay) -> str:
    """The index of before, which was written to all the time, is compared and takes its place again."""
    second = await indices.behind(indices.also)
    if second is None:
        raise Differs("There is no index of before: nothing to go back to.")
    compared = await compare(sources, indices.second(), _progress(screen, sum((await indices.counts()).values())))
    await indices.exchange()
    screen.say(f"Readers have {second} again.")
    return _line(compared, index=second)


async def drop_old(sources: Sources, indices: Indices, screen: ProgressDisplay) -> str:  # noqa: ARG001 - as the others are called
    """The second index is deleted."""
    dropped = await indices.drop()
    screen.say(f"{dropped} is deleted." if dropped else "There is no second index.")
    return msgspec.json.encode({"deleted": dropped}).decode()


async def renew_folder(data: Path, screen: ProgressDisplay) -> str:
    """The index of a data folder, built beside the old one and renamed into its place; no server may run meanwhile."""
    from datasources.search.tantivy.index import TantivyIndex

    prepare(data)
    lock = IndexLock.take(data, "a reindex")
    if lock is None:
        raise UnusableFolder(f"The data folder {data} is in use by {index_holder(data)}: stop it first, or name another.")
    with lock:
        sources = await embedded(data, index=TantivyIndex.open(data / _NEXT))
        try:
            filled = await _filled(sources, sources.index, screen)
        finally:
            await sources.close()
        # Killed between these, there is no index: whoever opens the folder next rebuilds it from the tables.
        await asyncio.to_thread(_exchange_folders, data)
    return _line(filled, index=str(data / _PLACE))


async def _filled(sources: Sources, index: PhotoIndex, screen: ProgressDisplay) -> Filled:
    return await fill(sources, index, lambda stage, photos: screen.moved(photos, photos, photos if stage == "filled" else 1))


def _exchange_folders(data: Path) -> None:
    shutil.rmtree(data / _LEFT, ignore_errors=True)
    if (data / _PLACE).exists():
        (data / _PLACE).rename(data / _LEFT)
    (data / _NEXT).rename(data / _PLACE)
    shutil.rmtree(data / _LEFT, ignore_errors=True)


def _line(filled: Filled, *, index: str) -> str:
    return msgspec.json.encode({"index": index, **asdict(filled)}).decode()
