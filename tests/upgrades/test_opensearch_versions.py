"""An OpenSearch index of other versions is noticed by its mapping."""

from __future__ import annotations

from typing import Any

import pytest

from datasources.search.opensearch.indices import IndexShape, Indices
from datasources.search.opensearch.schema import mapping


class Cluster:
    """Answers requests for mappings."""

    def __init__(self, found: Any) -> None:
        self._found = found

    async def call(self, method: str, path: str) -> Any:
        assert (method, path) == ("GET", "/photos/_mapping")
        return self._found


OTHER = {"_meta": {"versions": {"documents": "0", "analysis": "0"}}}


@pytest.mark.parametrize(("mappings", "current"), [(mapping(), True), (OTHER, False), ({}, False), (None, True)])
async def test_the_versions_of_an_index_are_in_its_mapping(mappings: Any, current: bool) -> None:
    found = None if mappings is None else {"photos-000001": {"mappings": mappings}}
    indices = Indices(Cluster(found), "photos", IndexShape())  # type: ignore[arg-type]
    assert await indices.is_current("photos") is current
