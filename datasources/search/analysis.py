"""Text analysis: index terms of texts and query terms of words, the same for every engine.

Engines receive terms, not text. A word has several stems, because the index does not know the language of a caption: a
light one that removes plural endings of English, Romance and Germanic languages alike, and those of the Snowball stemmers
(snowballstem.org) of the languages of its script. A word of a query matches by the first and by the stems of the viewer's
languages. Different words may share a stem, and a word always matches itself.
A run in a script without spaces also has its single characters as stems, so that one character matches every run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import Stemmer

from datasources.search.conditions import HasWord
from datasources.words import is_unspaced, normalize, tokens

MAX_TERM = 60
"""Words are truncated to this number of characters."""

FUZZY_FROM = 4
"""Minimum length of words that tolerate a typo."""

_STEM_FROM = 4
_MIN_STEM = 3
_ASCII = re.compile("[a-z]+")
_HEBREW = re.compile("[\u05d0-\u05ea]")
_HEBREW_PREFIX = re.compile("[\u05d1\u05d4\u05d5\u05db\u05dc\u05de\u05e9]+$")
_DEFAULT: Final = (
    (re.compile("[a-z]"), "english"),
    (re.compile("[\u0400-\u04ff]"), "russian"),
    (re.compile("[\u0370-\u03ff]"), "greek"),
    (re.compile("[\u0600-\u06ff]"), "arabic"),
)
"""The Snowball stemmer of a script, which is used in every language."""
_LATIN: Final = {
    "de": "german", "fr": "french", "es": "spanish", "it": "italian", "pt": "portuguese", "nl": "dutch", "pl": "polish",
}  # fmt: skip
"""The other languages of the label table, whose stems match only for who reads them: `shower` is no `show` in English."""
_IRREGULAR: Final = {
    form: word
    for word, forms in {
        "foot": "feet", "tooth": "teeth", "goose": "geese", "mouse": "mice", "man": "men", "woman": "women", "child": "children",
        "person": "people", "wife": "wives", "life": "lives", "leaf": "leaves", "knife": "knives", "wolf": "wolves",
        "loaf": "loaves", "shelf": "shelves", "calf": "calves", "half": "halves", "ox": "oxen", "run": "ran", "swim": "swam swum",
        "sing": "sang sung", "eat": "ate eaten", "drive": "drove driven", "ride": "rode ridden", "fly": "flew flown",
        "win": "won", "catch": "caught", "buy": "bought", "sleep": "slept", "take": "took taken", "make": "made",
        "see": "saw seen",
        "sit": "sat", "stand": "stood", "hold": "held", "build": "built", "throw": "threw thrown", "draw": "drew drawn",
        "fall": "fell fallen", "grow": "grew grown", "wear": "wore worn", "write": "wrote written", "drink": "drank drunk",
        "dig": "dug", "blow": "blew blown", "break": "broke broken", "climb": "clomb", "fight": "fought", "meet": "met",
    }.items()
    for form in forms.split()
}  # fmt: skip
"""English forms that no stemmer reduces, of words that captions have."""
# Each step removes at most one ending, the longest first, if at least three characters remain. The order of the steps
# gives a plural and its singular the same stem: flowers/flower, Blumen/Blume, gatti/gatto.
_STEPS = (
    (("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("eaux", "eau"), ("ies", "y"), ("ss", "ss"), ("s", "")),
    (("een", "een"), ("en", ""), ("ie", "y")),
    (("e", ""), ("a", ""), ("i", ""), ("o", "")),
)


def words(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text that has any, in order, with repeats."""
    cut = ([word[:MAX_TERM] for word in tokens(text)] for text in texts)
    return [found for found in cut if found]


def stems(found: Sequence[str]) -> set[str]:
    """The stems of words, and the single characters of words in scripts without spaces."""
    result = {each for word in found for each in word_stems(word)}
    for word in found:
        if is_unspaced(word):
            result.update(word)
    return result


