"""Words of CLDR's languages, and which of our concepts they stand for: approximate, for understanding what is typed.

Made by `python -m ingest.words.build`. A language is read when it is first asked for: a few milliseconds each.
"""

from __future__ import annotations

import json
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from datasources.errors import Corrupt
from datasources.translations.port import ConceptId

DEFAULT_PATH: Final = Path(__file__).with_name("synonyms.zip")
MANIFEST: Final = "manifest"


class Understood(NamedTuple):
    """One language: concepts with their cosines by normalised word, and the nearest word of each concept."""

    words: dict[str, list[tuple[ConceptId, float]]]
    names: dict[ConceptId, tuple[str, float]]


class UnderstoodWords:
    """The languages of one file."""

    def __init__(self, path: Path = DEFAULT_PATH) -> None:
        self._path = path
        try:
            with zipfile.ZipFile(path) as archive:
                self.manifest: dict[str, str] = json.loads(archive.read(MANIFEST))
                self.languages = frozenset(archive.namelist()) - {MANIFEST}
        except (OSError, zipfile.BadZipFile, KeyError, ValueError) as e:
            raise Corrupt("labels", "the words of CLDR cannot be read") from e
        self.of = lru_cache(maxsize=None)(self._read)

    def _read(self, language: str) -> Understood:
        """A language; empty where there is none of this tag."""
        if language not in self.languages:
            return Understood({}, {})
        with zipfile.ZipFile(self._path) as archive:
            part: Any = json.loads(archive.read(language))
        return Understood(part["words"], part["names"])
