"""Words to concepts and concepts to words: photos are indexed by concept id, so that any language finds them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

ConceptId = str
"""A stable concept: `beach`."""


class ConceptMatch(NamedTuple):
    """A concept that a term stands for; 1.0 is certain."""

    id: ConceptId
    score: float


class LocalizedWord(NamedTuple):
    """A display word and the BCP 47 tag of the language it is in."""

    text: str
    language: str


class TranslationService(ABC):
    """Public data only: no owner, no scope, and no personal text goes in."""

    @abstractmethod
    async def concepts(self, terms: Sequence[str], languages: Sequence[str]) -> Sequence[Sequence[ConceptMatch]]:
        """For each term, in order, the concepts it stands for, surest first; empty when none is known."""

    @abstractmethod
    async def words(self, ids: Sequence[ConceptId], languages: Sequence[str]) -> Mapping[ConceptId, LocalizedWord]:
        """The display word of each known concept in the first of the languages that has one, else English."""

    @abstractmethod
    async def search(self, query: str, languages: Sequence[str]) -> Sequence[ConceptId]:
        """Every concept with `query` in a word or synonym of any language, whole words first; all of them for ''."""
