"""An LRU cache of files on disk, bounded in bytes."""

from __future__ import annotations

import os
import secrets
import shutil
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from threading import Lock


class DiskLruCache:
    """Files `<folder>/<owner>/<name>`, which a later process finds again. Thread-safe."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._sizes: OrderedDict[tuple[str, str], int] | None = None
        self._total = 0

    def get(self, owner: str, name: str) -> bytes | None:
        """The bytes of a file, which becomes the most recently used; None if there is none."""
        with self._lock:
            sizes = self._loaded_sizes()
            if (owner, name) not in sizes:
                return None
            sizes.move_to_end((owner, name))
        path = self._folder / owner / name
        try:
            data = path.read_bytes()
            os.utime(path)  # a later process restores the order from the modification times
        except OSError:
            return None
        return data

    def put(self, owner: str, name: str, data: bytes) -> None:
        """Stores a file and removes the least recently used ones beyond the limit. If the disk is full, it does nothing."""
        if len(data) > self._max_bytes:
            return
        target = self._folder / owner / name
        temporary = target.with_name(f"~{secrets.token_hex(8)}")
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(data)
            temporary.replace(target)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            return
        with self._lock:
            sizes = self._loaded_sizes()
            self._total += len(data) - sizes.pop((owner, name), 0)
            sizes[owner, name] = len(data)
            evicted = []
            while self._total > self._max_bytes:
                key, size = sizes.popitem(last=False)
                self._total -= size
                evicted.append(key)
        for old in evicted:
            self._folder.joinpath(*old).unlink(missing_ok=True)

    def forget(self, owner: str) -> int:
        """Removes the files of an owner and returns how many there were."""
        with self._lock:
            sizes = self._loaded_sizes()
            keys = [k for k in sizes if k[0] == owner]
            for key in keys:
                self._total -= sizes.pop(key)
        shutil.rmtree(self._folder / owner, ignore_errors=True)
        return len(keys)

    def _loaded_sizes(self) -> OrderedDict[tuple[str, str], int]:
        """The sizes, least recently used first; read from the disk once. Temporary files of killed processes are removed."""
        if self._sizes is None:
            files = []
            for path in self._folder.glob("*/*"):
                if path.name.startswith("~"):
                    path.unlink(missing_ok=True)
                    continue
                with suppress(OSError):
                    status = path.stat()
                    files.append((status.st_mtime_ns, path.parent.name, path.name, status.st_size))
            self._sizes = OrderedDict(((owner, name), size) for _, owner, name, size in sorted(files))
            self._total = sum(self._sizes.values())
        return self._sizes
