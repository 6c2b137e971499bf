"""Renditions: made in worker processes, a few at once, each only once, and kept sealed on disk within a bound.

What is broken or a bomb costs a worker its job, perhaps its life, and is not tried again for a while.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from access.policy import Visibility
from access.seals import Binding, OwnerKeys, SealError, seal, unseal
from datasources.media.encrypted_blobs import Originals
from ingest.pictures.worker_jobs import WORK
from pictures.size_ladder import Size
from serving.disk_cache import DiskLruCache
from workers.pool import Limits, WorkerDied, WorkerPool

_LARGEST_SOURCE: Final = 256 << 20
_WAITING: Final = 64
_AT_ONCE: Final = min(2, os.cpu_count() or 1)
_AGAIN_S: Final = 600.0
_FAILURES: Final = 10_000
_GROUP: Final = "RENDITION"
_LIMITS: Final = Limits(seconds=20.0, memory_bytes=2 << 30)


class RenditionFailed(Exception):
    """The file is no picture that can be shown, or is gone."""


class Busy(Exception):
    """Too many renditions are waiting to be made."""


class Rendition(NamedTuple):
    """One picture at one size in one encoding; `source` names a file of the owner."""

    owner: str
    source: str
    size: Size
    encoding: str


@dataclass(frozen=True, slots=True)
class RenditionRequest:
    """A rendition, who wants it, and for a drawing what to draw (else None)."""

    rendition: Rendition
    sight: Visibility
    keys: OwnerKeys
    drawing: dict[str, Any] | None = None


class RenditionService:
    """Makes renditions. Close it: it holds worker processes once it has made something."""

    def __init__(
        self, originals: Originals, folder: Path, *, most_bytes: int, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._originals = originals
        self._shelf = DiskLruCache(folder, most_bytes)
        self._now_s = now_s
        self._workers = WorkerPool(WORK, _LIMITS, count=_AT_ONCE)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._making: dict[Rendition, asyncio.Task[bytes]] = {}
        self._failed: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def rendition(self, order: RenditionRequest) -> bytes:
        """The bytes of a rendition; raises `Unshowable` or `Busy`. Those who want the same at once wait for one making."""
        wanted = order.rendition
        kept = await asyncio.to_thread(self._shelf.get, *_place(wanted))
        if kept is not None:
            try:
                return unseal(order.keys, _binding(wanted), _GROUP, kept)
            except SealError:
                pass  # altered, or of a key that is gone: made anew
        task = self._making.get(wanted)
        if task is None:
            if len(self._making) >= _WAITING:
                raise Busy
            task = asyncio.create_task(self._make(order))
            self._making[wanted] = task
            task.add_done_callback(lambda done: self._made(wanted, done))
        return await asyncio.shield(task)

    def _made(self, wanted: Rendition, done: asyncio.Task[bytes]) -> None:
        self._making.pop(wanted, None)
        if not done.cancelled():
            done.exception()  # heard, though whoever asked may be gone

    async def forget(self, owner: str) -> int:
        """Removes all renditions of an owner; how many."""
        return await asyncio.to_thread(self._shelf.forget, owner)

    async def close(self) -> None:
        """Ends the workers; what is being made fails."""
        await asyncio.to_thread(self._workers.close)
        await asyncio.gather(*self._making.values(), return_exceptions=True)

    async def _make(self, order: RenditionRequest) -> bytes:
        wanted = order.rendition
        failed_at = self._failed.get((wanted.owner, wanted.source))
        if failed_at is not None and self._now_s() - failed_at < _AGAIN_S:
            raise RenditionFailed
        try:
            async with self._places:  # a source is in memory only while a worker is there for it
                made = await self._render(order)
        except WorkerDied as e:
            self._remember(wanted)
            raise RenditionFailed from e
        sealed = seal(order.keys, _binding(wanted), _GROUP, made)
        await asyncio.to_thread(self._shelf.put, *_place(wanted), sealed)
        return made

    async def _render(self, order: RenditionRequest) -> bytes:
        job = await self._job(order)
        made: bytes = await asyncio.wrap_future(self._workers.submit(job))
        return made

    async def _job(self, order: RenditionRequest) -> dict[str, Any]:
        wanted = order.rendition
        told = {"size": list(wanted.size), "encoding": wanted.encoding}
        if order.drawing is not None:
            return {"do": "draw", **order.drawing, **told}
        stream = await self._originals.open(order.sight, wanted.owner, wanted.source)
        if stream is None or stream.size > _LARGEST_SOURCE:
            raise RenditionFailed
        data = b"".join([piece async for piece in stream.read(0, stream.size)])
        return {"do": "render", "data": data, **told}

    def _remember(self, wanted: Rendition) -> None:
        self._failed[wanted.owner, wanted.source] = self._now_s()
        if len(self._failed) > _FAILURES:
            self._failed.popitem(last=False)


def _place(wanted: Rendition) -> tuple[str, str]:
    """Folder and name; the name tells nothing."""
    text = f"{wanted.source} {wanted.size.width} {wanted.size.height} {wanted.encoding}"
    return wanted.owner, hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def _binding(wanted: Rendition) -> Binding:
    return Binding("renditions", *_place(wanted))
