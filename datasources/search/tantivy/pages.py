"""Pages of the embedded index, in exact order including ties."""

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
"""Clauses per query: each scores its own power of two, so a 32-bit float score is a bit mask of the matching clauses."""


class Row(NamedTuple):
    """A row of a page; tuples compare in the order of the hits."""

    score: float
    key: int
    id: str
    owner: str

    def hit(self) -> Hit:
        """The row as a hit."""
        return Hit(PhotoKey(self.owner, self.id), Position(self.score, self.key, self.id))


class RowIdentities:
    """Reads the owner and id of rows from numeric columns."""

    def __init__(self, searcher: tantivy.Searcher, scope: Scope) -> None:
        self._searcher = searcher
        self._owners = {owner_number(owner): owner for owner in scope.owners}

    def of(self, rows: Sequence[tuple[float, int, tantivy.DocAddress]]) -> list[Row]:
        """Rows with owner and id, in order."""
        addresses = [address for _, _, address in rows]
        highs, lows = (self._searcher.fast_field_values(name, addresses) for name in (ID_HIGH, ID_LOW))
        if len(self._owners) == 1:
            owners = [*self._owners.values()] * len(rows)
        else:
            owners = [self._owners[n] for n in self._searcher.fast_field_values(OWNER_NUMBER, addresses)]
        identified = zip(rows, highs, lows, owners, strict=True)
        return [Row(score, key, f"{high:016x}{low:016x}", owner) for (score, key, _), high, low, owner in identified]


def ids_of(searcher: tantivy.Searcher, query: tantivy.Query) -> np.ndarray:
    """The ids of all rows of a query, as 16 bytes each, unordered."""
    count = searcher.search(query, limit=1).count
    rows = [address for _, address in searcher.search(query, limit=max(count, 1), count=False).hits]
    halves = np.empty((len(rows), 2), dtype=">u8")
    for at, name in enumerate((ID_HIGH, ID_LOW)):
        halves[:, at] = searcher.fast_field_values(name, rows)
    return halves.view("S16").ravel()


@dataclass(frozen=True, slots=True)
class PageWindow:
    """The direction, start and size of a page."""

    descending: bool
    after: Position | None
    limit: int

    @classmethod
    def of(cls, request: SearchRequest) -> PageWindow:
        """The window of a request, with one extra row to detect a next page."""
        down = request.order in {Order.TAKEN_DESC, Order.ADDED_DESC, Order.RELEVANCE}
        return cls(down is not request.backwards, request.after, request.limit + 1)

    def first(self, rows: Sequence[Row]) -> list[Row]:
        """The first `limit` of these rows after the start, in order."""
        after = self.after
        if after is not None:
            start = (after.score, after.key, after.id)
            rows = [r for r in rows if (r[:3] < start if self.descending else r[:3] > start)]
        return sorted(rows, key=lambda r: r[:3], reverse=self.descending)[: self.limit]


