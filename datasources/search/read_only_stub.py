# ruff: noqa: D102, ARG002 - docstrings are inherited from the port, and arguments are ignored
"""Replaces the embedded index in a process that runs while another process has the index open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NoReturn

from access.scope import Scope
from datasources.errors import Unavailable
from datasources.photo_key import PhotoKey
from datasources.search.conditions import Condition, Everything
from datasources.search.port import (
    Embedding,
    Order,
    PhotoDocument,
    PhotoIndex,
    Position,
    Removal,
    SearchRequest,
    SearchResult,
    SimilarPhoto,
)


class ReadOnlyIndexStub(PhotoIndex):
    """Every method raises `Unavailable`. The other process indexes the changes that this process writes to the tables."""

    async def search(self, scope: Scope, request: SearchRequest) -> SearchResult:
        _refuse()

    async def search_many(self, scope: Scope, requests: Sequence[SearchRequest]) -> Sequence[SearchResult]:
        _refuse()

    async def document_frequencies(self, scope: Scope, conditions: Sequence[Condition]) -> tuple[int, Sequence[int]]:
        _refuse()

    async def positions(self, scope: Scope, keys: Sequence[PhotoKey], order: Order) -> Mapping[PhotoKey, Position]:
        _refuse()

    async def nearest(self, scope: Scope, to: Embedding, k: int, condition: Condition = Everything()) -> Sequence[SimilarPhoto]:  # noqa: B008 - frozen
        _refuse()

    async def write(self, entries: Sequence[PhotoDocument | Removal]) -> None:
        _refuse()

    async def refresh(self) -> None:
        _refuse()

    async def erase(self, owner: str) -> None:
        _refuse()

    async def purge(self, others: AsyncIterator[Sequence[PhotoDocument | Removal]]) -> None:
        _refuse()

    async def versions(self, owner: str) -> Mapping[str, int]:
        _refuse()

    async def close(self) -> None:
        """Does nothing."""


def _refuse() -> NoReturn:
    raise Unavailable("search", "another process has the index open; send the request to that process")
