"""Accumulates the counts of one facet from its partitions, the same for every engine."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from datasources.photo_key import PhotoKey
from datasources.search.port import MAX_BUCKETS, Bucket, FacetCounts


class Latest(NamedTuple):
    """The newest photo of a bucket; tuples compare by sort key, then by id."""

    key: int
    id: str
    owner: str


class FacetAccumulator:
    """The counts of one facet so far."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.latest: dict[str, Latest] = {}
        self.missing = 0
        self.truncated = False

    def add(self, value: float | str, count: int, latest: Latest | None) -> None:
        """Add a bucket of one partition."""
        text = value if isinstance(value, str) else str(int(value)) if float(value).is_integer() else repr(value)
        self.counts[text] += count
        if latest is not None:
            self.latest[text] = max(latest, self.latest.get(text, latest))

    def result(self) -> FacetCounts:
        """The facet as the port returns it."""
        order = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        buckets = [self._bucket(value, count) for value, count in order[:MAX_BUCKETS]]
        return FacetCounts(buckets, self.missing, self.truncated or len(order) > MAX_BUCKETS)

    def _bucket(self, value: str, count: int) -> Bucket:
        if value not in self.latest:
            return Bucket(value, count)
        newest = self.latest[value]
        return Bucket(value, count, PhotoKey(newest.owner, newest.id), newest.key)
