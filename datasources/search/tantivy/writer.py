"""The one writer of an embedded index: newer versions win, removals are remembered, commits make durable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tantivy

from datasources.errors import Unavailable
from datasources.photo_key import PhotoKey
from datasources.search.port import IndexBusy, PhotoDocument, Removal
from datasources.search.tantivy.schema import HOLDER, ID, ID_HIGH, ID_LOW, OWNER_NUMBER, VERSION, id_text, owner_number, row
from datasources.search.vectors import Vectors

_HEAP = 64_000_000
_LOCKED = "LockBusy"


class Writer:
    """Used from one thread only."""

    def __init__(self, index: tantivy.Index, schema: tantivy.Schema, vectors: Vectors) -> None:
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
        """Puts in what is newer than what is there; of a photo that comes twice, the newest."""
        self._alive()
        newest: dict[PhotoKey, PhotoDocument | Removal] = {}
        for entry in entries:
            known = newest.get(entry.key)
            if known is None or entry.version > known.version:
                newest[entry.key] = entry
        present = self._versions(newest)
        self._put([entry for key, entry in newest.items() if entry.version > present.get(key, -1)], present)

    def renew(self, entries: Sequence[PhotoDocument | Removal]) -> None:
        """Writes anew what is there at these versions, so that where it lay can be dropped."""
        self._alive()
        present = self._versions({entry.key: None for entry in entries})
        self._put([entry for entry in entries if entry.version >= present.get(entry.key, -1)], present)

    def dropped(self) -> None:
        """Segments in which nothing is left are gone from the disk, and what lay in gaps of the file of vectors."""
        self.refresh()
        self._writer.garbage_collect_files()
        self._vectors.rewrite()

    def _put(self, fresh: Sequence[PhotoDocument | Removal], present: Mapping[PhotoKey, int]) -> None:
        rows = [row(entry) for entry in fresh]
        try:
            for entry, columns in zip(fresh, rows, strict=True):
                if entry.key in present:
                    self._writer.delete_documents_by_term(ID, columns[ID])
                self._writer.add_document(tantivy.Document.from_dict(columns, self._schema))
                self._pending[entry.key] = entry.version
        except ValueError as error:
            self._fail(error)
        self._vectors.write(fresh)

    def refresh(self) -> None:
        """Everything written is on disk, and searchers made from now on see it."""
        self._alive()
        # Vectors first: killed in between, what was not committed here is written again, and they with it.
        self._vectors.commit()
        try:
            self._writer.commit()
            self._index.reload()
        except ValueError as error:
            self._fail(error)
        self._pending.clear()

    def erase(self, owner: str) -> None:
        """Nothing of one customer is left, not even the marks of removals."""
        self._alive()
        self._vectors.erase(owner)
        self._writer.delete_documents_by_term(HOLDER, owner)
        self.refresh()

    def close(self) -> None:
        """Lets go of the lock; what was not refreshed is gone."""
        self._writer.rollback()
        self._writer.wait_merging_threads()
        self._vectors.close()

    def _versions(self, keys: Mapping[PhotoKey, object]) -> dict[PhotoKey, int]:
        """What the index has of these photos: one look at what is committed, then what is not yet."""
        searcher = self._index.searcher()
        asked = tantivy.Query.term_set_query(self._schema, ID, [id_text(key) for key in keys])
        hits = searcher.search(tantivy.Query.const_score_query(asked, 0.0), limit=max(len(keys), 1), count=False).hits
        rows = [address for _, address in hits]
        owners = {owner_number(owner): owner for owner in {key.owner for key in keys}}
        columns = (searcher.fast_field_values(name, rows) for name in (OWNER_NUMBER, ID_HIGH, ID_LOW, VERSION))
        found = {
            PhotoKey(owners[owner], f"{high:016x}{low:016x}"): version for owner, high, low, version in zip(*columns, strict=True)
        }
        return found | {key: self._pending[key] for key in keys if key in self._pending}

    def _alive(self) -> None:
        if self._broken:
            raise Unavailable("search", "the index failed to write; open it again and write what was not refreshed")

    def _fail(self, error: ValueError) -> None:
        self._broken = True
        raise Unavailable("search", "the index failed to write") from error
