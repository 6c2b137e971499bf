"""The ports of translation: words to concepts and back, and machine translation of free text if configured.

Photos are indexed by concept id, so that a search in any language finds them, and a new language needs no reindex.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

ConceptId = str
"""A stable id of a concept, such as `beach`."""


class Method(Enum):
    """How a translation was found."""

    TABLE = "TABLE"
    CLDR = "CLDR"
    PLACE = "PLACE"
    MACHINE = "MACHINE"
    NONE = "NONE"


class ConceptMatch(NamedTuple):
    """A concept that a term may mean; score 1.0 is certain. `language`: BCP 47 tag of the language of the matching word."""

    id: ConceptId
    score: float
    language: str
    method: Method


class LocalizedWord(NamedTuple):
    """A display word and the BCP 47 tag of its language."""

    text: str
    language: str


class WordGuess(NamedTuple):
    """A word for a concept, how it was found, and the confidence from 0 to 1."""

    text: str
    language: str
    method: Method
    confidence: float


class TranslationService(ABC):
    """Concepts and words. Public data only: no owner, no scope, no personal text."""

    @abstractmethod
    async def concepts(self, terms: Sequence[str], languages: Sequence[str]) -> Sequence[Sequence[ConceptMatch]]:
        """The concepts of each term, in order of the terms, highest score first; empty if there is none."""

    @abstractmethod
    async def words(self, ids: Sequence[ConceptId], languages: Sequence[str]) -> Mapping[ConceptId, LocalizedWord]:
        """The display word of each known concept in the first language that has one, else in English."""

    @abstractmethod
    async def synonyms(self, ids: Sequence[ConceptId], language: str) -> Sequence[str]:
        """The words of these concepts in a language, as `datasources.words.token_text` gives them; none if it has no table."""

    @abstractmethod
    async def guesses(self, ids: Sequence[ConceptId], language: str) -> Mapping[ConceptId, WordGuess]:
        """The best word of each concept in this language or its parents: from the table, else approximate."""

    @abstractmethod
    async def search(self, query: str, languages: Sequence[str]) -> Sequence[ConceptId]:
        """Every concept with `query` in a word or synonym of any language, exact words first; all concepts for ''."""


class MachineText(NamedTuple):
    """A machine translation, and the source language that was given or detected."""

    text: str
    source: str


class Translator(ABC):
    """Machine translation of terms that no table contains. Off unless configured, because it sends text to a third party."""

    @property
    @abstractmethod
    def takes_personal_text(self) -> bool:
        """Whether search text and captions may be sent; otherwise only terms that a client explicitly asks to translate."""

    @abstractmethod
    async def translate(self, terms: Sequence[str], source: str | None, target: str) -> Sequence[MachineText | None]:
        """The translation of each term, in order; None if the service is off, slow, failing, or lacks the language.

        Never raises for these reasons. Repeated terms are translated once.
        """

    @abstractmethod
    async def close(self) -> None:
        """Close connections."""
