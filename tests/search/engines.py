"""The engines that keep the promise of `PhotoIndex`; a new one is one more line."""

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
from datasources.search.opensearch.indices import Indices, Shape
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
    """An empty index: made once in this process, emptied afterwards. Two shards, so that customers lie in different ones."""
    await emptied(NAME)
    return OpenSearchIndex.connect(cluster(), NAME)


async def emptied(name: str, shape: Shape = Shape(shards=2, replicas=0)) -> None:  # noqa: B008 - frozen
    """An index behind this name, without documents; gone when the process ends."""
    indices = Indices.connect(cluster(), name, shape)
    try:
        if name not in _made:
            _made.add(name)
            atexit.register(dropped, name)
            await indices.prepare()
        else:
            everything: Any = {"query": {"match_all": {}}}
            await indices._wire.call("POST", f"/{name}/_refresh")
            await indices._wire.call("POST", f"/{name}/_delete_by_query", everything, refresh="true", conflicts="proceed")
    finally:
        await indices.close()


def dropped(name: str) -> None:
    """Nothing of a name stays in the cluster."""
    url = cluster().url
    with urllib.request.urlopen(f"{url}/_cat/indices/{name}-0*?format=json&h=index") as told:
        paths = [f"/{row['index']}" for row in json.load(told)]
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
