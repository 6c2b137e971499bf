"""An imported artefact takes the old one's place in one step: whoever opens the file sees the old or the new, whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from datasources.locations.artefact import Artefact
from datasources.locations.current import FILE
from datasources.locations.gazetteer import Gazetteer
from ingest.places.dump.assemble import Imported, import_dump


def swap_in(folder: Path, base: Artefact, data: Path, moved: Callable[[int, int, int], None]) -> Imported:
    """Imports the dump of a folder for a data folder; a failed or killed import leaves what was there."""
    with tempfile.TemporaryDirectory(dir=data, prefix="places-") as scratch:
        made = Path(scratch) / FILE
        imported = import_dump(folder, base, made, moved)
        # What cannot be opened is not swapped in.
        Gazetteer.open(made)
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.replace(data / FILE)
    return imported
