"""Places by any name in any language: sorted names, bisected; every query is one slice of who bears them.

Typing mistakes are looked for among names with nearly the same letters and nearly the same length.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import Artefact
from datasources.locations.paged_arrays import Groups, empty, kept, starts
from datasources.locations.string_table import StringTable
from datasources.locations.title_case import capitalized
from datasources.words import normalize

_WHOLE_NAME = 100  # what a name gains that is the whole query, on the scale of `search.weight` (20 = ten times as large)
_MISTAKE = 70  # what it loses for each mistake: more than primary names are above aliases
_LAST = b"\xff"  # above every byte of UTF-8
LONGEST = 100
_STEP = 1 << 16
_ONE_MISTAKE, _TWO_MISTAKES = 4, 8
"""Letters of a query from which so many mistakes are forgiven."""
_LOOKED_AT = 250
"""Names of nearly the same letters that are compared letter by letter: those of the largest places."""
_LETTERS = [0] * 97 + [1 << i for i in range(26)] + [0] * 5 + [1 << i * 7 % 32 for i in range(64)] + [0] * 64
"""A bit for each byte that tells a letter from others: a to z, and the last bytes of letters elsewhere."""


class Found(NamedTuple):
    """A place by number, the name folded as indexed, its rank, and whether the gazetteer writes it with capitals."""

    number: int
    name: str
    score: float
    capital: bool = False

    @property
    def written(self) -> str:
        """The name in the gazetteer's spelling, as far as one bit tells."""
        return capitalized(self.name) if self.capital else self.name


class NameSearch:
    """The index of names. About 35 MB in memory, inflated once when made."""

    def __init__(self, artefact: Artefact) -> None:
        self._names = StringTable(artefact.kept_text("search.names"))
        self._postings = Groups(artefact.array("search.count"))
        self._bearer = artefact.array("search.bearer")
        self._weight = artefact.array("search.weight")
        # What earlier versions wrote does not tell.
        self._capital = artefact.array("search.capital") if artefact.names("search.capital") else None
        self._best = kept(np.maximum.reduceat(self._weight, starts(artefact.array("search.count"), "u4")[:-1]))
        lengths = self._names.lengths()
        # By length, so that a query looks at few; the letters of each, so that it compares fewer.
        self._by_length = _in_order(lengths)
        self._length_begins = np.append(0, _tally(lengths).cumsum())
        self._letters = empty(len(lengths), "u4")
        self._names.letters(_LETTERS).take(self._by_length, out=self._letters, mode="clip")

    def find(self, query: str, among: npt.NDArray[np.bool_] | None, *, typed: bool, limit: int) -> Sequence[Found]:
        """The best places of a name, one hit a place; `among` marks the numbers that may be found.

        `typed` is for a query in the making: names that begin so are found too, and names nearly so.
        """
        text = normalize(query[:LONGEST])
        key = text.encode()
        if limit < 1 or not any(letter.isalnum() for letter in text):
            return []
        begin, whole = self._names.at(key), self._names.at(key + b"\x00")
        end = self._names.at(key + _LAST) if typed else whole
        found = {f.number: f for f in self._best_of(begin, whole, end, among, limit)}
        mistakes = (len(text) >= _ONE_MISTAKE) + (len(text) >= _TWO_MISTAKES)
        if typed and mistakes:
            for hit in self._near(text, key, mistakes, among):
                if hit.number not in found or found[hit.number].score < hit.score:
                    found[hit.number] = hit
        return sorted(found.values(), key=lambda f: (-f.score, f.number))[:limit]

    def _best_of(self, begin: int, whole: int, end: int, among: npt.NDArray[np.bool_] | None, limit: int) -> Iterable[Found]:
        first, last = self._postings.begin(begin), self._postings.begin(end)
        bearer = self._bearer[first:last]
        rank = self._weight[first:last].astype(np.int16)
        rank[: self._postings.begin(whole) - first] += _WHOLE_NAME
        if among is not None:
            rank[~among[bearer]] = -1
        # A place may bear many names of one prefix: look at a few times as many as asked for.
        wide = min(len(rank), limit * 8)
        top = np.argpartition(-rank, wide - 1)[:wide] if wide < len(rank) else np.arange(wide)
        top = top[np.lexsort((top, -rank[top]))]
        found: dict[int, Found] = {}
        for at in top.tolist():
            number = int(bearer[at])
            if rank[at] < 0 or len(found) == limit:
                break
            if number not in found:
                name = self._postings.of(first + at)
                found[number] = Found(number, self._names[name], float(rank[at]), self._is_capital(name))
        return found.values()

    def _near(self, text: str, key: bytes, mistakes: int, among: npt.NDArray[np.bool_] | None) -> Iterable[Found]:
        """Those that bear a name with so many letters more, less, other or swapped."""
        width = 1 if text.isascii() else 2 if max(text) < "\u0800" else 3
        widest = width * mistakes
        begin, end = self._length_begins[[max(0, len(key) - widest), min(256, len(key) + widest + 1)]]
        letters = np.bitwise_or.reduce(np.array(_LETTERS, "u4")[list(key)])
        unlike = np.bitwise_count(self._letters[begin:end] ^ letters)
        names = self._by_length[begin:end][unlike <= 2 * max(1, width - 1) * mistakes]
        if len(names) > _LOOKED_AT:
            names = names[np.argpartition(-self._best[names].astype(np.int16), _LOOKED_AT)[:_LOOKED_AT]]
        for name in names.tolist():
            own = self._names[name]
            away = 0 if own == text else next((n for n in range(1, mistakes + 1) if _within(own, text, n)), 0)
            if away:
                for posting in range(self._postings.begin(name), self._postings.begin(name + 1)):
                    number = int(self._bearer[posting])
                    if among is None or among[number]:
                        score = float(self._weight[posting]) + _WHOLE_NAME - _MISTAKE * away
                        yield Found(number, own, score, self._is_capital(name))

    def _is_capital(self, name: int) -> bool:
        return self._capital is not None and bool(self._capital[name >> 3] >> (7 - (name & 7)) & 1)


def _tally(lengths: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """How many there are of each; a piece at a time, since each is counted in eight bytes."""
    pieces = (lengths[at : at + _STEP] for at in range(0, len(lengths), _STEP))
    return np.asarray(sum(np.bincount(piece, minlength=256) for piece in pieces))


def _in_order(lengths: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """The names from short to long: a stable sort, a length at a time, in little memory."""
    order, at = empty(len(lengths), "u4"), 0
    for length in np.flatnonzero(_tally(lengths)).tolist():
        here = np.flatnonzero(lengths == length)
        order[at : at + len(here)] = here
        at += len(here)
    return order


def _within(one: str, other: str, mistakes: int) -> bool:
    """Whether so many letters inserted, left out, changed or swapped with the next make one of the other."""
    begin, least = 0, min(len(one), len(other))
    while begin < least and one[begin] == other[begin]:
        begin += 1
    one, other = one[begin:], other[begin:]
    if not one or not other or not mistakes:
        return len(one) + len(other) <= mistakes
    if abs(len(one) - len(other)) > mistakes:
        return False
    left = mistakes - 1
    swapped = one[:2] == other[1::-1] and len(one) > 1
    return (
        _within(one[1:], other[1:], left)
        or _within(one[1:], other, left)
        or _within(one, other[1:], left)
        or (swapped and _within(one[2:], other[2:], left))
    )
