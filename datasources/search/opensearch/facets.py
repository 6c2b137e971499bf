"""Counts of values in OpenSearch: filtered aggregations beside the page, one filter for all that count the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datasources.search.conditions import Condition, Nothing
from datasources.search.facet_counts import Latest, Tally
from datasources.search.opensearch.query import every, query
from datasources.search.opensearch.schema import key_of, place_of
from datasources.search.port import MAX_BUCKETS, FacetCounts
from datasources.search.row_security import BoundFacet, FacetPartition

_Asked = tuple[int, BoundFacet, FacetPartition]
"""A slice of a facet, and the facet's place in the question."""


class FacetPlan:
    """The aggregations of bound facets, and how they are read."""

    def __init__(self, facets: Sequence[BoundFacet]) -> None:
        self._facets = facets
        together: dict[tuple[Condition, Condition], list[_Asked]] = {}
        for place, facet in enumerate(facets):
            for rows in facet.slices:
                together.setdefault((facet.condition, rows.rows), []).append((place, facet, rows))
        self._groups = list(together.items())

    def asked(self) -> dict[str, Any]:
        """What to put beside a query for the rows that all facets share."""
        made: dict[str, Any] = {}
        for number, (conditions, asked) in enumerate(self._groups):
            counted = {f"{at}": _terms(facet, rows) for at, (_, facet, rows) in enumerate(asked)}
            valueless = {f"{at}-": {"missing": {"field": facet.field.label}} for at, (_, facet, _) in enumerate(asked)}
            made[f"group{number}"] = {"filter": every(list(map(query, conditions))), "aggs": counted | valueless}
        for place, facet in enumerate(self._facets):
            if not isinstance(facet.unreadable, Nothing):
                made[f"unread{place}"] = {"filter": every([query(facet.condition), query(facet.unreadable)])}
        return made

    def read(self, told: Mapping[str, Any]) -> Sequence[FacetCounts]:
        """Every facet, in order."""
        tallies = [Tally() for _ in self._facets]
        for number, (_, asked) in enumerate(self._groups):
            group = told[f"group{number}"]
            for at, (place, _, _) in enumerate(asked):
                self._add(tallies[place], group[f"{at}"])
                tallies[place].missing += group[f"{at}-"]["doc_count"]
        for place, facet in enumerate(self._facets):
            if not isinstance(facet.unreadable, Nothing):
                tallies[place].missing += told[f"unread{place}"]["doc_count"]
        return [tally.told() for tally in tallies]

    def _add(self, tally: Tally, counted: Mapping[str, Any]) -> None:
        tally.cut = tally.cut or bool(counted["sum_other_doc_count"])
        for bucket in counted["buckets"]:
            tally.add(bucket["key"], bucket["doc_count"], _latest(bucket))


def _latest(bucket: Mapping[str, Any]) -> Latest | None:
    if "newest" not in bucket:
        return None
    (hit,) = bucket["newest"]["hits"]["hits"]
    place = place_of(hit["sort"][0])
    return Latest(place.key, place.id, key_of(hit["_id"]).owner)


def _terms(facet: BoundFacet, rows: FacetPartition) -> dict[str, Any]:
    # One bucket more than is told says that there are more. Each shard gives as many: a customer lies in one shard, so
    # the counts are exact.
    size = MAX_BUCKETS + 1
    order = [{"_count": "desc"}, {"_key": "asc"}]
    terms: dict[str, Any] = {"field": facet.field.label, "size": size, "shard_size": size, "order": order}
    if rows.values is not None:
        terms["include"] = sorted(rows.values)
    asked: dict[str, Any] = {"terms": terms}
    if facet.covers:
        newest = {"size": 1, "sort": [{rows.newest.value: "desc"}], "_source": False}
        asked["aggs"] = {"newest": {"top_hits": newest}}
    return asked
