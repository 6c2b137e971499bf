"""The index of photos inside the process: tantivy, in a folder or in memory. One process at a time may open a folder."""

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
from datasources.search.port import (
    MAX_NEAREST,
    Embedding,
    FacetCounts,
    Near,
    Order,
    PhotoDocument,
    PhotoIndex,
    Position,
    Removal,
    SearchRequest,
    SearchResult,
)
from datasources.search.row_security import RowSecurityRewriter
from datasources.search.tantivy.facets import Facets
from datasources.search.tantivy.pages import Names, Pages, ids_of
from datasources.search.tantivy.query import Compiler, every
from datasources.search.tantivy.schema import ID, ID_HIGH, ID_LOW, OWNER_NUMBER, VERSION, id_text, schema
from datasources.search.tantivy.writer import Writer
from datasources.search.unit_vectors import direction
from datasources.search.vectors import Vectors

_T = TypeVar("_T")
_READERS = 2


class TantivyIndex(PhotoIndex):
    """Searches run in a few threads (the engine lets go of the interpreter's lock), writes in one."""

    def __init__(self, index: tantivy.Index, columns: tantivy.Schema, vectors: Path | None) -> None:
        self._index = index
        self._schema = columns
        self._vectors = Vectors(vectors)
        self._writer = Writer(index, columns, self._vectors)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="search")
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="search-writer")

    @classmethod
    def open(cls, folder: Path | None) -> Self:
        """The index in this folder, made if there is none; None: in memory. `IndexBusy` where another process has it."""
        columns = schema()
        if folder is None:
            return cls(tantivy.Index(columns, sort_by_field=OWNER_NUMBER), columns, None)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            # An owner's rows lie together in each segment: what others have costs a customer next to nothing.
            index = tantivy.Index(columns, path=str(folder), sort_by_field=OWNER_NUMBER)
        except ValueError as error:
            raise Corrupt("search", "the index is damaged or of another version: remove its folder and rebuild it") from error
        return cls(index, columns, folder / "vectors.sqlite")

    @override
    async def search(self, scope: Scope, question: SearchRequest) -> SearchResult:
        return (await self.search_many(scope, (question,)))[0]

    @override
    async def search_many(self, scope: Scope, questions: Sequence[SearchRequest]) -> Sequence[SearchResult]:
        if scope.empty:
            return [_nothing(question) for question in questions]
        return await self._read(lambda: self._answers(scope, questions))

    @override
    async def document_frequencies(self, scope: Scope, conditions: Sequence[Condition]) -> tuple[int, Sequence[int]]:
        if scope.empty:
            return 0, [0] * len(conditions)
        return await self._read(lambda: self._rarities(scope, conditions))

    @override
    async def positions(self, scope: Scope, keys: Sequence[PhotoKey], order: Order) -> Mapping[PhotoKey, Position]:
        if scope.empty or not keys:
            return {}
        return await self._read(lambda: self._positions(scope, keys, order))

    @override
    async def nearest(self, scope: Scope, to: Embedding, k: int, condition: Condition = Everything()) -> Sequence[Near]:  # noqa: B008 - frozen
        wanted = direction(to)
        if scope.empty or wanted is None or k < 1:
            return []
        return await self._read(lambda: self._nearest(scope, to.model, wanted, min(k, MAX_NEAREST), condition))

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
        """Tantivy drops a segment once all in it is deleted, and merges none for us: the rest is written anew."""
        async for page in others:
            await self._write(partial(self._writer.renew, page))
        await self._write(self._writer.dropped)

    @override
    async def versions(self, owner: str) -> Mapping[str, int]:
        return await self._read(lambda: self._versions(owner))

    @override
    async def close(self) -> None:
        await self._write(self._writer.close)
        self._readers.shutdown()
        self._writing.shutdown()

    def _answers(self, scope: Scope, questions: Sequence[SearchRequest]) -> Sequence[SearchResult]:
        """All of them on one state of the index."""
        scoping, searcher = RowSecurityRewriter(scope), self._index.searcher()
        compiler = Compiler(self._schema, searcher, scoping.rows)
        pages = Pages(searcher, compiler, Names(searcher, scope))
        facets = Facets(searcher, compiler, scope)
        answers = []
        for question in questions:
            bound = scoping.bind(question)
            total = None
            if question.total:
                total = searcher.search(compiler.inside(bound.condition, text=bound.text), limit=1).count
            answers.append(SearchResult(*pages.page(bound, question), total, facets.counts(bound)))
        return answers

    def _rarities(self, scope: Scope, conditions: Sequence[Condition]) -> tuple[int, Sequence[int]]:
        scoping, searcher = RowSecurityRewriter(scope), self._index.searcher()
        compiler = Compiler(self._schema, searcher, scoping.rows)
        asked = [Everything(), *map(scoping.rewrite, conditions)]
        total, *counts = (searcher.search(compiler.inside(c), limit=1).count for c in asked)
        return total, counts

    def _positions(self, scope: Scope, keys: Sequence[PhotoKey], order: Order) -> Mapping[PhotoKey, Position]:
        scoping, searcher = RowSecurityRewriter(scope), self._index.searcher()
        compiler, names = Compiler(self._schema, searcher, scoping.rows), Names(searcher, scope)
        asked = compiler.one_of(ID, map(id_text, keys))
        found: dict[PhotoKey, Position] = {}
        for part in scoping.parts(order):
            query = every([compiler.inside(part.rows), asked])
            hits = searcher.search(query, len(keys), count=False, order_by_field=part.key.value).hits
            found |= {row.hit().key: row.hit().position for row in names.of([(0.0, key, a) for key, a in hits])}
        return found

    def _nearest(self, scope: Scope, model: str, wanted: NDArray[np.float32], k: int, condition: Condition) -> Sequence[Near]:
        """Every vector of the owners is looked at, those alone of the rows that the scope and the condition leave."""
        scoping, searcher = RowSecurityRewriter(scope), self._index.searcher()
        compiler = Compiler(self._schema, searcher, scoping.rows)
        rows = scoping.with_vectors(condition)
        found: list[Near] = []
        for owner in scope.owners:
            shelf = self._vectors.shelf(owner, model)
            among = None
            if owner != scope.own or not isinstance(rows, Everything):
                query = compiler.inside(rows, AnyOf(Field.OWNER, (owner,)))
                among = ids_of(searcher, query)
            ids, alike = shelf.like(wanted, k, among)
            found += [Near(PhotoKey(owner, i), s) for i, s in zip(ids, alike, strict=True)]
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
            raise Unavailable("search", "the index failed to read") from error

    async def _write(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._writing, work)


def _nothing(question: SearchRequest) -> SearchResult:
    return SearchResult((), False, 0 if question.total else None, [FacetCounts((), 0)] * len(question.facets))
