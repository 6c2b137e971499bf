# ruff: noqa: D102 - the port's words hold for its methods
"""Concepts and their words out of a hand-written table: in this process, exact, explainable."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from datasources.errors import Corrupt
from datasources.locales import chain
from datasources.translations.port import ConceptId, ConceptMatch, LocalizedWord, TranslationService
from datasources.words import normalize

DEFAULT_PATH = Path(__file__).with_name("labels.csv")

_EXACT, _INFLECTED, _ELSEWHERE, _INFLECTED_ELSEWHERE = 1.0, 0.9, 0.7, 0.5
_PLURAL = re.compile(r"(?<=[^s\W])(?:es|en|s|x)$")
_VOWELS = re.compile(r"[aeiouyаеиоуыэюяь]+$")
_SHORTEST_STEM = 3


class ConceptTables(TranslationService):
    """`labels.csv`: concept, emoji, then a column a language; a cell is `display word|synonym|synonym`."""

    def __init__(self, rows: Sequence[Mapping[str, str]]) -> None:
        self._order = {row["concept"]: place for place, row in enumerate(rows)}
        self._display: dict[str, dict[ConceptId, str]] = defaultdict(dict)
        self._words: dict[ConceptId, list[tuple[str, str]]] = defaultdict(list)
        self._exact: dict[str, dict[ConceptId, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._stems: dict[str, dict[ConceptId, set[str]]] = defaultdict(lambda: defaultdict(set))
        for row in rows:
            for language, cell in row.items():
                if language not in {"concept", "emoji"} and cell:
                    self._add(row["concept"], language, cell.split("|"))
            self._exact[row["emoji"]][row["concept"]].add("en")

    @classmethod
    def open(cls, path: Path | None = None) -> ConceptTables:
        """The table of a file, by default of the one that comes with the program; ids must be unique."""
        with (path or DEFAULT_PATH).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
        if any(None in row or None in row.values() for row in rows):
            raise Corrupt("labels", "a row has more or fewer cells than the header")
        if len({row["concept"] for row in rows}) != len(rows):
            raise Corrupt("labels", "a concept has two rows")
        return cls(rows)

    async def concepts(self, terms: Sequence[str], languages: Sequence[str]) -> Sequence[Sequence[ConceptMatch]]:
        own = frozenset(chain(languages))
        return [self._of_term(normalize(term), own) for term in terms]

    async def words(self, ids: Sequence[ConceptId], languages: Sequence[str]) -> Mapping[ConceptId, LocalizedWord]:
        found: dict[ConceptId, LocalizedWord] = {}
        for concept in ids:
            for language in chain(languages):
                word = self._display.get(language, {}).get(concept)
                if word:
                    found[concept] = LocalizedWord(word, language)
                    break
        return found

    async def search(self, query: str, languages: Sequence[str]) -> Sequence[ConceptId]:
        key = normalize(query)
        if not key:
            return list(self._order)
        own = frozenset(chain(languages))
        ranks = {
            concept: max((_rank(key, word), language in own) for language, word in words)
            for concept, words in self._words.items()
        }
        found = [concept for concept, (rank, _) in ranks.items() if rank]
        return sorted(found, key=ranks.__getitem__, reverse=True)

    def _add(self, concept: ConceptId, language: str, words: Sequence[str]) -> None:
        self._display[language][concept] = words[0]
        for word in words:
            key = normalize(word)
            self._words[concept].append((language, key))
            self._exact[key][concept].add(language)
            self._stems[_stem(key)][concept].add(language)

    def _of_term(self, key: str, own: frozenset[str]) -> Sequence[ConceptMatch]:
        """Words of the reader's languages silence those of others: for a German reader `Gift` is no present."""
        scores: dict[ConceptId, float] = {}
        for index, found, here, elsewhere in (
            (self._exact, key, _EXACT, _ELSEWHERE),
            (self._stems, _stem(key), _INFLECTED, _INFLECTED_ELSEWHERE),
        ):
            for concept, languages in index.get(found, {}).items():
                score = here if own & languages else elsewhere
                scores[concept] = max(score, scores.get(concept, 0.0))
        best = max(scores.values(), default=0.0)
        ranked = sorted(scores.items(), key=lambda pair: (-pair[1], self._order[pair[0]]))
        return [ConceptMatch(concept, score) for concept, score in ranked if score == best]


def _stem(key: str) -> str:
    """A word without a plural's or a case's end, roughly, in any inflected language; short words as they are."""
    bare = _VOWELS.sub("", _PLURAL.sub("", key))
    return bare if len(bare) >= _SHORTEST_STEM else key


def _rank(key: str, word: str) -> int:
    """3 for the whole word, 2 for its beginning, 1 for its inside, 0 for none."""
    if key == word:
        return 3
    return 2 if word.startswith(key) else int(key in word)
