"""Synonyms of concepts in the languages of CLDR: approximate, used to interpret search text.

The file is built by `python -m ingest.words.build`. A language is loaded on first use, in a few milliseconds.
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


class LanguageSynonyms(NamedTuple):
    """One language: concepts with cosine similarity by normalized word, and the most similar word of each concept."""

    words: dict[str, list[tuple[ConceptId, float]]]
    names: dict[ConceptId, tuple[str, float]]


class SynonymFile:
    """Loads languages from one file."""

    def __init__(self, path: Path = DEFAULT_PATH) -> None:
        self._path = path
        try:
            with zipfile.ZipFile(path) as archive:
                self.manifest: dict[str, str] = json.loads(archive.read(MANIFEST))
                self.languages = frozenset(archive.namelist()) - {MANIFEST}
        except (OSError, zipfile.BadZipFile, KeyError, ValueError) as e:
            raise Corrupt("labels", "synonyms.zip cannot be read") from e
        self.of = lru_cache(maxsize=None)(self._read)

    def _read(self, language: str) -> LanguageSynonyms:
        """A language; empty if the file does not contain it."""
        if language not in self.languages:
            return LanguageSynonyms({}, {})
        with zipfile.ZipFile(self._path) as archive:
            part: Any = json.loads(archive.read(language))
        return LanguageSynonyms(part["words"], part["names"])
