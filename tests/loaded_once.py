"""What every gateway of a test process may share, loaded once: the packaged places and labels, and the schema.

They are read-only and hold no customer's data. A server loads them once too, but tests open hundreds of gateways in one
process, and these were half of the time. Imported places and other files are opened as they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from datasources.locations.artefact import DEFAULT_PATH
from datasources.locations.gazetteer import Gazetteer
from datasources.translations.tables import LABELS, ConceptTables
from schema import build

T = TypeVar("T")


def _shared(open_: Callable[[Path | None], T], packaged: Path) -> Callable[[Path | None], T]:
    @cache
    def once() -> T:
        return open_(None)

    def shared(path: Path | None = None) -> T:
        return once() if path in {None, packaged} else open_(path)

    return shared


@contextmanager
def loaded_once() -> Iterator[None]:
    """While it is open, `open` and `build` return what they returned the first time."""
    with (
        patch.object(Gazetteer, "open", _shared(Gazetteer.open, DEFAULT_PATH)),
        patch.object(ConceptTables, "open", _shared(ConceptTables.open, LABELS)),
        patch.object(build, "build", cache(build.build)),
    ):
        yield
