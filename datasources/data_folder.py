"""The data folder: creates it, checks and upgrades its format, and locks it for the process that writes its index."""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from datasources.folder_rights import WideRights, tighten
from datasources.versions import UPGRADES, FolderStep, RecordStep, SqliteStep, Upgrades

_VERSION: Final = "version"
_LOCK: Final = "index.lock"
_ENGINES: Final = "engines"
EMBEDDED: Final = "embedded"
TABLES_FILE: Final = "tables.sqlite"
_COPY: Final = f"{TABLES_FILE}.before-"
COPY_PATTERN: Final = f"{_COPY}*"
"""Copies of the tables that upgrades made; the name ends with the format of the copy."""
_UPGRADING: Final = "upgrading"
"""The format in which an upgrade began that has not ended."""
_log = logging.getLogger("photos.upgrade")


class UnusableFolder(Exception):
    """The folder cannot be used; the text is a sentence for the person who named it."""


def prepare(folder: Path, engines: str = EMBEDDED, upgrades: Upgrades = UPGRADES) -> Path:
    """Creates the folder, or checks it and upgrades an older one; raises `UnusableFolder` or `SourceError`.

    A folder of other engines, or of a newer program, is refused. Rights of other users are removed from the folder and from
    what is in it; where that is not possible, the folder is refused.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = not (folder / _VERSION).exists()
        found = _stored_format(folder, upgrades)
        _check_engines(folder, engines, is_new=is_new)
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise UnusableFolder(
                f"The data folder {folder} cannot be written to: check its owner and mode, or use --data to name another."
            )
        tighten(folder)
        if found < upgrades.folder_format:
            _upgrade_locked(folder, upgrades)
    except WideRights as e:
        raise UnusableFolder(
            f"Other users may read {e.path} (mode {e.mode:04o}), and this process may not change that: "
            f"run `chmod -R go= {folder}` as its owner, or use --data to name another folder."
        ) from e
    except OSError as e:
        raise UnusableFolder(f"The data folder {folder} cannot be used: {e.strerror}. Name another with --data.") from e
    return folder


def is_installation(folder: Path) -> bool:
    """Whether the folder is a data folder of this program; nothing is created."""
    return (folder / _VERSION).is_file()


def _check_engines(folder: Path, engines: str, *, is_new: bool) -> None:
    """A folder without the file is one of the embedded engines: the first programs wrote no such file."""
    file = folder / _ENGINES
    if is_new and engines != EMBEDDED:
        write_whole(file, engines + "\n")
    found = file.read_text("utf-8", "replace").strip()[:20] if file.exists() else EMBEDDED
    if found != engines:
        raise UnusableFolder(
            f"The data folder {folder} belongs to the {found} engines, not to the {engines} engines: use --data to name another."
        )


def _stored_format(folder: Path, upgrades: Upgrades) -> int:
    """The format of the folder; an empty folder gets the current one."""
    file, ours = folder / _VERSION, upgrades.folder_format
    if not file.exists():
        if any(entry.name != _LOCK for entry in folder.iterdir()):
            raise UnusableFolder(f"The folder {folder} contains files of another program: use --data to name an empty one.")
        write_whole(file, f"{ours}\n")
    text = file.read_text("utf-8", "replace").strip()[:20]
    if not text.isascii() or not text.isdecimal() or int(text) > ours:
        raise UnusableFolder(
            f"The data folder {folder} has format {text!r}, and this program reads formats up to {ours}: "
            "install the newer program that wrote it, or use --data to name another folder."
        )
    return int(text)


def _upgrade_locked(folder: Path, upgrades: Upgrades) -> None:
    lock = IndexLock.take(folder, "an upgrade")
    if lock is None:
        raise UnusableFolder(
            f"The data folder {folder} must be upgraded, and is in use by {index_holder(folder)}: stop it, then try again."
        )
    with lock:
        _upgrade(folder, upgrades)


def _upgrade(folder: Path, upgrades: Upgrades) -> None:
    """Runs the steps that are not done. The format is stored after each, so a stopped upgrade continues there."""
    stored, last = _stored_format(folder, upgrades), upgrades.folder_format
    began = folder / _UPGRADING
    if not began.exists():
        write_whole(began, f"{stored}\n")
    copy = folder / f"{_COPY}{began.read_text('utf-8').strip()}"
    for number, step in enumerate(upgrades.steps[stored - 1 :], stored + 1):
        _log.warning("Upgrading the data folder to format %d of %d: %s.", number, last, step.name)
        if isinstance(step, FolderStep):
            step.run(folder)
        else:
            _upgrade_tables(folder, copy, step, upgrades.sqlite_version(number))
        write_whole(folder / _VERSION, f"{number}\n")
    began.unlink()


def _upgrade_tables(folder: Path, copy: Path, step: SqliteStep | RecordStep, to: int) -> None:
    """Copies the tables first. Records are changed when the tables are opened, as on every engine (`record_versions`)."""
    from datasources.tables.sqlite.upgrade import copy_once, run_step

    for older in copies_of(folder):
        if older != copy:
            older.unlink(missing_ok=True)
    copy_once(folder / TABLES_FILE, copy)
    if isinstance(step, SqliteStep):
        run_step(folder / TABLES_FILE, step, to)


def copies_of(folder: Path) -> list[Path]:
    """The copies of the tables that upgrades made."""
    return sorted(folder.glob(COPY_PATTERN))


def write_whole(file: Path, text: str) -> None:
    """Replaces a small file of the folder atomically; it is readable for its owner only."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    draft.replace(file)


class IndexLock:
    """The lock of the process that writes the index of a folder. The system releases it when the process ends."""

    def __init__(self, file: int) -> None:
        self._file = file

    @classmethod
    def take(cls, folder: Path, holder: str) -> Self | None:
        """The lock, or None when another process has it. `holder` describes this process in messages of others."""
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
        """Releases the lock; a repeat does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def index_holder(folder: Path) -> str:
    """The holder of the lock, as it described itself: "a server (process 12)"."""
    try:
        return (folder / _LOCK).read_text("utf-8", "replace").strip()[:100] or "another process"
    except OSError:
        return "another process"