class Pages:
    """Reads pages of bound requests."""

    def __init__(self, searcher: tantivy.Searcher, compiler: Compiler, names: RowIdentities) -> None:
        self._searcher = searcher
        self._compiler = compiler
        self._names = names

    def page(self, bound: ScopedQuery, request: SearchRequest) -> tuple[Sequence[Hit], bool]:
        """The hits of the page, and whether there are more."""
        if request.limit <= 0:
            return (), False
        window = PageWindow.of(request)
        text = bound.text if request.order is Order.RELEVANCE else None
        if text is not None and (text.boosts or 0 <= text.required < len(text.clauses)):
            rows = self._ranked(bound, text, window)
        else:
            score = fixed_point.score(sum(fixed_point.units(text.clauses))) if text and text.required else 0.0
            rows = [row for part in bound.parts for row in self._sorted(bound, part, window, score)]
        found = [row.hit() for row in PageWindow(window.descending, None, window.limit).first(rows)]
        return found[: request.limit], len(found) > request.limit

    def _sorted(self, bound: ScopedQuery, part: SortPartition, window: PageWindow, score: float) -> list[Row]:
        """The first rows of one partition, all with the same score; all rows with equal keys are read to order them by id."""
        after = window.after
        low, high = 0, MAX_U64
        if after is not None and after.score != score:
            if (score > after.score) is window.descending:
                return []
        elif after is not None:
            low, high = (0, after.key) if window.descending else (after.key, MAX_U64)
        query = self._compiler.inside(bound.condition, part.rows, text=bound.text)
        if (low, high) != (0, MAX_U64):
            query = every([query, self._compiler.between(part.key.value, low, high)])
        return self._first_rows(query, part, window, score)

    def _first_rows(self, query: tantivy.Query, part: SortPartition, window: PageWindow, score: float) -> list[Row]:
        order = tantivy.Order.Desc if window.descending else tantivy.Order.Asc
        limit = window.limit + 1
        while True:
            hits = self._searcher.search(query, limit, count=False, order_by_field=part.key.value, order=order).hits
            exhausted = len(hits) < limit
            last = None if exhausted else hits[-1][0]
            rows = window.first(self._names.of([(score, key, address) for key, address in hits if key != last]))
            if exhausted or len(rows) >= window.limit:
                return rows
            limit *= 4

    def _ranked(self, bound: ScopedQuery, text: TextQuery, window: PageWindow) -> list[Row]:
        """Score every match: the engine returns the matching clauses, and their weights are added here."""
        scores: list[float] = []
        keys: list[int] = []
        addresses: list[tantivy.DocAddress] = []
        weights = fixed_point.units(text.scored)
        for part in bound.parts:
            matched = self._clause_masks(self._compiler.inside(bound.condition, part.rows, text=text), text)
            masks = {mask for mask, _ in matched}
            known = {m: fixed_point.score(sum(w for i, w in enumerate(weights) if m >> i & 1)) for m in masks}
            scores += [known[mask] for mask, _ in matched]
            found = [address for _, address in matched]
            keys += self._searcher.fast_field_values(part.key.value, found)
            addresses += found
        chosen = _candidates(np.array(scores, dtype=np.float64), np.array(keys, dtype=np.uint64), window)
        return window.first(self._names.of([(scores[i], keys[i], addresses[i]) for i in chosen]))

    def _clause_masks(self, query: tantivy.Query, text: TextQuery) -> list[tuple[int, tantivy.DocAddress]]:
        """Every match, with a bit mask of the matching clauses."""
        found = self._searcher.search(query, limit=1).count
        if not found:
            return []
        clauses = [self._compiler.raw(c.condition) for c in text.scored]
        masks: dict[tuple[int, int], tuple[int, tantivy.DocAddress]] = {}
        for start in range(0, len(clauses), _BITS):
            bits = enumerate(clauses[start : start + _BITS])
            scoring = [(tantivy.Occur.Should, tantivy.Query.const_score_query(q, float(1 << i))) for i, q in bits]
            query_with_bits = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *scoring])
            hits = self._searcher.search(query_with_bits, limit=found, count=False).hits
            if len(clauses) <= _BITS:
                return [(int(sum_), address) for sum_, address in hits]
            for sum_, address in hits:
                key = address.segment_ord, address.doc
                masks[key] = masks.get(key, (0, address))[0] | int(sum_) << start, address
        return list(masks.values())


def _candidates(scores: np.ndarray, keys: np.ndarray, window: PageWindow) -> list[int]:
    """The rows that can be among the first `limit`, including all ties with the last one."""
    candidates = np.arange(len(scores))
    if window.after is not None:
        score, key = window.after.score, np.uint64(window.after.key)
        beyond = (scores < score) if window.descending else (scores > score)
        level = (keys <= key) if window.descending else (keys >= key)
        candidates = candidates[beyond | ((scores == score) & level)]
    order = candidates[np.lexsort((keys[candidates], scores[candidates]))]
    order = order[::-1] if window.descending else order
    # The start row and its ties come first and may all be excluded later.
    end = window.limit
    if window.after is not None:
        end += int(((scores[order] == window.after.score) & (keys[order] == np.uint64(window.after.key))).sum())
    if end < len(order):
        last = order[end - 1]
        while end < len(order) and scores[order[end]] == scores[last] and keys[order[end]] == keys[last]:
            end += 1
    return [int(i) for i in order[:end]]
