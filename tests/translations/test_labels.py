from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from datasources.errors import Corrupt
from datasources.translations.tables import LABELS, ConceptTables

LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "ja", "zh", "ko"]


def rows() -> list[dict[str, str]]:
    with LABELS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_the_table_has_250_concepts_in_twelve_languages() -> None:
    assert len(rows()) >= 250
    assert list(rows()[0]) == ["concept", "emoji", *LANGUAGES]


def test_every_cell_has_a_display_word_and_no_blanks() -> None:
    bad = [
        (row["concept"], lang)
        for row in rows()
        for lang in LANGUAGES
        if not all(w and w == w.strip() for w in row[lang].split("|"))
    ]
    assert bad == []


def test_ids_are_stable_codes() -> None:
    assert [row["concept"] for row in rows() if not re.fullmatch("[a-z]+(_[a-z]+)*", row["concept"])] == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_display_word_finds_its_own_concept(language: str) -> None:
    tables = ConceptTables.open()
    words = {row["concept"]: row[language].split("|")[0] for row in rows()}
    found = await tables.concepts(list(words.values()), [language])
    lost = [concept for concept, matches in zip(words, found, strict=True) if concept not in {m.id for m in matches}]
    assert lost == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_concepts_never_share_a_display_word(language: str) -> None:
    words = [row[language].split("|")[0] for row in rows()]
    assert sorted({word for word in words if words.count(word) > 1}) == []


@pytest.mark.parametrize("text", ["concept,emoji,en\na,x\n", "concept,emoji,en\na,x,y,z\n", "concept,emoji,en\na,x,y\na,x,z\n"])
def test_a_broken_table_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(Corrupt):
        ConceptTables.open(path)
