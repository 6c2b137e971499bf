"""Places by any name in any language: sorted names, bisected; every query is one slice of who bears them.

Typing mistakes are looked for among names with nearly the same letters and nearly the same length.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import Artefact
from datasources.locations.lines import Lines
from datasources.words import normalize

_WHOLE_NAME = 100  # what a name gains that is the whole query, on the scale of `search.weight` (20 = ten times as large)
_MISTAKE = 70  # what it loses for each mistake: more than primary names are above aliases
_LAST = b"\xff"  # above every byte of UTF-8
LONGEST = 100
_ONE_MISTAKE, _TWO_MISTAKES = 4, 8
"""Letters of a query from which so many mistakes are forgiven."""
_LOOKED_AT = 250
"""Names of nearly the same letters that are compared letter by letter: those of the largest places."""
_LETTERS = [0] * 97 + [1 << i for i in range(26)] + [0] * 5 + [1 << i * 7 % 32 for i in range(64)] + [0] * 64
"""A bit for each byte that tells a letter from others: a to z, and the last bytes of letters elsewhere."""


class Found(NamedTuple):
    """A place by number, the name as indexed, and its rank."""

    number: int
    name: str
    score: float


class Finder:
    """The index of names. About 35 MB in memory, inflated once when made."""

    def __init__(self, artefact: Artefact) -> None:
        self._names = Lines(artefact.text("search.names"))
        counts = artefact.array("search.count")
        self._first = np.concatenate([[0], counts.cumsum(dtype=np.int64)]).astype(np.uint32)
        self._bearer = artefact.array("search.bearer")
        self._weight = artefact.array("search.weight")
        self._best = np.maximum.reduceat(self._weight, self._first[:-1])
        lengths = np.minimum(self._names.lengths(), 255)
        # By length, so that a query looks at few; the letters of each, so that it compares fewer.
        self._by_length = np.argsort(lengths.astype("u1"), kind="stable").astype(np.uint32)
        self._length_begins = np.searchsorted(lengths[self._by_length], np.arange(257))
        self._letters = self._names.letters(_LETTERS)[self._by_length]

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
        first, last = int(self._first[begin]), int(self._first[end])
        bearer = self._bearer[first:last]
        rank = self._weight[first:last].astype(np.int16)
        rank[: int(self._first[whole]) - first] += _WHOLE_NAME
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
                found[number] = Found(number, self._name_of(first + at), float(rank[at]))
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
                for posting in range(int(self._first[name]), int(self._first[name + 1])):
                    number = int(self._bearer[posting])
                    if among is None or among[number]:
                        score = float(self._weight[posting]) + _WHOLE_NAME - _MISTAKE * away
                        yield Found(number, own, score)

    def _name_of(self, posting: int) -> str:
        # A key of the array's own type: any other makes numpy copy the whole array.
        return self._names[int(np.searchsorted(self._first, np.uint32(posting), side="right")) - 1]


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
