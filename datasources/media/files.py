"""The media store in a folder: `<owner>/<two letters>/<name>`; files are written atomically."""

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
_TEMPORARY = "~"
"""Prefix of temporary files; no key begins with it."""
R = TypeVar("R")


class FileMediaStore(MediaStore):
    """One folder on one machine; several processes may use it at the same time."""

    def __init__(self, folder: Path, *, threads: int = 4) -> None:
        self._folder = folder
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="media")

    async def put(self, key: MediaKey, chunks: AsyncIterable[bytes]) -> int:
        """See the port. The content is synced to disk before the file is renamed."""
        file = _TemporaryFile(self._path(key))
        try:
            await self._run(file.begin)
            async for chunk in chunks:
                await self._run(partial(file.write, chunk))
            return await self._run(file.commit)
        except BaseException:
            # Also when cancelled. Runs after a write that may still be in progress, because threads cannot be stopped.
            await asyncio.shield(self._run(file.discard))
            raise

    async def sizes(self, keys: Sequence[MediaKey]) -> Mapping[MediaKey, int]:
        """See the port."""
        paths = {key: self._path(key) for key in keys}
        return await self._run(lambda: {k: size for k, p in paths.items() if (size := _size(p)) is not None})

    async def read(self, key: MediaKey, start: int = 0, end: int | None = None) -> AsyncIterator[bytes] | None:
        """See the port. An open file remains readable after it is replaced or deleted."""
        if start < 0 or (end is not None and end < 0):
            raise ValueError("a byte range must not be negative")
        path = self._path(key)
        file = await self._run(lambda: _open_or_none(path))
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
        await self._run(partial(_remove_all, paths))

    async def delete_owner(self, owner: str) -> int:
        """See the port."""
        folder = self._owner(owner)
        return await self._run(lambda: _remove_folder(folder))

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
            raise Unavailable("media", f"the media folder cannot be read or written ({type(e).__name__})") from e


class _TemporaryFile:
    """A temporary file that replaces its target at the end. Locked, because a cancelled caller does not wait for its thread."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = target.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}")
        self._lock = Lock()
        self._size = 0
        self._file: BinaryIO | None = None
        self._discarded = False

    def begin(self) -> None:
        with self._lock:
            if self._discarded:  # the caller was cancelled before a thread was free
                return
            self._target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> None:
        with self._lock:
            if self._file is not None and not self._file.closed:
                self._size += self._file.write(data)

    def commit(self) -> int:
        with self._lock:
            assert self._file is not None
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.replace(self._target)
            _sync_folder(self._target.parent)
            return self._size

    def discard(self) -> None:
        with self._lock:
            self._discarded = True
            if self._file is not None:
                with suppress(OSError):  # flushing fails if the disk is full, but the file is closed
                    self._file.close()
            self._path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Sync a folder, which makes a rename in it durable."""
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


def _open_or_none(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        return None


def _remove_all(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _remove_folder(folder: Path) -> int:
    count = len(_names(folder))
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
    return count


def _names(folder: Path) -> list[str]:
    try:
        folders = [entry.path for entry in os.scandir(folder) if entry.is_dir()]
    except FileNotFoundError:
        return []
    return sorted(e.name for folder_path in folders for e in os.scandir(folder_path) if not e.name.startswith(_TEMPORARY))
