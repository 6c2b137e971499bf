"""Photo vectors of the embedded engine: stored per customer in one SQLite file, searched exactly by brute force.

Writes are visible after `commit`. Vectors have length 1, so a dot product is the cosine.
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
from datasources.search.unit_vectors import unit_vector

_CACHE_BYTES = 512_000_000
"""Size of the LRU cache of vectors in memory; 100,000 vectors of 384 dimensions take 154 MB."""
_SCHEMA = """create table if not exists vectors (
  owner text, model text, id blob, vector blob, primary key (owner, id)) without rowid;
create index if not exists by_model on vectors (owner, model);"""


@dataclass(frozen=True, slots=True)
class OwnerVectors:
    """The vectors of one customer and model; `ids` are 16 bytes each and sorted, `rows` in the same order."""

    ids: NDArray[np.bytes_]
    rows: NDArray[np.float32]

    def most_similar(
        self, vector: NDArray[np.float32], k: int, among: NDArray[np.bytes_] | None
    ) -> tuple[list[str], list[float]]:
        """Ids and cosines of the most similar vectors, unordered; `among`: only these ids.

        Returns more than k if several tie with the last one, so that the caller can break ties by id.
        """
        at = np.arange(len(self.ids)) if among is None else self._rows_of(among)
        if not len(at) or self.rows.shape[1] != len(vector):
            return [], []
        similarities = (self.rows if among is None else self.rows[at]) @ vector
        if len(similarities) > k:
            least = np.partition(similarities, len(similarities) - k)[len(similarities) - k]
            best = np.flatnonzero(similarities >= least)
            at, similarities = at[best], similarities[best]
        return [i.ljust(16, b"\0").hex() for i in self.ids[at].tolist()], similarities.tolist()

    def _rows_of(self, ids: NDArray[np.bytes_]) -> NDArray[np.intp]:
        if not len(self.ids):
            return np.zeros(0, dtype=np.intp)
        rows = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.unique(rows[self.ids[rows] == ids])


class VectorStore:
    """The vectors of all customers. Written from one thread, read from several."""

    def __init__(self, file: Path | None) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:" if file is None else file, check_same_thread=False)
        # `secure_delete`: an erased customer's vectors must not remain in free pages.
        self._database.executescript(f"pragma journal_mode = wal; pragma secure_delete = on; {_SCHEMA}")
        self._pending: dict[PhotoKey, tuple[str, bytes] | None] = {}
        self._cache: OrderedDict[tuple[str, str], OwnerVectors] = OrderedDict()

    def write(self, entries: Iterable[PhotoDocument | Removal]) -> None:
        """Set or remove the vectors of these photos."""
        for entry in entries:
            embedding = entry.embedding if isinstance(entry, PhotoDocument) else None
            found = unit_vector(embedding)
            self._pending[entry.key] = (
                None if embedding is None or found is None else (embedding.model, found.astype("<f4").tobytes())
            )

    def commit(self) -> None:
        """Make the writes durable and visible."""
        deleted = [(k.owner, bytes.fromhex(k.id)) for k in self._pending]
        inserted = [(k.owner, v[0], bytes.fromhex(k.id), v[1]) for k, v in self._pending.items() if v is not None]
        with self._lock, self._database:
            self._database.executemany("delete from vectors where owner = ? and id = ?", deleted)
            self._database.executemany("insert into vectors values (?, ?, ?, ?)", inserted)
            self._evict({owner for owner, _ in deleted})
        self._pending.clear()

    def erase(self, owner: str) -> None:
        """Remove all vectors of a customer, also from the bytes of the file."""
        self._pending = {key: value for key, value in self._pending.items() if key.owner != owner}
        with self._lock:
            with self._database:
                self._database.execute("delete from vectors where owner = ?", (owner,))
            self._database.execute("pragma wal_checkpoint(truncate)")
            self._evict({owner})

    def rewrite(self) -> None:
        """Rewrite the file, because rows that moved within it leave copies in unused space."""
        with self._lock:
            self._database.execute("vacuum")
            self._database.execute("pragma wal_checkpoint(truncate)")

    def of_owner(self, owner: str, model: str) -> OwnerVectors:
        """The vectors of a customer and model, from the cache or the file."""
        with self._lock:
            found = self._cache.pop((owner, model), None) or self._load(owner, model)
            self._cache[owner, model] = found
            while len(self._cache) > 1 and sum(s.rows.nbytes for s in self._cache.values()) > _CACHE_BYTES:
                self._cache.popitem(last=False)
            return found

    def close(self) -> None:
        """Close the file; uncommitted writes are lost."""
        self._database.close()

    def _load(self, owner: str, model: str) -> OwnerVectors:
        statement = "select id, vector from vectors where owner = ? and model = ? order by id"
        found = self._database.execute(statement, (owner, model)).fetchall()
        # All vectors of a model should have one size; if not, use the most common size.
        sizes: Sequence[int] = [len(vector) for _, vector in found]
        size = max(set(sizes), key=sizes.count, default=0)
        rows_of_size = [(i, vector) for i, vector in found if len(vector) == size]
        rows = np.frombuffer(b"".join(v for _, v in rows_of_size), dtype="<f4").reshape(
            len(rows_of_size), -1 if rows_of_size else 0
        )
        return OwnerVectors(np.array([i for i, _ in rows_of_size], dtype="S16"), rows)

    def _evict(self, owners: set[str]) -> None:
        for key in [p for p in self._cache if p[0] in owners]:
            del self._cache[key]
