"""Tokenization of text for search: the same for every engine, so that all engines find the same photos.

The analyzers of the engines are not used, because they differ in plugins and versions. Tokenization is independent of the
language: no stemming, no stop words, no synonyms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, pairwise

# Combining marks are removed only after Latin, Greek and Cyrillic letters, where people omit them when they type.
# In other scripts they are vowels (Devanagari, Thai) or make a different letter (Japanese dakuten).
_FOLDED_MARKS = re.compile("([\u0000-\u024f\u0370-\u052f])[\u0300-\u036f\u0483-\u0487]+")
# Arabic vowel points and tatweel, Hebrew points: rarely written, and practically never in a query.
_POINTS = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u0652\u0670]")
_SPACES = re.compile(r"\s+")
_ASCII_WORD = re.compile("[0-9a-z]+")

# Letters that Unicode does not decompose. Modifier letters (okina, ayn) are removed; apostrophes become `'`.
_LETTERS = str.maketrans(
    {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ə": "e"}
    | dict.fromkeys("ʻʼʾʿˈ")
    | dict.fromkeys("’‘`´′", "'")
)

# Scripts without spaces between words (and Hangul, whose spaces separate phrases): cut into bigrams.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1100, 0x11FF),  # Hangul jamo
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),  # Han iteration mark and zero
    (0x3041, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x9FFF),  # Han
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


def normalize(text: str) -> str:
    """Fold spellings that people vary when they type; idempotent; single spaces, none at the ends.

    Compatibility forms (NFKC), letter case, marks on Latin, Greek and Cyrillic letters, invisible characters and
    apostrophes are folded. `ß` is `ss`; `ä` is `a` (the spelling `ae` is handled by aliases).
    """
    if text.isascii():
        folded = text.lower().replace("`", "'")
    else:
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        folded = "".join(c for c in folded if not _is_invisible(c))
        folded = _FOLDED_MARKS.sub(r"\1", _POINTS.sub("", folded.translate(_LETTERS)))
        folded = unicodedata.normalize("NFC", folded)
    return _SPACES.sub(" ", folded).strip()


def tokens(text: str) -> list[str]:
    """The normalized words of a text, in order, with repeats.

    A word is a run of letters, digits and marks, or one pictograph such as an emoji. A run in a script without spaces
    gives its overlapping bigrams (東京都 -> 東京, 京都), or itself if it is a single character: a query of one such
    character is a prefix.
    """
    folded = normalize(text)
    if folded.isascii():
        return _ASCII_WORD.findall(folded)
    found: list[str] = []
    for kind, run in groupby(folded, _kind):
        word = "".join(run)
        if kind == _WORD or (kind == _PAIRS and len(word) == 1):
            found.append(word)
        elif kind == _PAIRS:
            found += map("".join, pairwise(word))
        elif kind == _PICTOGRAPHS:
            found += word
    return found


def join_tokens(words: Sequence[str]) -> str:
    """Adjacent tokens as text: overlapping bigrams become one word (東京, 京都 -> 東京都)."""
    text = ""
    for word in words:
        continues = len(word) == len("東京") and text[-1:] == word[0] and _kind(word[0]) == _PAIRS
        text += word[1] if continues else f" {word}"
    return text.strip()


@lru_cache(maxsize=65_536)
def is_unspaced(word: str) -> bool:
    """Whether a token is of a script without spaces, which is cut into bigrams."""
    return not word.isascii() and _kind(word[0]) == _PAIRS


def token_text(text: str) -> str:
    """A text as its tokens with single spaces, so that spellings with hyphens, apostrophes or full stops are equal."""
    return join_tokens(tokens(text))


_GAP, _WORD, _PAIRS, _PICTOGRAPHS = range(4)
_FIRST_PICTOGRAPH = "\u2190"
"""Symbols before it, such as the sign of copyright, separate words."""


@lru_cache(maxsize=8192)
def _kind(character: str) -> int:
    category = unicodedata.category(character)
    if category == "So" and character >= _FIRST_PICTOGRAPH:
        return _PICTOGRAPHS
    if category[0] not in "LNM":
        return _GAP
    code = ord(character)
    return _PAIRS if any(first <= code <= last for first, last in _UNSPACED) else _WORD


@lru_cache(maxsize=8192)
def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"  # variation selectors
