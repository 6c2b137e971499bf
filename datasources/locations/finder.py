"""Places by any name in any language: sorted names, bisected; every query is one slice of who bears them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from datasources.locations.artefact import Artefact
from datasources.words import normalize

_WHOLE_NAME = 100  # what a name gains that is the whole query, on the scale of `search.weight` (20 = ten times as large)
_LAST = b"\xff"  # above every byte of UTF-8
_LONGEST = 100


class Found(NamedTuple):
    """A place by number, the name as indexed, and its rank."""

    number: int
    name: str
    score: float


class Finder:
    """The index of names. About 25 MB in memory, inflated once when made."""

    def __init__(self, artefact: Artefact) -> None:
        self._text = artefact.text("search.names")
        breaks = np.flatnonzero(np.frombuffer(self._text, "u1") == ord("\n"))
        self._ends = np.append(breaks, len(self._text)).astype(np.uint32)
        counts = artefact.array("search.count")
        self._first = np.concatenate([[0], counts.cumsum(dtype=np.int64)]).astype(np.uint32)
        self._bearer = artefact.array("search.bearer")
        self._weight = artefact.array("search.weight")

    def find(self, query: str, among: npt.NDArray[np.bool_] | None, *, prefix: bool, limit: int) -> Sequence[Found]:
        """The best places of a name, one hit a place; `among` marks the numbers that may be found."""
        key = normalize(query[:_LONGEST]).encode()
        if not key or limit < 1:
            return []
        begin, whole = self._at(key), self._at(key + b"\x00")
        end = self._at(key + _LAST) if prefix else whole
        return self._best(begin, whole, end, among, limit)

    def _best(self, begin: int, whole: int, end: int, among: npt.NDArray[np.bool_] | None, limit: int) -> Sequence[Found]:
        first, last = int(self._first[begin]), int(self._first[end])
        bearer = self._bearer[first:last]
        rank = self._weight[first:last].astype(np.int32)
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
        return list(found.values())

    def _name_of(self, posting: int) -> str:
        # A key of the array's own type: any other makes numpy copy the whole array.
        return self._name(int(np.searchsorted(self._first, np.uint32(posting), side="right")) - 1).decode()

    def _name(self, index: int) -> bytes:
        begin = int(self._ends[index - 1]) + 1 if index else 0
        return self._text[begin : int(self._ends[index])]

    def _at(self, key: bytes) -> int:
        return bisect_left(range(len(self._ends)), key, key=self._name)
