"""Vectors of photos, kept by customer in one file, and compared one by one: exact, for the engine in this process.

What is written waits until `commit`, so that nobody sees half of it. Vectors have length one, so a product is a cosine.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasources.photo_key import PhotoKey
from datasources.search.port import PhotoDocument, Removal
from datasources.search.unit_vectors import direction

_MOST_BYTES = 512_000_000
"""Of vectors kept in memory, the least used going first; 100,000 of 384 numbers are 154 MB."""
_SHELF = """create table if not exists vectors (
  owner text, model text, id blob, vector blob, primary key (owner, id)) without rowid;
create index if not exists by_model on vectors (owner, model);"""


@dataclass(frozen=True, slots=True)
class OwnerVectors:
    """The vectors of one customer and model: row by row an id of 16 bytes, in order, and a vector."""

    ids: NDArray[np.bytes_]
    rows: NDArray[np.float32]

    def like(self, wanted: NDArray[np.float32], k: int, among: NDArray[np.bytes_] | None) -> tuple[list[str], list[float]]:
        """The ids of the most alike and how alike they are, at most k, in no order; `among`: only these ids."""
        at = np.arange(len(self.ids)) if among is None else self._places(among)
        if not len(at) or self.rows.shape[1] != len(wanted):
            return [], []
        alike = (self.rows if among is None else self.rows[at]) @ wanted
        if len(alike) > k:
            # All that tie with the last of them stay: the id decides, not where a row lies.
            least = np.partition(alike, len(alike) - k)[len(alike) - k]
            kept = np.flatnonzero(alike >= least)
            at, alike = at[kept], alike[kept]
        return [i.ljust(16, b"\0").hex() for i in self.ids[at].tolist()], alike.tolist()

    def _places(self, among: NDArray[np.bytes_]) -> NDArray[np.intp]:
        if not len(self.ids):
            return np.zeros(0, dtype=np.intp)
        places = np.minimum(np.searchsorted(self.ids, among), len(self.ids) - 1)
        return np.unique(places[self.ids[places] == among])


class Vectors:
    """All shelves. Written from one thread, read from several."""

    def __init__(self, file: Path | None) -> None:
        self._lock = threading.Lock()
        self._base = sqlite3.connect(":memory:" if file is None else file, check_same_thread=False)
        # What an erased customer leaves in free pages must be gone too.
        self._base.executescript(f"pragma journal_mode = wal; pragma secure_delete = on; {_SHELF}")
        self._pending: dict[PhotoKey, tuple[str, bytes] | None] = {}
        self._shelves: OrderedDict[tuple[str, str], OwnerVectors] = OrderedDict()

    def write(self, entries: Iterable[PhotoDocument | Removal]) -> None:
        """What these photos have now: a vector or none."""
        for entry in entries:
            embedding = entry.embedding if isinstance(entry, PhotoDocument) else None
            found = direction(embedding)
            self._pending[entry.key] = (
                None if embedding is None or found is None else (embedding.model, found.astype("<f4").tobytes())
            )

    def commit(self) -> None:
        """What was written is durable and found."""
        gone = [(k.owner, bytes.fromhex(k.id)) for k in self._pending]
        come = [(k.owner, v[0], bytes.fromhex(k.id), v[1]) for k, v in self._pending.items() if v is not None]
        with self._lock, self._base:
            self._base.executemany("delete from vectors where owner = ? and id = ?", gone)
            self._base.executemany("insert into vectors values (?, ?, ?, ?)", come)
            self._forget({owner for owner, _ in gone})
        self._pending.clear()

    def erase(self, owner: str) -> None:
        """Nothing of a customer is left, in the file either."""
        self._pending = {key: value for key, value in self._pending.items() if key.owner != owner}
        with self._lock:
            with self._base:
                self._base.execute("delete from vectors where owner = ?", (owner,))
            self._base.execute("pragma wal_checkpoint(truncate)")
            self._forget({owner})

    def rewrite(self) -> None:
        """The file anew: what moved within it leaves images in its gaps."""
        with self._lock:
            self._base.execute("vacuum")
            self._base.execute("pragma wal_checkpoint(truncate)")

    def shelf(self, owner: str, model: str) -> OwnerVectors:
        """The vectors of a customer and model."""
        with self._lock:
            found = self._shelves.pop((owner, model), None) or self._loaded(owner, model)
            self._shelves[owner, model] = found
            while len(self._shelves) > 1 and sum(s.rows.nbytes for s in self._shelves.values()) > _MOST_BYTES:
                self._shelves.popitem(last=False)
            return found

    def close(self) -> None:
        """Lets go of the file; what was not committed is gone."""
        self._base.close()

    def _loaded(self, owner: str, model: str) -> OwnerVectors:
        asked = "select id, vector from vectors where owner = ? and model = ? order by id"
        found = self._base.execute(asked, (owner, model)).fetchall()
        # A model has one length; were there others, the commonest counts.
        sizes: Sequence[int] = [len(vector) for _, vector in found]
        size = max(set(sizes), key=sizes.count, default=0)
        kept = [(i, vector) for i, vector in found if len(vector) == size]
        rows = np.frombuffer(b"".join(v for _, v in kept), dtype="<f4").reshape(len(kept), -1 if kept else 0)
        return OwnerVectors(np.array([i for i, _ in kept], dtype="S16"), rows)

    def _forget(self, owners: set[str]) -> None:
        for place in [p for p in self._shelves if p[0] in owners]:
            del self._shelves[place]
