# ruff: noqa: D102 - methods are documented in the port
"""Concepts and their words from a hand-written table, and approximate ones derived from CLDR's emoji keywords."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from datasources.errors import Corrupt
from datasources.locales import language_fallbacks, tag_and_parents
from datasources.translations.port import ConceptId, ConceptMatch, LocalizedWord, Method, TranslationService, WordGuess
from datasources.translations.synonyms import SynonymFile
from datasources.words import normalize, token_text

LABELS = Path(__file__).with_name("labels.csv")

_EXACT, _INFLECTED, _OTHER_LANGUAGE, _INFLECTED_OTHER_LANGUAGE = 1.0, 0.9, 0.7, 0.5
_LEAST_COSINE = 0.4
_APPROXIMATE = (0.6, 0.85)
"""The range of scores of words that only CLDR contains, from the minimum cosine to 1.0."""
_CLDR_PRECISION = 0.6
"""The share of CLDR's most similar words that are correct labels, measured on twelve languages."""
_NO_LANGUAGE = "und"
_PLURAL = re.compile(r"(?<=[^s\W])(?:es|en|s|x)$")
_VOWELS = re.compile(r"[aeiouyаеиоуыэюяь]+$")
_MIN_STEM = 3


class ConceptTables(TranslationService):
    """The table `labels.csv`: concept, emoji, and a column per language; a cell is `display word|synonym|synonym`."""

    def __init__(self, rows: Sequence[Mapping[str, str]], synonyms: SynonymFile) -> None:
        self._synonyms = synonyms
        self._order = {row["concept"]: index for index, row in enumerate(rows)}
        self._display: dict[str, dict[ConceptId, str]] = defaultdict(dict)
        self._words: dict[ConceptId, list[tuple[str, str]]] = defaultdict(list)
        self._exact: dict[str, dict[ConceptId, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._stems: dict[str, dict[ConceptId, set[str]]] = defaultdict(lambda: defaultdict(set))
        for row in rows:
            for language, cell in row.items():
                if language not in {"concept", "emoji"} and cell:
                    self._add(row["concept"], language, cell.split("|"))
            self._exact[token_text(row["emoji"])][row["concept"]].add(_NO_LANGUAGE)

    @classmethod
    def open(cls, path: Path | None = None) -> ConceptTables:
        """The table of a file, by default of the packaged one; concept ids must be unique."""
        with (path or LABELS).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
        if any(None in row or None in row.values() for row in rows):
            raise Corrupt("labels", "a row has more or fewer cells than the header")
        if len({row["concept"] for row in rows}) != len(rows):
            raise Corrupt("labels", "a concept has two rows")
        return cls(rows, SynonymFile())

    async def concepts(self, terms: Sequence[str], languages: Sequence[str]) -> Sequence[Sequence[ConceptMatch]]:
        own = language_fallbacks(languages)
        uncovered = [tag for tag in own if tag not in self._display]
        return [self._matches(token_text(term), own, uncovered) for term in terms]

    async def words(self, ids: Sequence[ConceptId], languages: Sequence[str]) -> Mapping[ConceptId, LocalizedWord]:
        found: dict[ConceptId, LocalizedWord] = {}
        for concept in ids:
            for language in language_fallbacks(languages):
                word = self._display.get(language, {}).get(concept)
                if word:
                    found[concept] = LocalizedWord(word, language)
                    break
        return found

    async def synonyms(self, ids: Sequence[ConceptId], language: str) -> Sequence[str]:
        return [word for concept in ids for tag, word in self._words.get(concept, ()) if tag == language]

    async def guesses(self, ids: Sequence[ConceptId], language: str) -> Mapping[ConceptId, WordGuess]:
        found: dict[ConceptId, WordGuess] = {}
        for tag in tag_and_parents(language):
            for concept in ids:
                word, near = self._display.get(tag, {}).get(concept), self._synonyms.of(tag).names.get(concept)
                if word:
                    found.setdefault(concept, WordGuess(word, tag, Method.TABLE, 1.0))
                elif near:
                    found.setdefault(concept, WordGuess(near[0], tag, Method.CLDR, round(near[1] * _CLDR_PRECISION, 2)))
        return found

    async def search(self, query: str, languages: Sequence[str]) -> Sequence[ConceptId]:
        key = normalize(query)
        if not key:
            return list(self._order)
        own = frozenset(language_fallbacks(languages))
        ranks = {
            concept: max((_rank(key, word), language in own) for language, word in words)
            for concept, words in self._words.items()
        }
        found = [concept for concept, (rank, _) in ranks.items() if rank]
        return sorted(found, key=ranks.__getitem__, reverse=True)

    def _add(self, concept: ConceptId, language: str, words: Sequence[str]) -> None:
        self._display[language][concept] = words[0]
        for word in words:
            key = token_text(word)
            self._words[concept].append((language, key))
            self._exact[key][concept].add(language)
            self._stems[_stem(key)][concept].add(language)

    def _matches(self, key: str, own: Sequence[str], uncovered: Sequence[str]) -> Sequence[ConceptMatch]:
        """Synonyms in the reader's languages without a table column have precedence over table words of other languages."""
        found = self._table_matches(key, own)
        if found and found[0].score > _OTHER_LANGUAGE:
            return found
        return self._approximate(key, uncovered) or found or self._approximate(key, own)

    def _table_matches(self, key: str, own: Sequence[str]) -> Sequence[ConceptMatch]:
        """Words of the reader's languages hide those of other languages: for a German reader `Gift` is not a present."""
        found: dict[ConceptId, ConceptMatch] = {}
        for index, word, own_score, other_score in (
            (self._exact, key, _EXACT, _OTHER_LANGUAGE),
            (self._stems, _stem(key), _INFLECTED, _INFLECTED_OTHER_LANGUAGE),
        ):
            for concept, languages in index.get(word, {}).items():
                language = next((tag for tag in own if tag in languages), None)
                score = other_score if language is None else own_score
                if score > (found[concept].score if concept in found else 0.0):
                    matched_language = language or min(languages)
                    found[concept] = ConceptMatch(concept, score, matched_language, Method.TABLE)
        best = max((match.score for match in found.values()), default=0.0)
        return sorted((m for m in found.values() if m.score == best), key=lambda match: self._rank_of(match, key))

    def _rank_of(self, match: ConceptMatch, key: str) -> tuple[bool, int]:
        """Display words rank before synonyms: `See` means lake first."""
        shown = self._display.get(match.language, {}).get(match.id, "")
        return normalize(shown) != key, self._order[match.id]

    def _approximate(self, key: str, own: Sequence[str]) -> Sequence[ConceptMatch]:
        """The concepts of the word in the first of the languages in which CLDR contains it."""
        least, most = _APPROXIMATE
        for language in own:
            found = self._synonyms.of(language).words.get(key)
            if found:
                share = (most - least) / (1.0 - _LEAST_COSINE)
                scores = ((c, round(least + share * (cosine - _LEAST_COSINE), 2)) for c, cosine in found if c in self._order)
                return [ConceptMatch(concept, score, language, Method.CLDR) for concept, score in scores]
        return []


def _stem(key: str) -> str:
    """A word without its plural or case ending, approximately, for any inflected language; short words are unchanged."""
    bare = _VOWELS.sub("", _PLURAL.sub("", key))
    return bare if len(bare) >= _MIN_STEM else key


def _rank(key: str, word: str) -> int:
    """3 for the exact word, 2 for a prefix, 1 for a substring, 0 for no match."""
    if key == word:
        return 3
    return 2 if word.startswith(key) else int(key in word)
