"""Measures the recall of the vector search of OpenSearch against exact results, by number of photos and filter.

    [VECTOR_SIZE=384] python -m benchmarks.vectors [1000 10000 100000]

It requires the servers of `make servers`.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from access.scope import Scope
from access.viewer import Viewer, ViewerKind
from datasources.photo_key import PhotoKey
from datasources.search.conditions import Between, Condition, Everything, Field
from datasources.search.opensearch.index import OpenSearchIndex
from datasources.search.opensearch.indices import IndexShape, Indices
from datasources.search.opensearch.transport import Cluster
from datasources.search.port import Embedding, PhotoDocument, PhotoIndex
from datasources.search.tantivy.index import TantivyIndex
from deploy.servers.addresses import Places

SIZE = int(os.environ.get("VECTOR_SIZE", "384"))
K, REQUESTS, MODEL = 50, 30, "bench"
FILTERS: dict[str, Condition] = {
    "all": Everything(),
    "50 %": Between(Field.RATING, 0, 49),
    "10 %": Between(Field.RATING, 0, 9),
    "1 %": Between(Field.RATING, 0, 0),
}


def clustered(count: int, seed: int) -> np.ndarray:
    """Clustered vectors like those of pictures: random scenes, and photos near each."""
    random = np.random.default_rng(seed)
    scenes = random.normal(size=(max(20, count // 50), SIZE))
    return scenes[random.integers(0, len(scenes), count)] + random.normal(size=(count, SIZE)) * 0.35


def scope_of(owner: str) -> Scope:
    return Scope(Viewer(ViewerKind.CUSTOMER, owner, owner), owner)


async def loaded(index: PhotoIndex, owner: str, vectors: np.ndarray) -> float:
    start_s = time.perf_counter()
    for at in range(0, len(vectors), 1_000):
        rows = vectors[at : at + 1_000]
        await index.write([_document(owner, at + n, row) for n, row in enumerate(rows)])
    await index.refresh()
    return time.perf_counter() - start_s


def _document(owner: str, n: int, row: np.ndarray) -> PhotoDocument:
    key = PhotoKey(owner, f"{n * 2_654_435_761 % (1 << 64):016x}{n:016x}")
    return PhotoDocument(
        key=key, version=1, state="ACTIVE", media_type="PHOTO", added_at_ms=n, rating=n * 37 % 100,
        embedding=Embedding(MODEL, tuple(row.tolist())),
    )  # fmt: skip


async def search(
    index: PhotoIndex, owner: str, vectors: Sequence[Embedding], condition: Condition
) -> tuple[list[set[str]], float]:
    """The ids of the results of each request, and the median milliseconds."""
    found, times = [], []
    for vector in vectors:
        start_s = time.perf_counter()
        found.append({near.key.id for near in await index.nearest(scope_of(owner), vector, K, condition)})
        times.append((time.perf_counter() - start_s) * 1_000)
    return found, statistics.median(times)


async def main(cluster: Cluster, sizes: Sequence[int], folder: Path) -> float:
    """Prints the table and returns the lowest recall."""
    name = f"vectors-{os.getpid()}"
    indices = Indices.connect(cluster, name, IndexShape(replicas=0))
    await indices.prepare()
    exact, near = TantivyIndex.open(folder), OpenSearchIndex.connect(cluster, name)
    worst = 1.0
    try:
        for size in sizes:
            vectors, owner = clustered(size, size), f"owner{size}"
            times = [await loaded(index, owner, vectors) for index in (exact, near)]
            print(f"{size:>7,} photos: loaded in {times[0]:.1f} s (embedded), {times[1]:.1f} s (OpenSearch)", flush=True)
            numbers = np.random.default_rng(1).integers(0, size, REQUESTS)
            queries = [Embedding(MODEL, tuple((vectors[n] + 0.1).tolist())) for n in numbers]
            for filter_name, condition in FILTERS.items():
                expected, exact_ms = await search(exact, owner, queries, condition)
                found, near_ms = await search(near, owner, queries, condition)
                recall = sum(len(r & f) for r, f in zip(expected, found, strict=True)) / sum(map(len, expected))
                worst = min(worst, recall)
                print(
                    f"{size:>7,} photos, {filter_name:>5}: recall {recall:.4f} exact {exact_ms:.1f} ms HNSW {near_ms:.1f} ms",
                    flush=True,
                )
    finally:
        await exact.close()
        await near.close()
        await indices.delete_all()
        await indices.close()
    return worst


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(
            main(
                Cluster(Places.here().url("opensearch"), deadline_s=120.0),
                [int(a) for a in sys.argv[1:]] or [1_000, 10_000, 100_000],
                Path(scratch),
            )
        )
