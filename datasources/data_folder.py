"""The folder of the embedded engines: made, checked for its version, and who holds the index in it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

FORMAT = "1"
_VERSION = "version"
_LOCK = "index.lock"
_ENGINES = "engines"
EMBEDDED = "embedded"


class UnusableFolder(Exception):
    """The folder cannot be used; the text is one sentence for the person who named it."""


def prepare(folder: Path, engines: str = EMBEDDED) -> Path:
    """Makes the folder if need be, for its owner alone; raises `UnusableFolder`, also for a folder of other engines."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = not (folder / _VERSION).exists()
        _check_version(folder)
        _check_engines(folder, engines, fresh=fresh)
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise UnusableFolder(f"The data folder {folder} cannot be written to: check its owner and rights, or name another.")
    except OSError as e:
        raise UnusableFolder(f"The data folder {folder} cannot be used: {e.strerror}. Name another with --data.") from e
    return folder


def _check_engines(folder: Path, engines: str, *, fresh: bool) -> None:
    """Folders of the embedded engines bear no mark: they were first."""
    file = folder / _ENGINES
    if fresh and engines != EMBEDDED:
        write_whole(file, engines + "\n")
    found = file.read_text("utf-8", "replace").strip()[:20] if file.exists() else EMBEDDED
    if found != engines:
        raise UnusableFolder(
            f"The data folder {folder} belongs to the {found} engines, not the {engines} ones: name another with --data."
        )


def _check_version(folder: Path) -> None:
    file = folder / _VERSION
    if file.exists():
        found = file.read_text("utf-8", "replace").strip()[:20]
        if found != FORMAT:
            raise UnusableFolder(
                f"The data folder {folder} is of format {found!r}, and this program reads format {FORMAT}: "
                "use the program that made it, or name another folder with --data."
            )
        return
    if any(entry.name != _LOCK for entry in folder.iterdir()):
        raise UnusableFolder(f"The folder {folder} holds something else than our data: name an empty one with --data.")
    write_whole(file, FORMAT + "\n")


def write_whole(file: Path, text: str) -> None:
    """Replaces a small file of the folder as a whole, for its owner alone: nobody ever reads half of it."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    fresh.replace(file)


class IndexLock:
    """Who writes the index of a folder: one process at a time. The system lets go of it when the process dies."""

    def __init__(self, file: int) -> None:
        self._file = file

    @classmethod
    def take(cls, folder: Path, holder: str) -> Self | None:
        """The lock, or None when another process has it. `holder` says what we are, for others' messages."""
        file = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return None
        os.ftruncate(file, 0)
        os.write(file, f"{holder} (process {os.getpid()})".encode())
        return cls(file)

    def release(self) -> None:
        """Lets go; again: nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def index_holder(folder: Path) -> str:
    """Who holds the lock, as it said itself: "a server (process 12)"."""
    try:
        return (folder / _LOCK).read_text("utf-8", "replace").strip()[:100] or "another process"
    except OSError:
        return "another process"
