"""The photo index in OpenSearch, addressed by an alias; any number of processes may use it."""

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
from datasources.search.opensearch.schema import document_id, key_of, position_of, routing
from datasources.search.opensearch.searching import Body, SearchPlan, knn_body
from datasources.search.opensearch.transport import Cluster, Transport, reading_response
from datasources.search.opensearch.writer import Writer
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
from datasources.search.unit_vectors import unit_vector

SECOND_SUFFIX = "-also"
"""Suffix of the alias of the second index, which receives the same writes (`indices`)."""
_PAGE = 10_000
"""Maximum number of hits of one search (`index.max_result_window`)."""


class OpenSearchIndex(PhotoIndex):
    """Each call is one HTTP request with one or more searches; a search covers all its shards or fails."""

    def __init__(self, transport: Transport, name: str, *, also: str | None = None) -> None:
        self._transport = transport
        self._name = name
        self._writer = Writer(transport, name, also)
        self._refreshing: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    @classmethod
    def connect(cls, cluster: Cluster, name: str = "photos") -> OpenSearchIndex:
        """The index of an alias; sends no request yet."""
        return cls(Transport(cluster), name, also=name + SECOND_SUFFIX)

    @override
    async def search(self, scope: Scope, request: SearchRequest) -> SearchResult:
        return (await self.search_many(scope, (request,)))[0]

    @override
    async def search_many(self, scope: Scope, requests: Sequence[SearchRequest]) -> Sequence[SearchResult]:
        if scope.empty:
            return [_empty_result(request) for request in requests]
        rewriter = RowSecurityRewriter(scope)
        plans = [SearchPlan(rewriter.bind(request), request) for request in requests]
        bodies = [plan.bodies() for plan in plans]
        response = iter(await self._search(scope.owners, [body for several in bodies for body in several]))
        with reading_response():
            return [plan.read([next(response) for _ in several]) for plan, several in zip(plans, bodies, strict=True)]

    @override
    async def document_frequencies(self, scope: Scope, conditions: Sequence[Condition]) -> tuple[int, Sequence[int]]:
        if scope.empty:
            return 0, [0] * len(conditions)
        rewriter = RowSecurityRewriter(scope)
        filters = {str(n): {"filter": query(rewriter.rewrite(c))} for n, c in enumerate(conditions)}
        body: Body = {"size": 0, "track_total_hits": True, "query": inside(rewriter.rows)}
        (response,) = await self._search(scope.owners, [body | {"aggs": filters} if filters else body])
        with reading_response():
            return response["hits"]["total"]["value"], [response["aggregations"][name]["doc_count"] for name in filters]

    @override
    async def positions(self, scope: Scope, keys: Sequence[PhotoKey], order: Order) -> Mapping[PhotoKey, Position]:
        if scope.empty or not keys:
            return {}
        rewriter, bodies = RowSecurityRewriter(scope), []
        distinct = list(dict.fromkeys(keys))
        for batch in (distinct[at : at + _PAGE] for at in range(0, len(distinct), _PAGE)):
            ids = {"ids": {"values": [document_id(key) for key in batch]}}
            for part in rewriter.parts(order):
                rows = every([inside(rewriter.rows, part.rows), ids])
                bodies.append({"size": len(batch), "_source": False, "sort": [{part.key.value: "asc"}], "query": rows})
        response = await self._search(scope.owners, bodies)
        with reading_response():
            hits = [hit for answer in response for hit in answer["hits"]["hits"]]
            return {key_of(hit["_id"]): position_of(hit["sort"][0]) for hit in hits}

    @override
    async def nearest(self, scope: Scope, to: Embedding, k: int, condition: Condition = Everything()) -> Sequence[SimilarPhoto]:  # noqa: B008 - frozen
        vector = unit_vector(to)
        if scope.empty or vector is None or k < 1:
            return []
        (response,) = await self._search(
            scope.owners, [knn_body(RowSecurityRewriter(scope), to.model, vector.tolist(), min(k, MAX_NEAREST), condition)]
        )
        with reading_response():
            # The engine's score is (1 + cosine) / 2.
            found = [SimilarPhoto(key_of(hit["_id"]), 2 * hit["_score"] - 1) for hit in response["hits"]["hits"]]
        return sorted(found, key=lambda n: (n.similarity, n.key.id), reverse=True)

    @override
    async def write(self, entries: Sequence[PhotoDocument | Removal]) -> None:
        await self._writer.write(entries)

    @override
    async def refresh(self) -> None:
        """Concurrent calls share a refresh that begins after they were made."""
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
            (response,) = await self._search({owner}, [body])
            with reading_response():
                hits = response["hits"]["hits"]
                found |= {key_of(hit["_id"]).id: hit["_version"] for hit in hits}
                if len(hits) < _PAGE:
                    return found
                body["search_after"] = hits[-1]["sort"]

    @override
    async def close(self) -> None:
        waiting = [task for task in (self._refreshing, self._next) if task is not None and not task.done()]
        if waiting:
            await asyncio.wait(waiting)
        await self._transport.close()

    async def _refreshed_after(self, running: asyncio.Task[None]) -> None:
        await asyncio.wait([running])
        # Callers from now on may have written after this refresh began, so they need another one.
        self._refreshing, self._next = self._next, None
        await self._writer.refresh()

    async def _search(self, owners: frozenset[str] | set[str], bodies: Sequence[Body]) -> Sequence[Mapping[str, Any]]:
        """Run all searches in one request, on the shards of these owners only."""
        if not bodies:
            return []
        header = {"routing": ",".join(sorted(map(routing, owners))), "allow_partial_search_results": False}
        return await self._transport.multi_search(f"/{self._name}/_msearch", [line for body in bodies for line in (header, body)])


def _empty_result(request: SearchRequest) -> SearchResult:
    return SearchResult((), False, 0 if request.total else None, [FacetCounts((), 0)] * len(request.facets))
