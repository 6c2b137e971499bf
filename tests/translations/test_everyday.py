"""Accuracy on everyday words that were not used for tuning."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from datasources.translations.port import Method
from datasources.translations.synonyms import SynonymFile
from datasources.translations.tables import ConceptTables

WORDS = Path(__file__).with_name("everyday.csv")
LANGUAGES = ["es", "de", "fr", "ru", "zh", "ja"]
KNOWN, FIRST = 0.96, 0.95


@pytest.mark.parametrize("language", LANGUAGES)
async def test_everyday_words_are_known_and_mean_what_people_mean(language: str) -> None:
    with WORDS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert len(rows) >= 100
    found = await ConceptTables.open().concepts([row[language] for row in rows], [language])
    known = [(row["concept"], matches[0].id) for row, matches in zip(rows, found, strict=True) if matches]
    assert len(known) >= KNOWN * len(rows)
    assert sum(concept == first for concept, first in known) >= FIRST * len(rows)


@pytest.mark.parametrize(
    ("word", "language", "concept"),
    [
        ("koira", "fi", "dog"),
        ("hund", "sv", "dog"),
        ("kočka", "cs", "cat"),
        ("кіт", "uk", "cat"),
        ("παραλία", "el", "beach"),
        ("חתול", "he", "cat"),
        ("قطة", "ar", "cat"),
        ("kucing", "id", "cat"),
        ("çiçek", "tr", "flower"),
        ("bunga", "ms", "flower"),
        ("कुत्ता", "hi", "dog"),
        ("แมว", "th", "cat"),
        ("macska", "hu", "cat"),
        ("pisică", "ro", "cat"),
        ("mačka", "hr", "cat"),
        ("katt", "no", "cat"),
    ],
)
async def test_words_of_languages_without_a_column_are_understood_as_approximate(word: str, language: str, concept: str) -> None:
    (found,) = await ConceptTables.open().concepts([word], [language])
    assert found[0].id == concept
    assert found[0].method is Method.CLDR
    assert found[0].score < 1
    assert found[0].language == language


def test_at_least_thirty_more_languages_are_understood() -> None:
    understood = SynonymFile()
    rich = [tag for tag in understood.languages if len(understood.of(tag).names) >= 150]
    assert len(rich) >= 42
    assert understood.manifest["licence"] == "Unicode-3.0"


def test_concepts_named_by_the_words_are_in_the_table() -> None:
    understood = SynonymFile()
    with (Path(__file__).parents[2] / "datasources/translations/labels.csv").open(encoding="utf-8", newline="") as file:
        concepts = {row["concept"] for row in csv.DictReader(file)}
    named = {c for tag in ("sv", "uk", "hi") for found in understood.of(tag).words.values() for c, _ in found}
    assert named <= concepts
