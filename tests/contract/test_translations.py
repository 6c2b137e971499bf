"""The contract of TranslationService. Add a new adapter to `ADAPTERS`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from datasources.translations.port import Method, TranslationService
from datasources.translations.tables import ConceptTables

ADAPTERS: dict[str, Callable[[], TranslationService]] = {"tables": ConceptTables.open}


@pytest.fixture(params=ADAPTERS, scope="module")
def translations(request: pytest.FixtureRequest) -> TranslationService:
    return ADAPTERS[request.param]()


@pytest.mark.parametrize(
    ("term", "language"),
    [
        ("beach", "en"),
        ("Strand", "de"),
        ("plage", "fr"),
        ("playa", "es"),
        ("SPIAGGIA", "it"),
        ("пляж", "ru"),
        ("praia", "pt-BR"),
        ("ビーチ", "ja"),
        ("海滩", "zh"),
        ("海灘", "zh-TW"),
        ("해변", "ko"),
        ("plaża", "pl"),
    ],
)
async def test_a_word_of_any_language_finds_its_concept_first(translations: TranslationService, term: str, language: str) -> None:
    (found,) = await translations.concepts([term], [language])
    assert found[0].id == "beach"


async def test_answers_each_term_in_order(translations: TranslationService) -> None:
    found = await translations.concepts(["cane", "no such word", "cane", ""], ["it"])
    assert [[match.id for match in matches] for matches in found] == [["dog"], [], ["dog"], []]


async def test_an_inflected_word_is_found_but_less_sure(translations: TranslationService) -> None:
    (plural,), (singular,) = await translations.concepts(["spiagge", "spiaggia"], ["it"])
    assert plural.id == singular.id == "beach"
    assert plural.score < singular.score <= 1


async def test_a_word_of_the_readers_language_silences_the_same_word_of_others(
    translations: TranslationService,
) -> None:
    polish, english = await translations.concepts(["list", "list"], ["pl"]), await translations.concepts(["pies"], ["pl"])
    assert [match.id for match in polish[0]] == ["document"]
    assert english[0][0].id == "dog"


async def test_display_words_follow_the_languages_and_say_which(translations: TranslationService) -> None:
    words = await translations.words(["beach", "no such concept"], ["xx", "it-CH", "de"])
    assert words == {"beach": ("spiaggia", "it")}


async def test_a_language_without_the_word_falls_back_to_english(translations: TranslationService) -> None:
    assert await translations.words(["beach"], ["xx"]) == {"beach": ("beach", "en")}


async def test_a_traditional_chinese_reader_is_not_given_simplified(translations: TranslationService) -> None:
    words = await translations.words(["beach"], ["zh-TW"])
    assert words["beach"].language != "zh"


async def test_guesses_are_by_hand_where_somebody_wrote_them_and_approximate_elsewhere(translations: TranslationService) -> None:
    by_hand = (await translations.guesses(["dog", "no such concept"], "de-AT"))["dog"]
    near = (await translations.guesses(["dog"], "fi"))["dog"]
    assert (by_hand.text, by_hand.language, by_hand.method, by_hand.confidence) == ("Hund", "de", Method.TABLE, 1.0)
    assert (near.text, near.method) == ("koira", Method.CLDR)
    assert 0 < near.confidence < 1
    assert await translations.guesses(["dog"], "xx") == {}


async def test_what_is_shown_for_a_concept_comes_before_what_it_is_also_called(translations: TranslationService) -> None:
    (lake,) = await translations.concepts(["See"], ["de"])
    assert [match.id for match in lake] == ["lake", "sea"]


async def test_search_puts_whole_words_before_parts(translations: TranslationService) -> None:
    found = await translations.search("sea", ["en"])
    assert found[0] == "sea"
    assert "seafood" in found


async def test_search_for_nothing_gives_every_concept_once(translations: TranslationService) -> None:
    found = await translations.search("", [])
    assert len(found) == len(set(found)) >= 250
    assert await translations.search(" \n", []) == found


async def test_hostile_text_finds_nothing_and_breaks_nothing(translations: TranslationService) -> None:
    terms = ["%", "a" * 100_000, "\x00", "\u202e", "' OR 1=1", "\ud800"]
    assert all(len(matches) <= 300 for matches in await translations.concepts(terms, ["en", "", "x" * 100]))
