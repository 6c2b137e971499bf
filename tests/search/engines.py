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

from datasources.search.opensearch import OpenSearchIndex
from datasources.search.opensearch_indices import Indices, Shape
from datasources.search.opensearch_wire import Cluster
from datasources.search.port import PhotoIndex
from datasources.search.tantivy import TantivyIndex

Engine = Callable[[], Awaitable[PhotoIndex]]

CLUSTER = Cluster(os.environ.get("OPENSEARCH_URL", "http://127.0.0.1:19200"), deadline_s=60.0)
"""The cluster of `make servers`."""
NAME = f"test-{os.getpid()}"
_made: set[str] = set()


async def embedded() -> PhotoIndex:
    return TantivyIndex.open(None)


async def opensearch() -> PhotoIndex:
    """An empty index: made once in this process, emptied afterwards. Two shards, so that customers lie in different ones."""
    await emptied(NAME)
    return OpenSearchIndex.connect(CLUSTER, NAME)


async def emptied(name: str) -> None:
    indices = Indices.connect(CLUSTER, name, Shape(shards=2, replicas=0))
    try:
        if name not in _made:
            _made.add(name)
            atexit.register(dropped, name)
            await indices.prepare()
        else:
            path = f"/{name}/_delete_by_query"
            everything: Any = {"query": {"match_all": {}}}
            await indices._wire.call("POST", f"/{name}/_refresh")
            await indices._wire.call("POST", path, everything, refresh="true", conflicts="proceed")
    finally:
        await indices.close()


def dropped(name: str) -> None:
    """Nothing of a name stays in the cluster."""
    with urllib.request.urlopen(f"{CLUSTER.url}/_cat/indices/{name}-0*?format=json&h=index") as told:
        paths = [f"/{row['index']}" for row in json.load(told)]
    for path in (*paths, f"/_index_template/{name}"):
        urllib.request.urlopen(urllib.request.Request(CLUSTER.url + path, method="DELETE")).close()


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
