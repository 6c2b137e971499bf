"""Files on disk within a bound of bytes: what was asked for longest ago goes first."""

from __future__ import annotations

import os
import secrets
import shutil
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from threading import Lock


class DiskLruCache:
    """`<folder>/<owner>/<name>`, found again by a later process. Several threads may use it; a lost file is only made anew."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most = most_bytes
        self._lock = Lock()
        self._sizes: OrderedDict[tuple[str, str], int] | None = None
        self._total = 0

    def get(self, owner: str, name: str) -> bytes | None:
        """The bytes, and they are the last to go now."""
        with self._lock:
            sizes = self._known()
            if (owner, name) not in sizes:
                return None
            sizes.move_to_end((owner, name))
        path = self._folder / owner / name
        try:
            data = path.read_bytes()
            os.utime(path)  # the order outlives us
        except OSError:
            return None
        return data

    def put(self, owner: str, name: str, data: bytes) -> None:
        """Keeps bytes, and lets go of others if they are too many. A full disk keeps nothing and costs nothing else."""
        if len(data) > self._most:
            return
        target = self._folder / owner / name
        fresh = target.with_name(f"~{secrets.token_hex(8)}")
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(data)
            fresh.replace(target)
        except OSError:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            return
        with self._lock:
            sizes = self._known()
            self._total += len(data) - sizes.pop((owner, name), 0)
            sizes[owner, name] = len(data)
            gone = []
            while self._total > self._most:
                key, size = sizes.popitem(last=False)
                self._total -= size
                gone.append(key)
        for old in gone:
            self._folder.joinpath(*old).unlink(missing_ok=True)

    def forget(self, owner: str) -> int:
        """Removes everything of an owner; how many files."""
        with self._lock:
            sizes = self._known()
            gone = [k for k in sizes if k[0] == owner]
            for key in gone:
                self._total -= sizes.pop(key)
        shutil.rmtree(self._folder / owner, ignore_errors=True)
        return len(gone)

    def _known(self) -> OrderedDict[tuple[str, str], int]:
        """What lies there, the one used longest ago first; looked up once. Halves of a killed process go."""
        if self._sizes is None:
            found = []
            for path in self._folder.glob("*/*"):
                if path.name.startswith("~"):
                    path.unlink(missing_ok=True)
                    continue
                with suppress(OSError):
                    status = path.stat()
                    found.append((status.st_mtime_ns, path.parent.name, path.name, status.st_size))
            self._sizes = OrderedDict(((owner, name), size) for _, owner, name, size in sorted(found))
            self._total = sum(self._sizes.values())
        return self._sizes
