"""Very many photos put into the indexes that `benchmarks.stack` compares; stopped, it goes on where it was."""

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

from benchmarks.search import CUSTOMER, made_document
from datasources.search.port import Embedding, PhotoDocument, PhotoIndex

SHARE = 10
"""Every tenth photo is the customer's."""
VECTOR = 384
_MODEL = "bench"
_BATCH = 1_000
_AT_ONCE = 2
"""Batches on their way: while the engine works on one, the next is made."""
_SAY_EVERY = 20_000
_NOTE_EVERY = 100_000


def documents(size: int) -> Iterator[PhotoDocument]:
    """A tenth of them the customer's, with vectors in clusters as pictures have them; the same for the same size."""
    chance, numbers = random.Random(size), np.random.default_rng(size)
    middles = numbers.standard_normal((64, VECTOR))
    for number in range(size):
        if number % SHARE:
            yield made_document(f"other{number // 2_500}", chance)
            continue
        vector = middles[chance.randrange(64)] + 0.5 * numbers.standard_normal(VECTOR)
        yield msgspec.structs.replace(made_document(CUSTOMER, chance), embedding=Embedding(_MODEL, tuple(map(float, vector))))


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Notes:
    """How many photos each index is known to keep, in a file; what was written after the last note is written again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}

    def kept(self, index: str) -> int:
        return self._kept.get(index, 0)

    def note(self, index: str, count: int) -> None:
        self._kept[index] = count
        self._file.write_text(json.dumps(self._kept))


async def filled(name: str, index: PhotoIndex, size: int, notes: Notes) -> None:
    """Every photo, with a word now and then about how far it is. Documents have versions: what comes twice is kept once."""
    begun, first = time.perf_counter(), notes.kept(name)
    pending = documents(size)
    written = sum(1 for _ in islice(pending, first))
    while load := list(islice(pending, _BATCH * _AT_ONCE)):
        await asyncio.gather(*(index.write(load[at : at + _BATCH]) for at in range(0, len(load), _BATCH)))
        written += len(load)
        if written % _NOTE_EVERY == 0 or written == size:
            await index.refresh()
            notes.note(name, written)
        if written % _SAY_EVERY == 0 or written == size:
            say(f"  {name}: {written:,} of {size:,} photos, {(written - first) / (time.perf_counter() - begun):,.0f} a second")
