"""An imported artefact takes the old one's place in one step: whoever opens the file sees the old or the new, whole."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datasources.locations.artefact import Artefact
from datasources.locations.gazetteer import Gazetteer
from datasources.locations.hot_reload import FILE
from ingest.places.dump.assemble import Imported, Watcher, import_dump

_SCRATCH = "places-"


class Beside(Exception):
    """Another import writes to the data folder; the text is a sentence."""


def swap_in(folder: Path, base: Artefact, data: Path, watcher: Watcher) -> Imported:
    """Imports the dump of a folder for a data folder; a failed or killed import leaves what was there.

    Raises `NoDump`, `Beside`, and OSError where the disk is full.
    """
    with _alone(data), tempfile.TemporaryDirectory(dir=data, prefix=_SCRATCH) as scratch:
        made = Path(scratch) / FILE
        imported = import_dump(folder, base, made, watcher)
        # What cannot be opened is not swapped in.
        Gazetteer.open(made)
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.replace(data / FILE)
    return imported


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One import at a time; what killed ones left is removed. The system lets go of the lock when we die."""
    folder = os.open(data, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Beside(f"Another import of places is writing to {data}: wait until it is done.") from error
        for left in data.glob(_SCRATCH + "*/"):
            shutil.rmtree(left)
        yield
    finally:
        os.close(folder)
