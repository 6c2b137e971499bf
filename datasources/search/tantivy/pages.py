"""Pages of the embedded index: exact orders and places in them, whatever ties there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tantivy

from access.scope import Scope
from datasources.photo_key import PhotoKey
from datasources.search import fixed_point
from datasources.search.port import Hit, Order, Position, SearchRequest, TextQuery
from datasources.search.row_security import ScopedQuery, SortPartition
from datasources.search.tantivy.query import MAX_U64, Compiler, every
from datasources.search.tantivy.schema import ID_HIGH, ID_LOW, OWNER_NUMBER, owner_number

_BITS = 24
"""Clauses that one 32-bit float can tell apart: each scores its own power of two, so the sum names those that hold."""


class Row(NamedTuple):
    """A row on its way into a page: sorts as its hits do."""

    score: float
    key: int
    id: str
    owner: str

    def hit(self) -> Hit:
        """The row as the port tells it."""
        return Hit(PhotoKey(self.owner, self.id), Position(self.score, self.key, self.id))


class Names:
    """Who a row is: owner and id, from columns of numbers."""

    def __init__(self, searcher: tantivy.Searcher, scope: Scope) -> None:
        self._searcher = searcher
        self._owners = {owner_number(owner): owner for owner in scope.owners}

    def of(self, rows: Sequence[tuple[float, int, tantivy.DocAddress]]) -> list[Row]:
        """Rows with their names, in order."""
        addresses = [address for _, _, address in rows]
        highs, lows = (self._searcher.fast_field_values(name, addresses) for name in (ID_HIGH, ID_LOW))
        if len(self._owners) == 1:
            owners = [*self._owners.values()] * len(rows)
        else:
            owners = [self._owners[n] for n in self._searcher.fast_field_values(OWNER_NUMBER, addresses)]
        named = zip(rows, highs, lows, owners, strict=True)
        return [Row(score, key, f"{high:016x}{low:016x}", owner) for (score, key, _), high, low, owner in named]


def ids_of(searcher: tantivy.Searcher, query: tantivy.Query) -> np.ndarray:
    """The ids of all rows of a query, as 16 bytes each, in no order."""
    count = searcher.search(query, limit=1).count
    rows = [address for _, address in searcher.search(query, limit=max(count, 1), count=False).hits]
    halves = np.empty((len(rows), 2), dtype=">u8")
    for at, name in enumerate((ID_HIGH, ID_LOW)):
        halves[:, at] = searcher.fast_field_values(name, rows)
    return halves.view("S16").ravel()


@dataclass(frozen=True, slots=True)
class Way:
    """Which way a page goes, from where, and how far."""

    down: bool
    after: Position | None
    want: int

    @classmethod
    def of(cls, question: SearchRequest) -> Way:
        """One more row than the page has tells whether there are more."""
        down = question.order in {Order.TAKEN_DESC, Order.ADDED_DESC, Order.RELEVANCE}
        return cls(down is not question.backwards, question.after, question.limit + 1)

    def first(self, rows: Sequence[Row]) -> list[Row]:
        """The first wanted of these rows beyond the start, in order."""
        after = self.after
        if after is not None:
            start = (after.score, after.key, after.id)
            rows = [r for r in rows if (r[:3] < start if self.down else r[:3] > start)]
        return sorted(rows, key=lambda r: r[:3], reverse=self.down)[: self.want]


class Pages:
    """The rows of bound questions in their order."""

    def __init__(self, searcher: tantivy.Searcher, compiler: Compiler, names: Names) -> None:
        self._searcher = searcher
        self._compiler = compiler
        self._names = names

    def page(self, bound: ScopedQuery, question: SearchRequest) -> tuple[Sequence[Hit], bool]:
        """The hits asked for, and whether more follow."""
        if question.limit <= 0:
            return (), False
        way = Way.of(question)
        text = bound.text if question.order is Order.RELEVANCE else None
        if text is not None and 0 <= text.required < len(text.clauses):
            rows = self._ranked(bound, text, way)
        else:
            score = fixed_point.score(sum(fixed_point.units(text.clauses))) if text and text.required else 0.0
            rows = [row for part in bound.parts for row in self._sorted(bound, part, way, score)]
        found = [row.hit() for row in Way(way.down, None, way.want).first(rows)]
        return found[: question.limit], len(found) > question.limit

    def _sorted(self, bound: ScopedQuery, part: SortPartition, way: Way, score: float) -> list[Row]:
        """The first rows of one part. All have this score; equal keys are read whole, so that the id decides."""
        after = way.after
        low, high = 0, MAX_U64
        if after is not None and after.score != score:
            if (score > after.score) is way.down:
                return []
        elif after is not None:
            low, high = (0, after.key) if way.down else (after.key, MAX_U64)
        query = self._compiler.inside(bound.condition, part.rows, text=bound.text)
        if (low, high) != (0, MAX_U64):
            query = every([query, self._compiler.between(part.key.value, low, high)])
        return self._walked(query, part, way, score)

    def _walked(self, query: tantivy.Query, part: SortPartition, way: Way, score: float) -> list[Row]:
        order = tantivy.Order.Desc if way.down else tantivy.Order.Asc
        reach = way.want + 1
        while True:
            hits = self._searcher.search(query, reach, count=False, order_by_field=part.key.value, order=order).hits
            ended = len(hits) < reach
            last = None if ended else hits[-1][0]
            rows = way.first(self._names.of([(score, key, address) for key, address in hits if key != last]))
            if ended or len(rows) >= way.want:
                return rows
            reach *= 4

    def _ranked(self, bound: ScopedQuery, text: TextQuery, way: Way) -> list[Row]:
        """Every match is scored: which clauses hold comes from the engine, what they weigh together from here."""
        told: list[float] = []
        keys: list[int] = []
        addresses: list[tantivy.DocAddress] = []
        weights = fixed_point.units(text.clauses)
        for part in bound.parts:
            matched = self._holding(self._compiler.inside(bound.condition, part.rows, text=text), text)
            masks = {mask for mask, _ in matched}
            known = {m: fixed_point.score(sum(w for i, w in enumerate(weights) if m >> i & 1)) for m in masks}
            told += [known[mask] for mask, _ in matched]
            found = [address for _, address in matched]
            keys += self._searcher.fast_field_values(part.key.value, found)
            addresses += found
        chosen = _nearest(np.array(told, dtype=np.float64), np.array(keys, dtype=np.uint64), way)
        return way.first(self._names.of([(told[i], keys[i], addresses[i]) for i in chosen]))

    def _holding(self, query: tantivy.Query, text: TextQuery) -> list[tuple[int, tantivy.DocAddress]]:
        """Every match, with a bit for each clause that holds."""
        found = self._searcher.search(query, limit=1).count
        if not found:
            return []
        clauses = [self._compiler.raw(c.condition) for c in text.clauses]
        masks: dict[tuple[int, int], tuple[int, tantivy.DocAddress]] = {}
        for start in range(0, len(clauses), _BITS):
            bits = enumerate(clauses[start : start + _BITS])
            scoring = [(tantivy.Occur.Should, tantivy.Query.const_score_query(q, float(1 << i))) for i, q in bits]
            asked = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *scoring])
            hits = self._searcher.search(asked, limit=found, count=False).hits
            if len(clauses) <= _BITS:
                return [(int(sum_), address) for sum_, address in hits]
            for sum_, address in hits:
                place = address.segment_ord, address.doc
                masks[place] = masks.get(place, (0, address))[0] | int(sum_) << start, address
        return list(masks.values())


def _nearest(scores: np.ndarray, keys: np.ndarray, way: Way) -> list[int]:
    """The rows that can be among the first wanted: with all that tie with the last of them."""
    candidates = np.arange(len(scores))
    if way.after is not None:
        score, key = way.after.score, np.uint64(way.after.key)
        beyond = (scores < score) if way.down else (scores > score)
        level = (keys <= key) if way.down else (keys >= key)
        candidates = candidates[beyond | ((scores == score) & level)]
    order = candidates[np.lexsort((keys[candidates], scores[candidates]))]
    order = order[::-1] if way.down else order
    # The start itself and its ties come first and may all be left out again.
    end = way.want
    if way.after is not None:
        end += int(((scores[order] == way.after.score) & (keys[order] == np.uint64(way.after.key))).sum())
    if end < len(order):
        last = order[end - 1]
        while end < len(order) and scores[order[end]] == scores[last] and keys[order[end]] == keys[last]:
            end += 1
    return [int(i) for i in order[:end]]
