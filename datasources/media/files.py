"""The store of files in a folder: `<owner>/<two letters>/<name>`, each file put in place as a whole."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import BinaryIO, TypeVar

from datasources.errors import Unavailable
from datasources.media.key_names import checked_key, checked_owner
from datasources.media.port import MediaKey, MediaStore

_PIECE = 1 << 20
_UNDER_WAY = "~"
"""Names of files that are still being written begin so: no key does."""
R = TypeVar("R")


class FileMediaStore(MediaStore):
    """One folder of one machine; several processes may use it at once."""

    def __init__(self, folder: Path, *, threads: int = 4) -> None:
        self._folder = folder
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="media")

    async def put(self, key: MediaKey, chunks: AsyncIterable[bytes]) -> int:
        """See the port. The bytes are on the disk before the name is."""
        draft = _Draft(self._path(key))
        try:
            await self._run(draft.begin)
            async for chunk in chunks:
                await self._run(partial(draft.write, chunk))
            return await self._run(draft.settle)
        except BaseException:
            # Also when cancelled. Behind the work that may still be under way: threads cannot be stopped.
            await asyncio.shield(self._run(draft.drop))
            raise

    async def sizes(self, keys: Sequence[MediaKey]) -> Mapping[MediaKey, int]:
        """See the port."""
        paths = {key: self._path(key) for key in keys}
        return await self._run(lambda: {k: size for k, p in paths.items() if (size := _size(p)) is not None})

    async def read(self, key: MediaKey, start: int = 0, end: int | None = None) -> AsyncIterator[bytes] | None:
        """See the port. An open file keeps its bytes whatever becomes of its name."""
        if start < 0 or (end is not None and end < 0):
            raise ValueError("a range begins at 0")
        path = self._path(key)
        file = await self._run(lambda: _opened(path))
        return None if file is None else self._pieces(file, start, end)

    async def _pieces(self, file: BinaryIO, start: int, end: int | None) -> AsyncIterator[bytes]:
        with file:
            at = start
            while end is None or at < end:
                most = _PIECE if end is None else min(_PIECE, end - at)
                piece = await self._run(partial(os.pread, file.fileno(), most, at))
                if not piece:
                    return
                at += len(piece)
                yield piece

    async def delete_many(self, keys: Sequence[MediaKey]) -> None:
        """See the port."""
        paths = [self._path(key) for key in keys]
        await self._run(partial(_removed, paths))

    async def delete_owner(self, owner: str) -> int:
        """See the port."""
        folder = self._owner(owner)
        return await self._run(lambda: _emptied(folder))

    async def names(self, owner: str, *, after: str | None = None, limit: int = 1_000) -> Sequence[str]:
        """See the port."""
        folder = self._owner(owner)
        found = await self._run(lambda: _names(folder))
        return [n for n in found if after is None or n > after][:limit]

    async def close(self) -> None:
        """See the port."""
        self._threads.shutdown(wait=True)

    def _owner(self, owner: str) -> Path:
        return self._folder / checked_owner(owner)

    def _path(self, key: MediaKey) -> Path:
        checked_key(key)
        return self._owner(key.owner) / key.name[:2] / key.name

    async def _run(self, work: Callable[[], R]) -> R:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except OSError as e:
            raise Unavailable("media", f"the folder of files answers {type(e).__name__}") from e


class _Draft:
    """A file that is being written beside its place; a lock, because a cancelled caller goes ahead of its thread."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._fresh = target.with_name(f"{_UNDER_WAY}{secrets.token_hex(8)}")
        self._lock = Lock()
        self._size = 0
        self._file: BinaryIO | None = None
        self._dropped = False

    def begin(self) -> None:
        with self._lock:
            if self._dropped:  # by a caller who was cancelled before a thread was free
                return
            self._target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> None:
        with self._lock:
            if self._file is not None and not self._file.closed:
                self._size += self._file.write(data)

    def settle(self) -> int:
        with self._lock:
            assert self._file is not None
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._fresh.replace(self._target)
            _sync_folder(self._target.parent)
            return self._size

    def drop(self) -> None:
        with self._lock:
            self._dropped = True
            if self._file is not None:
                with suppress(OSError):  # a full disk refuses what is still buffered; the file is closed all the same
                    self._file.close()
            self._fresh.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """A name is durable only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        return None


def _removed(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _emptied(folder: Path) -> int:
    count = len(_names(folder))
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
    return count


def _names(folder: Path) -> list[str]:
    try:
        shelves = [entry.path for entry in os.scandir(folder) if entry.is_dir()]
    except FileNotFoundError:
        return []
    return sorted(e.name for shelf in shelves for e in os.scandir(shelf) if not e.name.startswith(_UNDER_WAY))
