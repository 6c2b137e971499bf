"""Search of places by name in any language: binary search in sorted names, each with a list of its places.

Typos are searched among names with similar letters and similar length.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import PackedFile
from datasources.locations.paged_arrays import Groups, copied, empty, starts
from datasources.locations.string_table import StringTable
from datasources.locations.title_case import capitalized
from datasources.words import is_unspaced, normalize, tokens

_EXACT_MATCH = 100  # bonus for an exact match, on the scale of `search.weight` (20 = ten times the population)
_TYPO = 70  # penalty per typo: more than the difference between primary names and aliases
_LAST = b"\xff"  # above every byte of UTF-8
MAX_QUERY = 100
_STEP = 1 << 16
_BETWEEN = (" ", "-", "'", "")
_SPELLED_WORDS = 4
"""Names with more words are found as they are written only: each word more means four times the spellings."""
_ONE_TYPO, _TWO_TYPOS = 4, 8
"""Minimum length of a query that tolerates one or two typos."""
_COMPARED = 250
"""Maximum number of similar names that are compared by edit distance: those of the largest places."""
_LETTERS = [0] * 97 + [1 << i for i in range(26)] + [0] * 5 + [1 << i * 7 % 32 for i in range(64)] + [0] * 64
"""A bit per byte: a to z, and the last bytes of other letters in UTF-8."""


class NameHit(NamedTuple):
    """The number of a place, the folded name, the score, and whether the gazetteer writes the name in title case."""

    number: int
    name: str
    score: float
    capital: bool = False

    @property
    def written(self) -> str:
        """The name with restored capitals."""
        return capitalized(self.name) if self.capital else self.name


class NameSearch:
    """The name index. It takes about 35 MB of memory and is inflated once."""

    def __init__(self, artefact: PackedFile) -> None:
        self._names = StringTable(artefact.large_text("search.names"))
        self._postings = Groups(artefact.array("search.count"))
        self._place = artefact.array("search.bearer")
        self._weight = artefact.array("search.weight")
        # Files of earlier versions lack this part.
        self._capital = artefact.array("search.capital") if artefact.names("search.capital") else None
        self._best = copied(np.maximum.reduceat(self._weight, starts(artefact.array("search.count"), "u4")[:-1]))
        lengths = self._names.lengths()
        # Sorted by length, and with letter masks, to limit the names that are compared with a query.
        self._by_length = _by_length_order(lengths)
        self._length_begins = np.append(0, _length_counts(lengths).cumsum())
        self._letters = empty(len(lengths), "u4")
        self._names.letters(_LETTERS).take(self._by_length, out=self._letters, mode="clip")

    def find(self, query: str, among: npt.NDArray[np.bool_] | None, *, typed: bool, limit: int) -> Sequence[NameHit]:
        """The best matches of a name, one per place; `among` is a mask of the allowed places.

        `typed`: search as you type, which also matches prefixes and names with typos.
        """
        text = normalize(query[:MAX_QUERY])
        key = text.encode()
        if limit < 1 or not any(letter.isalnum() for letter in text):
            return []
        begin, exact = self._names.at(key), self._names.at(key + b"\x00")
        end = self._names.at(key + _LAST) if typed else exact
        found = {f.number: f for f in self._best_of(begin, exact, end, among, limit)}
        for spelling in _spellings(text):
            at = spelling.encode()
            first, last = self._names.at(at), self._names.at(at + b"\x00")
            for hit in self._best_of(first, last, last, among, limit) if first < last else ():
                if hit.number not in found or found[hit.number].score < hit.score:
                    found[hit.number] = hit
        typos = (len(text) >= _ONE_TYPO) + (len(text) >= _TWO_TYPOS)
        if typed and typos:
            for hit in self._near(text, key, typos, among):
                if hit.number not in found or found[hit.number].score < hit.score:
                    found[hit.number] = hit
        return sorted(found.values(), key=lambda f: (-f.score, f.number))[:limit]

    def _best_of(self, begin: int, exact: int, end: int, among: npt.NDArray[np.bool_] | None, limit: int) -> Iterable[NameHit]:
        first, last = self._postings.begin(begin), self._postings.begin(end)
        place = self._place[first:last]
        rank = self._weight[first:last].astype(np.int16)
        rank[: self._postings.begin(exact) - first] += _EXACT_MATCH
        if among is not None:
            rank[~among[place]] = -1
        # A place may have many names with one prefix, so read more than `limit` names.
        wide = min(len(rank), limit * 8)
        top = np.argpartition(-rank, wide - 1)[:wide] if wide < len(rank) else np.arange(wide)
        top = top[np.lexsort((top, -rank[top]))]
        found: dict[int, NameHit] = {}
        for at in top.tolist():
            number = int(place[at])
            if rank[at] < 0 or len(found) == limit:
                break
            if number not in found:
                name = self._postings.of(first + at)
                found[number] = NameHit(number, self._names[name], float(rank[at]), self._is_capital(name))
        return found.values()

    def _near(self, text: str, key: bytes, typos: int, among: npt.NDArray[np.bool_] | None) -> Iterable[NameHit]:
        """The places that have a name within this edit distance."""
        width = 1 if text.isascii() else 2 if max(text) < "\u0800" else 3
        widest = width * typos
        begin, end = self._length_begins[[max(0, len(key) - widest), min(256, len(key) + widest + 1)]]
        letters = np.bitwise_or.reduce(np.array(_LETTERS, "u4")[list(key)])
        unlike = np.bitwise_count(self._letters[begin:end] ^ letters)
        names = self._by_length[begin:end][unlike <= 2 * max(1, width - 1) * typos]
        if len(names) > _COMPARED:
            names = names[np.argpartition(-self._best[names].astype(np.int16), _COMPARED)[:_COMPARED]]
        for name in names.tolist():
            own = self._names[name]
            away = 0 if own == text else next((n for n in range(1, typos + 1) if _within(own, text, n)), 0)
            if away:
                for posting in range(self._postings.begin(name), self._postings.begin(name + 1)):
                    number = int(self._place[posting])
                    if among is None or among[number]:
                        score = float(self._weight[posting]) + _EXACT_MATCH - _TYPO * away
                        yield NameHit(number, own, score, self._is_capital(name))

    def _is_capital(self, name: int) -> bool:
        return self._capital is not None and bool(self._capital[name >> 3] >> (7 - (name & 7)) & 1)


def _spellings(text: str) -> Iterable[str]:
    """Other ways to write a name of several words: with spaces, hyphens, apostrophes or nothing between them."""
    words = tokens(text)
    if not 1 < len(words) <= _SPELLED_WORDS or is_unspaced(words[0]):
        return ()
    return {
        "".join(part for pair in zip(words, (*between, ""), strict=True) for part in pair)
        for between in product(_BETWEEN, repeat=len(words) - 1)
    } - {text}


def _length_counts(lengths: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """The number of names of each length; in pieces, because `bincount` converts to eight bytes."""
    pieces = (lengths[at : at + _STEP] for at in range(0, len(lengths), _STEP))
    return np.asarray(sum(np.bincount(piece, minlength=256) for piece in pieces))


def _by_length_order(lengths: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """The names sorted by length: a stable counting sort that needs little memory."""
    order, at = empty(len(lengths), "u4"), 0
    for length in np.flatnonzero(_length_counts(lengths)).tolist():
        here = np.flatnonzero(lengths == length)
        order[at : at + len(here)] = here
        at += len(here)
    return order


def _within(one: str, other: str, typos: int) -> bool:
    """Whether the edit distance (insert, delete, replace, swap neighbours) is at most `typos`."""
    begin, least = 0, min(len(one), len(other))
    while begin < least and one[begin] == other[begin]:
        begin += 1
    one, other = one[begin:], other[begin:]
    if not one or not other or not typos:
        return len(one) + len(other) <= typos
    if abs(len(one) - len(other)) > typos:
        return False
    remaining = typos - 1
    swapped = one[:2] == other[1::-1] and len(one) > 1
    return (
        _within(one[1:], other[1:], remaining)
        or _within(one[1:], other, remaining)
        or _within(one, other[1:], remaining)
        or (swapped and _within(one[2:], other[2:], remaining))
    )
