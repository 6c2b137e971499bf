"""How texts become terms of an index and words of a query become terms to look for: the same for every engine.

Engines are fed terms, not texts. A word is found by its light stem, which knows no language: a caption's language is
not known to the index, so endings of plurals in English, Romance and Germanic languages are cut alike. Two words with
one stem that mean different things are found for each other now and then; a word is never lost.
A run in a script without spaces also gives its single characters as stems, so that one character finds every run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from datasources.search.conditions import HasWord
from datasources.words import normalize, tokens

MAX_TERM = 60
"""Characters that count of a word: longer ones are no words."""

FUZZY_FROM = 4
"""Characters from which on a typo is forgiven."""

_STEM_FROM = 4
_STAYS = 3
_ASCII = re.compile("[a-z]+")
# Each step cuts at most one ending, the longest first, when at least three characters stay. The order of the steps
# makes a plural and its singular meet: flowers, Blumen and gatti lose what flower, Blume and gatto lose too.
_STEPS = (
    (("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("eaux", "eau"), ("ies", "y"), ("ss", "ss"), ("s", "")),
    (("een", "een"), ("en", ""), ("ie", "y")),
    (("e", ""), ("a", ""), ("i", ""), ("o", "")),
)


def words(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text that has some, in order, repeats kept."""
    cut = ([word[:MAX_TERM] for word in tokens(text)] for text in texts)
    return [found for found in cut if found]


def stems(found: Sequence[str]) -> set[str]:
    """What the words of a text are found by: their stems, and the characters of words without spaces."""
    result = {stem(word) for word in found}
    for word in found:
        if unspaced(word):
            result.update(word)
    return result


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The word without its most common endings; numbers, short words and other scripts stay as they are."""
    if len(word) < _STEM_FROM or not _ASCII.fullmatch(word):
        return word
    for endings in _STEPS:
        for ending, instead in endings:
            if word.endswith(ending):
                shorter = word.removesuffix(ending) + instead
                word = shorter if len(shorter) >= _STAYS else word
                break
    return word


@lru_cache(maxsize=65_536)
def unspaced(word: str) -> bool:
    """Whether the word is of a script without spaces, where words are pairs of characters."""
    return not word.isascii() and len(tokens(word[0] * 3)) > 1


def folded_name(name: str) -> str:
    """A file's name, or a part of one, with case and accents aside; spaces at its ends stay."""
    return normalize(f"x{name}x")[1:-1].replace(" ", _SPACE)


_SPACE = "\ue000"
"""Stands for a space in grams, which engines cut at spaces."""


def grams(name: str, size: int) -> list[str]:
    """Every run of so many characters of a folded name, in order."""
    return [name[i : i + size] for i in range(len(name) - size + 1)]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What to look for, any of these: a stem; words in a row; a word that begins so; a word at most one edit away."""

    stem: str | None = None
    row: tuple[str, ...] = ()
    beginning: str | None = None
    typo: str | None = None


def lookup(asked: HasWord) -> Lookup | None:
    """How a word is found; None: it holds nothing that an index keeps.

    An edit is a character more, less or other, or two neighbours swapped. `prefix` and `fuzzy` each add what they
    find; they are not combined, so a typo in a beginning is not forgiven.
    """
    found = [word[:MAX_TERM] for word in tokens(asked.word)]
    if not found:
        return None
    if len(found) > 1:
        return Lookup(row=tuple(found))
    (word,) = found
    return Lookup(
        stem=stem(word),
        beginning=word if asked.prefix else None,
        typo=word if asked.fuzzy and len(word) >= FUZZY_FROM else None,
    )
