"""Replaces the packed file atomically after an import: readers see either the old or the new file."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datasources.locations.artefact import PackedFile
from datasources.locations.gazetteer import Gazetteer
from datasources.locations.hot_reload import FILE
from ingest.places.dump.assemble import Imported, Watcher, import_dump

_SCRATCH = "places-"


class ImportRunning(Exception):
    """Another import is writing to the data folder."""


def swap_in(folder: Path, base: PackedFile, data: Path, watcher: Watcher) -> Imported:
    """Import the dump of a folder into a data folder; a failed or killed import does not change it.

    Raises `NoDump`, `ImportRunning`, and OSError if the disk is full.
    """
    with _alone(data), tempfile.TemporaryDirectory(dir=data, prefix=_SCRATCH) as scratch:
        made = Path(scratch) / FILE
        imported = import_dump(folder, base, made, watcher)
        # Verify that the new file can be opened before it replaces the old one.
        Gazetteer.open(made)
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.replace(data / FILE)
    return imported


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Lock the data folder and remove files of killed imports. The kernel releases the lock if the process dies."""
    folder = os.open(data, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ImportRunning(f"Another import of places is writing to {data}: wait until it is done.") from error
        for left in data.glob(_SCRATCH + "*/"):
            shutil.rmtree(left)
        yield
    finally:
        os.close(folder)
