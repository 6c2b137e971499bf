"""The engines of the `PhotoIndex` contract suite; add a new engine to `ENGINES`."""

from __future__ import annotations

import atexit
import json
import os
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from datasources.search.opensearch.index import OpenSearchIndex
from datasources.search.opensearch.indices import IndexShape, Indices
from datasources.search.opensearch.transport import Cluster
from datasources.search.port import PhotoIndex
from datasources.search.tantivy.index import TantivyIndex
from tests.servers import places_of

Engine = Callable[[], Awaitable[PhotoIndex]]

NAME = f"test-{os.getpid()}"
_made: set[str] = set()


def cluster(url: str | None = None, **changes: Any) -> Cluster:
    """The cluster of `make servers`, or of PHOTOS_OPENSEARCH_URL."""
    found = url or os.environ.get("PHOTOS_OPENSEARCH_URL") or places_of("opensearch").url("opensearch")
    return Cluster(found, **{"deadline_s": 60.0, **changes})


async def embedded() -> PhotoIndex:
    return TantivyIndex.open(None)


async def opensearch() -> PhotoIndex:
    """An empty index, created once per process and emptied after each test. Two shards, to distribute customers."""
    await emptied(NAME)
    return OpenSearchIndex.connect(cluster(), NAME)


async def emptied(name: str, shape: IndexShape = IndexShape(shards=2, replicas=0)) -> None:  # noqa: B008 - frozen
    """An empty index with this alias, deleted at the end of the process."""
    indices = Indices.connect(cluster(), name, shape)
    try:
        if name not in _made:
            _made.add(name)
            atexit.register(dropped, name)
            await indices.prepare()
        else:
            everything: Any = {"query": {"match_all": {}}}
            await indices._transport.call("POST", f"/{name}/_refresh")
            await indices._transport.call("POST", f"/{name}/_delete_by_query", everything, refresh="true", conflicts="proceed")
    finally:
        await indices.close()


def dropped(name: str) -> None:
    """Delete all indices of an alias from the cluster."""
    url = cluster().url
    with urllib.request.urlopen(f"{url}/_cat/indices/{name}-0*?format=json&h=index") as response:
        paths = [f"/{row['index']}" for row in json.load(response)]
    for path in (*paths, f"/_index_template/{name}"):
        urllib.request.urlopen(urllib.request.Request(url + path, method="DELETE")).close()


ENGINES = [
    pytest.param(embedded, id="tantivy"),
    pytest.param(opensearch, id="opensearch", marks=pytest.mark.servers),
]


@asynccontextmanager
async def opened(engine: Engine) -> AsyncIterator[PhotoIndex]:
    index = await engine()
    try:
        yield index
    finally:
        await index.close()