@lru_cache(maxsize=65_536)
def word_stems(word: str) -> frozenset[str]:
    """The stems of one word in the index: those that hold in every language, and those of each language with its tag."""
    plain = _plain_stems(word)
    stemmed = {tag: _stem_in(tag, word) for tag in _languages_of(word)}
    return plain | {f"{tag}:{each}" for tag, each in stemmed.items() if each != word}


@lru_cache(maxsize=65_536)
def query_stems(word: str, languages: tuple[str, ...]) -> tuple[str, ...]:
    """The stems that match a word of a query in these languages (BCP 47 tags), sorted."""
    own = {tag.split("-")[0].lower() for tag in languages} & set(_languages_of(word))
    stemmed = {tag: _stem_in(tag, word) for tag in own}
    return tuple(sorted(_plain_stems(word) | {f"{tag}:{each}" for tag, each in stemmed.items()} | set(stemmed.values())))


def _plain_stems(word: str) -> frozenset[str]:
    if (len(word) < _STEM_FROM and word not in _IRREGULAR) or word.isdigit():
        return frozenset((word,))
    if _HEBREW.match(word):
        # Articles, prepositions and conjunctions are written as first letters; there is no Snowball stemmer of Hebrew.
        return frozenset((word, *(word[n:] for n in (1, 2) if len(word) - n >= _MIN_STEM and _HEBREW_PREFIX.match(word[:n]))))
    regular = _IRREGULAR.get(word, word)
    algorithm = next((of for letters, of in _DEFAULT if letters.match(word)), None)
    return frozenset((word, stem(regular), *([] if algorithm is None else [_stemmer(algorithm).stemWord(regular)])))


def _languages_of(word: str) -> Sequence[str]:
    """The languages with a stemmer that are written in Latin letters, for a word in these letters."""
    return tuple(_LATIN) if _ASCII.match(word) and len(word) >= _STEM_FROM else ()


def _stem_in(language: str, word: str) -> str:
    return str(_stemmer(_LATIN[language]).stemWord(word))


@cache
def _stemmer(algorithm: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(algorithm)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The word without its most common endings; numbers, short words and other scripts are unchanged."""
    if len(word) < _STEM_FROM or not _ASCII.fullmatch(word):
        return word
    for endings in _STEPS:
        for ending, instead in endings:
            if word.endswith(ending):
                shorter = word.removesuffix(ending) + instead
                word = shorter if len(shorter) >= _MIN_STEM else word
                break
    return word


def fold_name(name: str) -> str:
    """A file name, or part of one, without case and accents; leading and trailing spaces are preserved."""
    return normalize(f"x{name}x")[1:-1].replace(" ", _SPACE)


_SPACE = "\ue000"
"""Replaces a space in n-grams, because engines split terms at spaces."""


def grams(name: str, size: int) -> list[str]:
    """The n-grams of a folded name, in order."""
    return [name[i : i + size] for i in range(len(name) - size + 1)]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Alternatives that match a word: itself, a stem, a phrase of words, a prefix, or a word at an edit distance of one."""

    exact: str | None = None
    stems: tuple[str, ...] = ()
    phrase: tuple[str, ...] = ()
    prefix: str | None = None
    fuzzy: str | None = None


def lookup(condition: HasWord) -> Lookup | None:
    """The index terms that match a word; None if it contains no indexable characters.

    An edit inserts, removes or replaces a character or swaps two adjacent ones. `prefix` and `fuzzy` are separate
    alternatives, so a prefix with a typo does not match.
    """
    found = [word[:MAX_TERM] for word in tokens(condition.word)]
    if not found:
        return None
    if len(found) > 1:
        return Lookup(phrase=tuple(found))
    (word,) = found
    if condition.exact:
        return Lookup(exact=word)
    return Lookup(
        stems=query_stems(word, condition.languages),
        prefix=word if condition.prefix else None,
        fuzzy=word if condition.fuzzy and len(word) >= FUZZY_FROM else None,
    )
