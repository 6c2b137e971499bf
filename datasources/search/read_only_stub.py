# ruff: noqa: D102, ARG002 - adapters inherit their port's words, and this one looks at nothing
"""The index while another process has it open: the embedded engine has one writer, and readers live beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NoReturn

from access.scope import Scope
from datasources.errors import Unavailable
from datasources.photo_key import PhotoKey
from datasources.search.conditions import Condition, Everything
from datasources.search.port import (
    Embedding,
    Near,
    Order,
    PhotoDocument,
    PhotoIndex,
    Position,
    Removal,
    SearchRequest,
    SearchResult,
)


class ReadOnlyIndexStub(PhotoIndex):
    """Everything asked of it is `Unavailable`: whoever writes to the tables leaves indexing to the other process."""

    async def search(self, scope: Scope, question: SearchRequest) -> SearchResult:
        _refuse()

    async def search_many(self, scope: Scope, questions: Sequence[SearchRequest]) -> Sequence[SearchResult]:
        _refuse()

    async def document_frequencies(self, scope: Scope, conditions: Sequence[Condition]) -> tuple[int, Sequence[int]]:
        _refuse()

    async def positions(self, scope: Scope, keys: Sequence[PhotoKey], order: Order) -> Mapping[PhotoKey, Position]:
        _refuse()

    async def nearest(self, scope: Scope, to: Embedding, k: int, condition: Condition = Everything()) -> Sequence[Near]:  # noqa: B008 - frozen
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
        """Nothing is open."""


def _refuse() -> NoReturn:
    raise Unavailable("search", "another process has the index open")
