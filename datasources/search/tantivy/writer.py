"""The writer of an embedded index: newer versions win, removals are tombstones, and commits make writes durable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tantivy

from datasources.errors import Unavailable
from datasources.photo_key import PhotoKey
from datasources.search.port import IndexBusy, PhotoDocument, Removal
from datasources.search.tantivy.schema import HOLDER, ID, ID_HIGH, ID_LOW, OWNER_NUMBER, VERSION, id_text, owner_number, row
from datasources.search.vectors import VectorStore

_HEAP = 64_000_000
_LOCKED = "LockBusy"


class Writer:
    """Must be used from one thread only."""

    def __init__(self, index: tantivy.Index, schema: tantivy.Schema, vectors: VectorStore) -> None:
        self._index = index
        self._vectors = vectors
        self._schema = schema
        self._pending: dict[PhotoKey, int] = {}
        self._broken = False
        try:
            self._writer = index.writer(heap_size=_HEAP, num_threads=1)
        except ValueError as error:
            if _LOCKED in str(error):
                raise IndexBusy from error
            raise

    def write(self, entries: Sequence[PhotoDocument | Removal]) -> None:
        """Write entries that are newer than the index; the newest one if a photo occurs twice."""
        self._require_working()
        newest: dict[PhotoKey, PhotoDocument | Removal] = {}
        for entry in entries:
            present = newest.get(entry.key)
            if present is None or entry.version > present.version:
                newest[entry.key] = entry
        indexed = self._versions(newest)
        self._put([entry for key, entry in newest.items() if entry.version > indexed.get(key, -1)], indexed)

    def rewrite(self, entries: Sequence[PhotoDocument | Removal]) -> None:
        """Rewrite entries at the indexed versions, so that the segments that contain them can be dropped."""
        self._require_working()
        present = self._versions({entry.key: None for entry in entries})
        self._put([entry for entry in entries if entry.version >= present.get(entry.key, -1)], present)

    def remove_deleted(self) -> None:
        """Delete empty segments from the disk, and unused space from the file of vectors."""
        self.refresh()
        self._writer.garbage_collect_files()
        self._vectors.rewrite()

    def _put(self, entries: Sequence[PhotoDocument | Removal], present: Mapping[PhotoKey, int]) -> None:
        rows = [row(entry) for entry in entries]
        try:
            for entry, columns in zip(entries, rows, strict=True):
                if entry.key in present:
                    self._writer.delete_documents_by_term(ID, columns[ID])
                self._writer.add_document(tantivy.Document.from_dict(columns, self._schema))
                self._pending[entry.key] = entry.version
        except ValueError as error:
            self._fail(error)
        self._vectors.write(entries)

    def refresh(self) -> None:
        """Make all writes durable and visible to new searchers."""
        self._require_working()
        # Vectors first: after a crash in between, the uncommitted entries are written again together with their vectors.
        self._vectors.commit()
        try:
            self._writer.commit()
            self._index.reload()
        except ValueError as error:
            self._fail(error)
        self._pending.clear()

    def erase(self, owner: str) -> None:
        """Remove everything of one customer, including tombstones."""
        self._require_working()
        self._vectors.erase(owner)
        self._writer.delete_documents_by_term(HOLDER, owner)
        self.refresh()

    def close(self) -> None:
        """Release the lock; writes since the last refresh are lost."""
        self._writer.rollback()
        self._writer.wait_merging_threads()
        self._vectors.close()

    def _versions(self, keys: Mapping[PhotoKey, object]) -> dict[PhotoKey, int]:
        """The indexed versions of these photos: committed ones by a single search, then pending ones."""
        searcher = self._index.searcher()
        terms = tantivy.Query.term_set_query(self._schema, ID, [id_text(key) for key in keys])
        hits = searcher.search(tantivy.Query.const_score_query(terms, 0.0), limit=max(len(keys), 1), count=False).hits
        rows = [address for _, address in hits]
        owners = {owner_number(owner): owner for owner in {key.owner for key in keys}}
        columns = (searcher.fast_field_values(name, rows) for name in (OWNER_NUMBER, ID_HIGH, ID_LOW, VERSION))
        found = {
            PhotoKey(owners[owner], f"{high:016x}{low:016x}"): version for owner, high, low, version in zip(*columns, strict=True)
        }
        return found | {key: self._pending[key] for key in keys if key in self._pending}

    def _require_working(self) -> None:
        if self._broken:
            raise Unavailable("search", "an earlier write failed; restart the process to index again")

    def _fail(self, error: ValueError) -> None:
        self._broken = True
        raise Unavailable("search", "writing to the index failed") from error
