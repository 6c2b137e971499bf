"""The index of photos in OpenSearch: any number of processes, one name that stands for one index at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from typing_extensions import override

from access.scope import Scope
from datasources.photo_key import PhotoKey
from datasources.search.columns import SortKey
from datasources.search.conditions import AnyOf, Condition, Everything, Field
from datasources.search.opensearch.query import every, inside, query
from datasources.search.opensearch.schema import document_id, key_of, place_of, routing
from datasources.search.opensearch.searching import Asking, Body, likeness
from datasources.search.opensearch.transport import Cluster, Wire, legible
from datasources.search.opensearch.writer import Writer
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
from datasources.search.unit_vectors import direction

ALSO = "-also"
"""Ends the name of a second index that is written to as well (`opensearch_indices`)."""
_PAGE = 10_000
"""The most hits of one search that the engine gives."""


class OpenSearchIndex(PhotoIndex):
    """Every question is one request of several searches; each speaks for all its shards or fails."""

    def __init__(self, wire: Wire, name: str, *, also: str | None = None) -> None:
        self._wire = wire
        self._name = name
        self._writer = Writer(wire, name, also)
        self._refreshing: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    @classmethod
    def connect(cls, cluster: Cluster, name: str = "photos") -> OpenSearchIndex:
        """The index behind an alias; nothing is asked of the cluster yet."""
        return cls(Wire(cluster), name, also=name + ALSO)

    @override
    async def search(self, scope: Scope, question: SearchRequest) -> SearchResult:
        return (await self.search_many(scope, (question,)))[0]

    @override
    async def search_many(self, scope: Scope, questions: Sequence[SearchRequest]) -> Sequence[SearchResult]:
        if scope.empty:
            return [_nothing(question) for question in questions]
        scoping = RowSecurityRewriter(scope)
        askings = [Asking(scoping.bind(question), question) for question in questions]
        bodies = [asking.bodies() for asking in askings]
        told = iter(await self._search(scope.owners, [body for several in bodies for body in several]))
        with legible():
            return [asking.read([next(told) for _ in several]) for asking, several in zip(askings, bodies, strict=True)]

    @override
    async def document_frequencies(self, scope: Scope, conditions: Sequence[Condition]) -> tuple[int, Sequence[int]]:
        if scope.empty:
            return 0, [0] * len(conditions)
        scoping = RowSecurityRewriter(scope)
        asked = {str(n): {"filter": query(scoping.rewrite(c))} for n, c in enumerate(conditions)}
        body: Body = {"size": 0, "track_total_hits": True, "query": inside(scoping.rows)}
        (told,) = await self._search(scope.owners, [body | {"aggs": asked} if asked else body])
        with legible():
            return told["hits"]["total"]["value"], [told["aggregations"][name]["doc_count"] for name in asked]

    @override
    async def positions(self, scope: Scope, keys: Sequence[PhotoKey], order: Order) -> Mapping[PhotoKey, Position]:
        if scope.empty or not keys:
            return {}
        scoping, bodies = RowSecurityRewriter(scope), []
        wanted = list(dict.fromkeys(keys))
        for some in (wanted[at : at + _PAGE] for at in range(0, len(wanted), _PAGE)):
            ids = {"ids": {"values": [document_id(key) for key in some]}}
            for part in scoping.parts(order):
                rows = every([inside(scoping.rows, part.rows), ids])
                bodies.append({"size": len(some), "_source": False, "sort": [{part.key.value: "asc"}], "query": rows})
        told = await self._search(scope.owners, bodies)
        with legible():
            hits = [hit for answer in told for hit in answer["hits"]["hits"]]
            return {key_of(hit["_id"]): place_of(hit["sort"][0]) for hit in hits}

    @override
    async def nearest(self, scope: Scope, to: Embedding, k: int, condition: Condition = Everything()) -> Sequence[Near]:  # noqa: B008 - frozen
        wanted = direction(to)
        if scope.empty or wanted is None or k < 1:
            return []
        (told,) = await self._search(
            scope.owners, [likeness(RowSecurityRewriter(scope), to.model, wanted.tolist(), min(k, MAX_NEAREST), condition)]
        )
        with legible():
            # The engine's score is (1 + cosine) / 2.
            found = [Near(key_of(hit["_id"]), 2 * hit["_score"] - 1) for hit in told["hits"]["hits"]]
        return sorted(found, key=lambda n: (n.similarity, n.key.id), reverse=True)

    @override
    async def write(self, entries: Sequence[PhotoDocument | Removal]) -> None:
        await self._writer.write(entries)

    @override
    async def refresh(self) -> None:
        """One refresh serves all who asked before it began."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._writer.refresh())
            await asyncio.shield(self._refreshing)
            return
        if self._next is None or self._next.done():
            self._next = asyncio.create_task(self._refreshed_after(self._refreshing))
        await asyncio.shield(self._next)

    @override
    async def erase(self, owner: str) -> None:
        await self._writer.erase(owner)

    @override
    async def purge(self, others: AsyncIterator[Sequence[PhotoDocument | Removal]]) -> None:
        await self._writer.expunge()

    @override
    async def versions(self, owner: str) -> Mapping[str, int]:
        found: dict[str, int] = {}
        body: Body = {"size": _PAGE, "_source": False, "version": True, "sort": [{SortKey.NONE.value: "asc"}]}
        body["query"] = query(AnyOf(Field.OWNER, (owner,)))
        while True:
            (told,) = await self._search({owner}, [body])
            with legible():
                hits = told["hits"]["hits"]
                found |= {key_of(hit["_id"]).id: hit["_version"] for hit in hits}
                if len(hits) < _PAGE:
                    return found
                body["search_after"] = hits[-1]["sort"]

    @override
    async def close(self) -> None:
        waiting = [task for task in (self._refreshing, self._next) if task is not None and not task.done()]
        if waiting:
            await asyncio.wait(waiting)
        await self._wire.close()

    async def _refreshed_after(self, running: asyncio.Task[None]) -> None:
        await asyncio.wait([running])
        # Whoever asks from here on may have written after this refresh began: it is no longer the next.
        self._refreshing, self._next = self._next, None
        await self._writer.refresh()

    async def _search(self, owners: frozenset[str] | set[str], bodies: Sequence[Body]) -> Sequence[Mapping[str, Any]]:
        """All searches in one request, at the shards of these owners alone."""
        if not bodies:
            return []
        header = {"routing": ",".join(sorted(map(routing, owners))), "allow_partial_search_results": False}
        return await self._wire.searches(f"/{self._name}/_msearch", [line for body in bodies for line in (header, body)])


def _nothing(question: SearchRequest) -> SearchResult:
    return SearchResult((), False, 0 if question.total else None, [FacetCounts((), 0)] * len(question.facets))
