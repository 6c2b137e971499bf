"""Facets in OpenSearch: filter aggregations in the request of the page, one filter for all facets over the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datasources.search.conditions import Condition, Nothing
from datasources.search.facet_counts import FacetAccumulator, Latest
from datasources.search.opensearch.query import every, query
from datasources.search.opensearch.schema import key_of, position_of
from datasources.search.port import MAX_BUCKETS, FacetCounts
from datasources.search.row_security import BoundFacet, FacetPartition

_Slice = tuple[int, BoundFacet, FacetPartition]
"""The index of a facet in the request, the facet, and one of its partitions."""


class FacetPlan:
    """Builds the aggregations of bound facets and reads their results."""

    def __init__(self, facets: Sequence[BoundFacet]) -> None:
        self._facets = facets
        by_rows: dict[tuple[Condition, Condition], list[_Slice]] = {}
        for index, facet in enumerate(facets):
            for rows in facet.slices:
                by_rows.setdefault((facet.condition, rows.rows), []).append((index, facet, rows))
        self._groups = list(by_rows.items())

    def aggregations(self) -> dict[str, Any]:
        """The aggregations, for a query that matches the rows of all facets."""
        aggregations: dict[str, Any] = {}
        for number, (conditions, slices) in enumerate(self._groups):
            counted = {f"{at}": _terms(facet, rows) for at, (_, facet, rows) in enumerate(slices)}
            valueless = {f"{at}-": {"missing": {"field": facet.field.label}} for at, (_, facet, _) in enumerate(slices)}
            aggregations[f"group{number}"] = {"filter": every(list(map(query, conditions))), "aggs": counted | valueless}
        for index, facet in enumerate(self._facets):
            if not isinstance(facet.unreadable, Nothing):
                aggregations[f"unread{index}"] = {"filter": every([query(facet.condition), query(facet.unreadable)])}
        return aggregations

    def read(self, response: Mapping[str, Any]) -> Sequence[FacetCounts]:
        """The counts of every facet, in order."""
        accumulators = [FacetAccumulator() for _ in self._facets]
        for number, (_, slices) in enumerate(self._groups):
            group = response[f"group{number}"]
            for at, (index, _, _) in enumerate(slices):
                self._add(accumulators[index], group[f"{at}"])
                accumulators[index].missing += group[f"{at}-"]["doc_count"]
        for index, facet in enumerate(self._facets):
            if not isinstance(facet.unreadable, Nothing):
                accumulators[index].missing += response[f"unread{index}"]["doc_count"]
        return [accumulator.result() for accumulator in accumulators]

    def _add(self, accumulator: FacetAccumulator, counted: Mapping[str, Any]) -> None:
        accumulator.truncated = accumulator.truncated or bool(counted["sum_other_doc_count"])
        for bucket in counted["buckets"]:
            accumulator.add(bucket["key"], bucket["doc_count"], _latest(bucket))


def _latest(bucket: Mapping[str, Any]) -> Latest | None:
    if "newest" not in bucket:
        return None
    (hit,) = bucket["newest"]["hits"]["hits"]
    index = position_of(hit["sort"][0])
    return Latest(index.key, index.id, key_of(hit["_id"]).owner)


def _terms(facet: BoundFacet, rows: FacetPartition) -> dict[str, Any]:
    # One extra bucket shows that there are more. `shard_size` is the same: the photos of a customer are in one shard, so
    # the counts are exact.
    size = MAX_BUCKETS + 1
    order = [{"_count": "desc"}, {"_key": "asc"}]
    terms: dict[str, Any] = {"field": facet.field.label, "size": size, "shard_size": size, "order": order}
    if rows.values is not None:
        terms["include"] = sorted(rows.values)
    aggregation: dict[str, Any] = {"terms": terms}
    if facet.covers:
        newest = {"size": 1, "sort": [{rows.newest.value: "desc"}], "_source": False}
        aggregation["aggs"] = {"newest": {"top_hits": newest}}
    return aggregation
