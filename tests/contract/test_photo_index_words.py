"""Text search in many scripts; user text is never query syntax."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from datasources.search.conditions import FileNamePart, HasWord, Not
from datasources.search.port import PhotoIndex
from tests.search.engines import ENGINES, opened
from tests.search.makers import ANA, fill, found, photo, scope_of


@pytest.fixture(params=ENGINES)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[PhotoIndex]:
    async with opened(request.param) as made:
        yield made


FINDS = [
    ("Málaga", "malaga"),
    ("malaga", "Málaga"),
    ("l'été à Nice", "ete"),
    ("BEACH", "beach"),
    ("Straße", "strasse"),
    ("STRASSE", "straße"),
    ("two dogs", "dog"),
    ("one dog", "dogs"),
    ("beaches", "beach"),
    ("a family", "families"),
    ("le spiagge, i gatti", "gatto"),
    ("las playas", "playa"),
    ("Blumen", "Blume"),
    ("Strände", "strand"),
    ("les bateaux", "bateau"),
    ("Москва весной", "москва"),
    ("京都の桜", "京都"),
    ("京都の桜", "桜"),
    ("京都の桜", "都"),
    ("東京都", "東京都"),
    ("東京都の朝", "東京都の"),
    ("日本海", "本"),
    ("海", "海"),
    ("서울 여행", "서울"),
    ("กรุงเทพ", "กรุงเทพ"),
    ("2024年夏", "2024"),
    ("snow-covered", "covered"),
    ("x" * 300, "x" * 300),
]
MISSES = [
    ("beach", "bea"),
    ("beach", "peach"),
    ("京都の桜", "東京"),
    ("東京, 京都", "東京都の"),
    ("大阪の京", "大阪京"),
    ("sunset", "sun"),
    ("show", "shower"),
    ("news", "nest"),
]


@pytest.mark.parametrize(("text", "word"), FINDS)
async def test_finds(index: PhotoIndex, text: str, word: str) -> None:
    await fill(index, photo(1, text=(text,)), photo(2, text=("something else",)), photo(3))
    assert await found(index, HasWord(word)) == {1}
    assert await found(index, Not(HasWord(word))) == {2, 3}


@pytest.mark.parametrize(("text", "word"), MISSES)
async def test_does_not_find(index: PhotoIndex, text: str, word: str) -> None:
    await fill(index, photo(1, text=(text,)))
    assert await found(index, HasWord(word)) == set()


async def test_a_phrase_of_pairs_does_not_run_from_one_text_into_the_next(index: PhotoIndex) -> None:
    await fill(index, photo(1, text=("東京", "京都")), photo(2, text=("東京都",)))
    assert await found(index, HasWord("東京都")) == {2}


async def test_keywords_are_words_too(index: PhotoIndex) -> None:
    await fill(index, photo(1, keywords=("Golden Hour",)))
    assert await found(index, HasWord("golden")) == {1}


@pytest.mark.parametrize("typo", ["beahc", "beaxh", "beac", "beachh", "each", "bbeach", "ebach"])
async def test_one_typo_is_forgiven_where_requested(index: PhotoIndex, typo: str) -> None:
    await fill(index, photo(1, text=("beach",)))
    assert await found(index, HasWord(typo, fuzzy=True)) == {1}
    assert await found(index, HasWord(typo)) == set()


@pytest.mark.parametrize("typo", ["baehc", "bxaxh", "bea", "beachhh", "hcaeb"])
async def test_two_typos_are_not_forgiven(index: PhotoIndex, typo: str) -> None:
    await fill(index, photo(1, text=("beach",)))
    assert await found(index, HasWord(typo, fuzzy=True)) == set()


async def test_short_words_forgive_nothing(index: PhotoIndex) -> None:
    await fill(index, photo(1, text=("dog",)), photo(2, text=("dig",)))
    assert await found(index, HasWord("dog", fuzzy=True)) == {1}


@pytest.mark.parametrize("beginning", ["b", "be", "BEA", "beach", "béa"])
async def test_beginnings(index: PhotoIndex, beginning: str) -> None:
    await fill(index, photo(1, text=("a beach",)), photo(2, text=("the bay",)), photo(3, text=("unbeached",)))
    assert await found(index, HasWord(beginning, prefix=True)) == ({1, 2} if beginning == "b" else {1})


@pytest.mark.parametrize("word", ["", " ", "!!!", "---", "*", "?", '"', "()", "\\", "©", "\0"])
@pytest.mark.parametrize("ways", [{}, {"prefix": True}, {"fuzzy": True, "prefix": True}])
async def test_punctuation_finds_nothing_and_breaks_nothing(index: PhotoIndex, word: str, ways: dict[str, Any]) -> None:
    await fill(index, photo(1, text=('a *?!" text () ©',)))
    assert await found(index, HasWord(word, **ways)) == set()


@pytest.mark.parametrize("text", ["*:*", "owner:bob", "beach OR dog", "be.ch", "be*", "/b.*/", "[a TO z]", "beach~2", "-beach"])
async def test_what_people_type_is_never_syntax(index: PhotoIndex, text: str) -> None:
    await fill(index, photo(1, text=("beach dog",), file_name="beach.jpg"), photo(2, "bob", text=("beach",)))
    wanted = {1} if text == "-beach" else set()  # a dash belongs to no word, so this is the word itself
    assert await found(index, HasWord(text)) == wanted if text in {"-beach", "be*"} else {1} >= await found(index, HasWord(text))
    assert await found(index, FileNamePart(text)) == set()


async def test_words_of_others_are_not_found(index: PhotoIndex) -> None:
    await fill(index, photo(1, "bob", text=("secret",), file_name="secret.jpg"), photo(2))
    for condition in (HasWord("secret"), HasWord("sec", prefix=True), HasWord("secrte", fuzzy=True), FileNamePart("sec")):
        assert await found(index, condition) == set()
        assert await found(index, condition, scope_of("bob")) == {1}


PARTS = ["IMG_2041.JPG", "img_2041.jpg", "2041", "204", "20", "2", "g_2", "_", ".", ".j", "41.JP", "IMG_2041.JP", "MG_2041.JPG"]


@pytest.mark.parametrize("part", PARTS)
async def test_a_file_is_found_by_any_part_of_its_name(index: PhotoIndex, part: str) -> None:
    await fill(index, photo(1, file_name="IMG_2041.JPG"), photo(2, file_name="xyz"), photo(3, text=("IMG_2041.JPG",)))
    assert await found(index, FileNamePart(part)) == {1}


@pytest.mark.parametrize("part", ["", "2042", "img2041", "IMG_2041.JPGx", "041_", "gmi", "204141", "imgimg"])
async def test_a_file_is_not_found_by_what_its_name_does_not_hold(index: PhotoIndex, part: str) -> None:
    """N-grams without positions would match falsely: every bigram of `041_` and `204141` is in the name."""
    await fill(index, photo(1, file_name="IMG_2041.JPG"), photo(2, file_name="xIMG_204.JPG 041"))
    assert await found(index, FileNamePart(part)) == set()


async def test_names_of_files_in_any_script_with_spaces_and_accents(index: PhotoIndex) -> None:
    await fill(
        index, photo(1, file_name="E\u0301te\u0301 à  Nice.png"), photo(2, file_name="写真 1.heic"), photo(3, file_name="🏖.gif")
    )
    assert await found(index, FileNamePart("été à nice")) == {1}
    assert await found(index, FileNamePart(" ")) == {1, 2}
    assert await found(index, FileNamePart("真 1.h")) == {2}
    assert await found(index, FileNamePart("写")) == {2}
    assert await found(index, FileNamePart("🏖")) == {3}


async def test_rarities_count_inside_the_scope_only(index: PhotoIndex) -> None:
    await fill(index, photo(1, text=("dog",)), photo(2), *(photo(n, "bob", text=("dog",)) for n in range(3, 50)))
    assert await index.document_frequencies(ANA, [HasWord("dog"), HasWord("cat")]) == (2, [1, 0])
    assert await index.document_frequencies(scope_of(None), [HasWord("dog")]) == (0, [0])


async def test_a_typo_is_forgiven_however_many_like_words_others_have(index: PhotoIndex) -> None:
    """An engine that expands to the most frequent terms of all customers would miss the viewer's words."""
    near = tuple(f"b{chr(first)}ach" for first in range(0x4E00, 0x4E00 + 1_500))
    await fill(index, photo(1, text=("beach",)), *(photo(n, "bob", text=near[n * 100 : n * 100 + 100]) for n in range(15)))
    near_ascii = tuple(f"b{a}ach" for a in "abcdefghijklmnopqrstuvwxyz0123456789") + tuple(f"be{a}ach" for a in "bcdfghijkl")
    await fill(index, *(photo(100 + n, "bob", text=(" ".join(near_ascii),)) for n in range(5)))
    assert await found(index, HasWord("beahc", fuzzy=True)) == {1}
    assert await found(index, HasWord("bxach", fuzzy=True)) == {1}
