"""Counts of one facet as they come together from the slices of its rows: said once for every engine."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from datasources.photo_key import PhotoKey
from datasources.search.port import MAX_BUCKETS, Bucket, FacetCounts


class Latest(NamedTuple):
    """The newest photo of a bucket: sorts by its key, then by its id."""

    key: int
    id: str
    owner: str


class Tally:
    """What is known so far of one facet."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.latest: dict[str, Latest] = {}
        self.missing = 0
        self.cut = False

    def add(self, value: float | str, count: int, latest: Latest | None) -> None:
        """A bucket of one slice."""
        text = value if isinstance(value, str) else str(int(value)) if float(value).is_integer() else repr(value)
        self.counts[text] += count
        if latest is not None:
            self.latest[text] = max(latest, self.latest.get(text, latest))

    def told(self) -> FacetCounts:
        """As the port tells it."""
        order = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        buckets = [self._bucket(value, count) for value, count in order[:MAX_BUCKETS]]
        return FacetCounts(buckets, self.missing, self.cut or len(order) > MAX_BUCKETS)

    def _bucket(self, value: str, count: int) -> Bucket:
        if value not in self.latest:
            return Bucket(value, count)
        newest = self.latest[value]
        return Bucket(value, count, PhotoKey(newest.owner, newest.id), newest.key)
