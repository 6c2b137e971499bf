from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasources.words import normalize, tokens


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Zürich", "zurich"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("Iğdır", "igdir"),
        ("Łódź", "lodz"),
        ("København", "kobenhavn"),
        ("Αθήνα", "αθηνα"),
        ("Орёл", "орел"),
        ("ﬁne Ｗｉｄｅ", "fine wide"),
        ("  two \n words ", "two words"),
        ("Hawai\u02bbi", "hawaii"),
        ("L\u2019Aquila", "l'aquila"),
        ("soft\u00adhyphen", "softhyphen"),
        ("مُحَمَّد", "محمد"),
        ("", ""),
    ],
)
def test_folds_what_people_leave_out(text: str, folded: str) -> None:
    assert normalize(text) == folded


@pytest.mark.parametrize("text", ["हिन्दी", "กรุงเทพฯ", "ガラス", "தமிழ்", "আগ্রা"])
def test_keeps_the_marks_that_are_letters(text: str) -> None:
    assert normalize(text) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Sunset at the beach!", ["sunset", "at", "the", "beach"]),
        ("IMG_2041.jpg", ["img", "2041", "jpg"]),
        ("東京都", ["東京", "京都"]),
        ("海", ["海"]),
        ("2024年 夏", ["2024", "年", "夏"]),
        ("서울 여행", ["서울", "여행"]),
        ("हिन्दी गीत", ["हिन्दी", "गीत"]),
        ("ビーチで寝る", ["ビー", "ーチ", "チで", "で寝", "寝る"]),
        ("d\u2019Orsay", ["d", "orsay"]),
        ("--- ©", []),
        ("fun \U0001f3d6\ufe0f\U0001f468\u200d\U0001f469", ["fun", "\U0001f3d6", "\U0001f468", "\U0001f469"]),
    ],
)
def test_cuts_text_into_words(text: str, words: list[str]) -> None:
    assert tokens(text) == words


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


@given(st.text())
def test_the_words_of_the_folded_text_are_the_words_of_the_text(text: str) -> None:
    assert tokens(normalize(text)) == tokens(text)
