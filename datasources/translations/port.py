"""Words to concepts and concepts to words, and free text by a machine where one is configured.

Photos are indexed by concept id, so that any language finds them, and a new language needs no new index.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

ConceptId = str
"""A stable concept: `beach`."""


class Method(Enum):
    """How a translation was found."""

    TABLE = "TABLE"
    CLDR = "CLDR"
    PLACE = "PLACE"
    MACHINE = "MACHINE"
    NONE = "NONE"


class ConceptMatch(NamedTuple):
    """A concept that a term stands for; 1.0 is certain. `language` is the one it was understood in, a BCP 47 tag."""

    id: ConceptId
    score: float
    language: str
    method: Method


class LocalizedWord(NamedTuple):
    """A display word and the BCP 47 tag of the language it is in."""

    text: str
    language: str


class WordGuess(NamedTuple):
    """A word for a concept, how it was found, and how sure: 0 to 1."""

    text: str
    language: str
    method: Method
    confidence: float


class TranslationService(ABC):
    """Public data only: no owner, no scope, and no personal text goes in."""

    @abstractmethod
    async def concepts(self, terms: Sequence[str], languages: Sequence[str]) -> Sequence[Sequence[ConceptMatch]]:
        """For each term, in order, the concepts it stands for, surest first; empty when none is known."""

    @abstractmethod
    async def words(self, ids: Sequence[ConceptId], languages: Sequence[str]) -> Mapping[ConceptId, LocalizedWord]:
        """The display word of each known concept in the first of the languages that has one, else English."""

    @abstractmethod
    async def guesses(self, ids: Sequence[ConceptId], language: str) -> Mapping[ConceptId, WordGuess]:
        """The best word of each concept in this language, its parents included: written by hand, else approximate."""

    @abstractmethod
    async def search(self, query: str, languages: Sequence[str]) -> Sequence[ConceptId]:
        """Every concept with `query` in a word or synonym of any language, whole words first; all of them for ''."""


class MachineText(NamedTuple):
    """A text by a machine, and the language it took the term to be in."""

    text: str
    source: str


class Translator(ABC):
    """A machine for what no table knows. It costs money and time, and text leaves the house: off unless configured."""

    @property
    @abstractmethod
    def takes_personal_text(self) -> bool:
        """Whether what customers type and write may be sent; otherwise only terms that a caller asks to be translated."""

    @abstractmethod
    async def translate(self, terms: Sequence[str], source: str | None, target: str) -> Sequence[MachineText | None]:
        """Each term in order; None where the machine is off, slow, down, unsure or does not know the language.

        Never raises for any of these: nothing depends on a machine. Repeated terms are asked once.
        """

    @abstractmethod
    async def close(self) -> None:
        """Lets go of connections."""
