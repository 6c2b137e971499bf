"""Renditions: made in worker processes, a few concurrently, and cached on disk, sealed and bounded in size.

A damaged or malicious file can end its worker process; the file is then refused for ten minutes.
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
from pictures.size_ladder import Size
from pictures.worker_jobs import WORK
from serving.disk_cache import DiskLruCache
from workers.pool import Limits, WorkerDied, WorkerPool

_MAX_SOURCE_BYTES: Final = 256 << 20
_MAX_WAITING: Final = 64
_CONCURRENCY: Final = min(2, os.cpu_count() or 1)
_RETRY_AFTER_S: Final = 600.0
_MAX_FAILURES: Final = 10_000
_GROUP: Final = "RENDITION"
_LIMITS: Final = Limits(seconds=20.0, memory_bytes=2 << 30)


class RenditionFailed(Exception):
    """The file cannot be rendered or no longer exists."""


class Busy(Exception):
    """Too many renditions are waiting for a worker."""


class Rendition(NamedTuple):
    """One picture at one size in one encoding; `source` names a file of the owner."""

    owner: str
    source: str
    size: Size
    encoding: str


@dataclass(frozen=True, slots=True)
class RenditionRequest:
    """A rendition, and the visibility and keys with which its source is read."""

    rendition: Rendition
    visibility: Visibility
    keys: OwnerKeys


class RenditionService:
    """Makes renditions. It must be closed, because it starts worker processes."""

    def __init__(
        self, originals: Originals, folder: Path, *, max_bytes: int, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._originals = originals
        self._cache = DiskLruCache(folder, max_bytes)
        self._now_s = now_s
        self._workers = WorkerPool(WORK, _LIMITS, count=_CONCURRENCY)
        self._slots = asyncio.Semaphore(_CONCURRENCY)
        self._making: dict[Rendition, asyncio.Task[bytes]] = {}
        self._failed: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def rendition(self, request: RenditionRequest) -> bytes:
        """The bytes of a rendition; concurrent requests for it share one job. Raises `RenditionFailed` or `Busy`."""
        rendition = request.rendition
        cached = await asyncio.to_thread(self._cache.get, *_cache_path(rendition))
        if cached is not None:
            try:
                return unseal(request.keys, _binding(rendition), _GROUP, cached)
            except SealError:
                pass  # the file is damaged or was sealed with a removed key: the rendition is made again
        task = self._making.get(rendition)
        if task is None:
            if len(self._making) >= _MAX_WAITING:
                raise Busy
            task = asyncio.create_task(self._make(request))
            self._making[rendition] = task
            task.add_done_callback(lambda done: self._made(rendition, done))
        return await asyncio.shield(task)

    def _made(self, rendition: Rendition, done: asyncio.Task[bytes]) -> None:
        self._making.pop(rendition, None)
        if not done.cancelled():
            done.exception()  # retrieved, because every waiting request may have been cancelled

    async def forget(self, owner: str) -> int:
        """Removes all renditions of an owner and returns how many there were."""
        return await asyncio.to_thread(self._cache.forget, owner)

    async def close(self) -> None:
        """Ends the workers; running jobs fail."""
        await asyncio.to_thread(self._workers.close)
        await asyncio.gather(*self._making.values(), return_exceptions=True)

    async def _make(self, request: RenditionRequest) -> bytes:
        rendition = request.rendition
        failed_at = self._failed.get((rendition.owner, rendition.source))
        if failed_at is not None and self._now_s() - failed_at < _RETRY_AFTER_S:
            raise RenditionFailed
        try:
            async with self._slots:  # a source is in memory only while a worker is free for it
                made = await self._render(request)
        except WorkerDied as e:
            self._remember_failure(rendition)
            raise RenditionFailed from e
        sealed = seal(request.keys, _binding(rendition), _GROUP, made)
        await asyncio.to_thread(self._cache.put, *_cache_path(rendition), sealed)
        return made

    async def _render(self, request: RenditionRequest) -> bytes:
        job = await self._job(request)
        made: bytes = await asyncio.wrap_future(self._workers.submit(job))
        return made

    async def _job(self, request: RenditionRequest) -> dict[str, Any]:
        rendition = request.rendition
        stream = await self._originals.open(request.visibility, rendition.owner, rendition.source)
        if stream is None or stream.size > _MAX_SOURCE_BYTES:
            raise RenditionFailed
        data = b"".join([piece async for piece in stream.read(0, stream.size)])
        return {"do": "render", "data": data, "size": list(rendition.size), "encoding": rendition.encoding}

    def _remember_failure(self, rendition: Rendition) -> None:
        self._failed[rendition.owner, rendition.source] = self._now_s()
        if len(self._failed) > _MAX_FAILURES:
            self._failed.popitem(last=False)


def _cache_path(rendition: Rendition) -> tuple[str, str]:
    """Folder and file name; the name is a hash."""
    text = f"{rendition.source} {rendition.size.width} {rendition.size.height} {rendition.encoding}"
    return rendition.owner, hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def _binding(rendition: Rendition) -> Binding:
    return Binding("renditions", *_cache_path(rendition))
