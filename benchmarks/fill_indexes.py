"""Fills the indexes that `benchmarks.stack` compares. An interrupted fill is resumed."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.search import CUSTOMER, random_document
from datasources.search.port import Embedding, PhotoDocument, PhotoIndex

SHARE = 10
"""Every tenth photo belongs to the customer."""
VECTOR = 384
_MODEL = "bench"
_BATCH = 1_000
_CONCURRENT_BATCHES = 2
"""Batches that are written concurrently."""
_PRINT_EVERY = 20_000
_SAVE_EVERY = 100_000


def documents(size: int) -> Iterator[PhotoDocument]:
    """Photos, a tenth of which belong to the customer and have clustered vectors. They are determined by the size."""
    rng, numbers = random.Random(size), np.random.default_rng(size)
    centers = numbers.standard_normal((64, VECTOR))
    for number in range(size):
        if number % SHARE:
            yield random_document(f"other{number // 2_500}", rng)
            continue
        vector = centers[rng.randrange(64)] + 0.5 * numbers.standard_normal(VECTOR)
        yield msgspec.structs.replace(random_document(CUSTOMER, rng), embedding=Embedding(_MODEL, tuple(map(float, vector))))


def print_status(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class FillCheckpoints:
    """Stores in a file how many photos each index has durably. Later photos are written again after an interruption."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._counts: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}

    def count(self, index: str) -> int:
        return self._counts.get(index, 0)

    def save(self, index: str, count: int) -> None:
        self._counts[index] = count
        self._file.write_text(json.dumps(self._counts))


async def fill(name: str, index: PhotoIndex, size: int, checkpoints: FillCheckpoints) -> None:
    """Writes all photos and prints the progress. Writing a document again has no effect, because documents have versions."""
    start_s, first = time.perf_counter(), checkpoints.count(name)
    pending = documents(size)
    written = sum(1 for _ in islice(pending, first))
    while chunk := list(islice(pending, _BATCH * _CONCURRENT_BATCHES)):
        await asyncio.gather(*(index.write(chunk[at : at + _BATCH]) for at in range(0, len(chunk), _BATCH)))
        written += len(chunk)
        if written % _SAVE_EVERY == 0 or written == size:
            await index.refresh()
            checkpoints.save(name, written)
        if written % _PRINT_EVERY == 0 or written == size:
            print_status(
                f"  {name}: {written:,} of {size:,} photos, {(written - first) / (time.perf_counter() - start_s):,.0f} per second"
            )
