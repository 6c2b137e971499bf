"""The embedded photo index: tantivy, in a folder or in memory. Only one process at a time can open a folder."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
import tantivy
from numpy.typing import NDArray
from typing_extensions import override

from access.scope import Scope
from datasources.errors import Corrupt, Unavailable
from datasources.photo_key import PhotoKey
from datasources.search.conditions import AnyOf, Condition, Everything, Field
from datasources.search.index_versions import store_versions
from datasources.search.port import (
    MAX_NEAREST,
    Embedding,
    FacetCounts,
    Order,
    PhotoDocument,
    PhotoIndex,
    Position,
    Removal,
    SearchRequest,
    SearchResult,
    SimilarPhoto,
)
from datasources.search.row_security import RowSecurityRewriter
from datasources.search.tantivy.facets import Facets
from datasources.search.tantivy.pages import Pages, RowIdentities, ids_of
from datasources.search.tantivy.query import Compiler, every
from datasources.search.tantivy.schema import ID, ID_HIGH, ID_LOW, OWNER_NUMBER, VERSION, id_text, schema
from datasources.search.tantivy.writer import Writer
from datasources.search.unit_vectors import unit_vector
from datasources.search.vectors import VectorStore

_T = TypeVar("_T")
_READERS = 2


class TantivyIndex(PhotoIndex):
    """Searches run in a few threads (tantivy releases the GIL), writes in one thread."""

    def __init__(self, index: tantivy.Index, columns: tantivy.Schema, vectors: Path | None) -> None:
        self._index = index
        self._schema = columns
        self._vectors = VectorStore(vectors)
        self._writer = Writer(index, columns, self._vectors)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="search")
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="search-writer")

    @classmethod
    def open(cls, folder: Path | None) -> Self:
        """The index in this folder, created if missing; None: in memory. Raises `IndexBusy` if another process has it open."""
        columns = schema()
        if folder is None:
            return cls(tantivy.Index(columns, sort_by_field=OWNER_NUMBER), columns, None)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = not (folder / "meta.json").exists()
        try:
            # Rows are sorted by owner in each segment, so that a search reads almost no rows of other customers.
            index = tantivy.Index(columns, path=str(folder), sort_by_field=OWNER_NUMBER)
        except ValueError as error:
            raise Corrupt("search", "the index is damaged or has another version: delete its folder and rebuild it") from error
        if is_new:
            store_versions(folder)
        return cls(index, columns, folder / "vectors.sqlite")

    @override
    async def search(self, scope: Scope, request: SearchRequest) -> SearchResult:
        return (await self.search_many(scope, (request,)))[0]

    @override
    async def search_many(self, scope: Scope, requests: Sequence[SearchRequest]) -> Sequence[SearchResult]:
        if scope.empty:
            return [_empty_result(request) for request in requests]
        return await self._read(lambda: self._search_all(scope, requests))

    @override
    async def document_frequencies(self, scope: Scope, conditions: Sequence[Condition]) -> tuple[int, Sequence[int]]:
        if scope.empty:
            return 0, [0] * len(conditions)
        return await self._read(lambda: self._document_frequencies(scope, conditions))

    @override
    async def positions(self, scope: Scope, keys: Sequence[PhotoKey], order: Order) -> Mapping[PhotoKey, Position]:
        if scope.empty or not keys:
            return {}
        return await self._read(lambda: self._positions(scope, keys, order))

    @override
    async def nearest(self, scope: Scope, to: Embedding, k: int, condition: Condition = Everything()) -> Sequence[SimilarPhoto]:  # noqa: B008 - frozen
        vector = unit_vector(to)
        if scope.empty or vector is None or k < 1:
            return []
        return await self._read(lambda: self._nearest(scope, to.model, vector, min(k, MAX_NEAREST), condition))

    @override
    async def write(self, entries: Sequence[PhotoDocument | Removal]) -> None:
        if entries:
            await self._write(lambda: self._writer.write(entries))

    @override
    async def refresh(self) -> None:
        await self._write(self._writer.refresh)

    @override
    async def erase(self, owner: str) -> None:
        await self._write(lambda: self._writer.erase(owner))

    @override
    async def purge(self, others: AsyncIterator[Sequence[PhotoDocument | Removal]]) -> None:
        """Tantivy drops a segment only when all its documents are deleted, so the remaining documents are rewritten."""
        async for page in others:
            await self._write(partial(self._writer.rewrite, page))
        await self._write(self._writer.remove_deleted)

    @override
    async def versions(self, owner: str) -> Mapping[str, int]:
        return await self._read(lambda: self._versions(owner))

    @override
    async def close(self) -> None:
        await self._write(self._writer.close)
        self._readers.shutdown()
        self._writing.shutdown()

    def _search_all(self, scope: Scope, requests: Sequence[SearchRequest]) -> Sequence[SearchResult]:
        """Run all requests on one snapshot of the index."""
        rewriter, searcher = RowSecurityRewriter(scope), self._index.searcher()
        compiler = Compiler(self._schema, searcher, rewriter.rows)
        pages = Pages(searcher, compiler, RowIdentities(searcher, scope))
        facets = Facets(searcher, compiler, scope)
        results = []
        for request in requests:
            bound = rewriter.bind(request)
            total = None
            if request.total:
                total = searcher.search(compiler.inside(bound.condition, text=bound.text), limit=1).count
            results.append(SearchResult(*pages.page(bound, request), total, facets.counts(bound)))
        return results

    def _document_frequencies(self, scope: Scope, conditions: Sequence[Condition]) -> tuple[int, Sequence[int]]:
        rewriter, searcher = RowSecurityRewriter(scope), self._index.searcher()
        compiler = Compiler(self._schema, searcher, rewriter.rows)
        rewritten = [Everything(), *map(rewriter.rewrite, conditions)]
        total, *counts = (searcher.search(compiler.inside(c), limit=1).count for c in rewritten)
        return total, counts

    def _positions(self, scope: Scope, keys: Sequence[PhotoKey], order: Order) -> Mapping[PhotoKey, Position]:
        rewriter, searcher = RowSecurityRewriter(scope), self._index.searcher()
        compiler, names = Compiler(self._schema, searcher, rewriter.rows), RowIdentities(searcher, scope)
        rewritten = compiler.one_of(ID, map(id_text, keys))
        found: dict[PhotoKey, Position] = {}
        for part in rewriter.parts(order):
            query = every([compiler.inside(part.rows), rewritten])
            hits = searcher.search(query, len(keys), count=False, order_by_field=part.key.value).hits
            found |= {row.hit().key: row.hit().position for row in names.of([(0.0, key, a) for key, a in hits])}
        return found

    def _nearest(
        self, scope: Scope, model: str, vector: NDArray[np.float32], k: int, condition: Condition
    ) -> Sequence[SimilarPhoto]:
        """Compare with all vectors of the owners, restricted to the rows that match the scope and the condition."""
        rewriter, searcher = RowSecurityRewriter(scope), self._index.searcher()
        compiler = Compiler(self._schema, searcher, rewriter.rows)
        rows = rewriter.with_vectors(condition)
        found: list[SimilarPhoto] = []
        for owner in scope.owners:
            vectors = self._vectors.of_owner(owner, model)
            among = None
            if owner != scope.own or not isinstance(rows, Everything):
                query = compiler.inside(rows, AnyOf(Field.OWNER, (owner,)))
                among = ids_of(searcher, query)
            ids, similarities = vectors.most_similar(vector, k, among)
            found += [SimilarPhoto(PhotoKey(owner, i), s) for i, s in zip(ids, similarities, strict=True)]
        return sorted(found, key=lambda n: (n.similarity, n.key.id), reverse=True)[:k]

    def _versions(self, owner: str) -> Mapping[str, int]:
        searcher = self._index.searcher()
        query = tantivy.Query.const_score_query(tantivy.Query.term_query(self._schema, "owner", owner), 0.0)
        count = searcher.search(query, limit=1).count
        rows = [address for _, address in searcher.search(query, limit=max(count, 1), count=False).hits]
        columns = (searcher.fast_field_values(name, rows) for name in (ID_HIGH, ID_LOW, VERSION))
        return {f"{high:016x}{low:016x}": version for high, low, version in zip(*columns, strict=True)}

    async def _read(self, work: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, work)
        except (ValueError, OSError, sqlite3.Error) as error:
            raise Unavailable("search", "reading from the index failed") from error

    async def _write(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._writing, work)


def _empty_result(request: SearchRequest) -> SearchResult:
    return SearchResult((), False, 0 if request.total else None, [FacetCounts((), 0)] * len(request.facets))
