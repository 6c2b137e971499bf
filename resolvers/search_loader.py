"""Gathering: what the fields of a level want to know of sets of photos becomes one call to the index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from access.access_log import AccessLogBuffer
from access.policy import SMALLEST_GROUP
from access.scope import Scope
from datasources.errors import SourceError
from datasources.search.conditions import Condition
from datasources.search.port import (
    FacetCounts,
    FacetQuestion,
    Hit,
    Order,
    PhotoIndex,
    Position,
    SearchRequest,
    SearchResult,
    TextQuery,
)
from indexing.index_lag import IndexLag
from resolvers.aggregate_audit import note_asked

STALE = "Stale"


class PhotoQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One set of photos: whose, which, in which order."""

    scope: Scope
    condition: Condition
    text: TextQuery | None = None
    order: Order = Order.TAKEN_DESC


class IndexPageRequest(NamedTuple):
    """A page of a set."""

    limit: int
    after: Position | None
    backwards: bool


class TotalWanted(NamedTuple):
    """How many photos a set has."""


class Part(NamedTuple):
    """One thing wanted of one set."""

    query: PhotoQuery
    wanted: IndexPageRequest | TotalWanted | FacetQuestion


class PagePart(NamedTuple):
    """Hits in the asked direction, and whether more follow in it."""

    hits: Sequence[Hit]
    more: bool


class SearchBatch:
    """Turns parts into questions, one for each set and page, all of a scope in one call."""

    def __init__(
        self, index: PhotoIndex, freshness: IndexLag, degrade: Callable[[str, str, str], None], readings: AccessLogBuffer
    ) -> None:
        self._index = index
        self._freshness = freshness
        self._degrade = degrade
        self._readings = readings

    async def fetch(self, parts: Sequence[Part]) -> Mapping[Part, object]:
        """What each part wanted: a `PagePart`, a number, `FacetCounts`, or the error that its call ended in."""
        found: dict[Part, object] = {}
        for scope in dict.fromkeys(p.query.scope for p in parts):
            found |= await self._ask(scope, [p for p in parts if p.query.scope == scope])
        return found

    async def _ask(self, scope: Scope, parts: Sequence[Part]) -> Mapping[Part, object]:
        if not await self._freshness.settled(scope.owners):
            self._degrade("search", STALE, "photos")
        groups = _grouped(parts)
        questions = [_question(g) for g in groups]
        try:
            answers = await self._index.search_many(scope, questions)
        except SourceError as e:
            return dict.fromkeys(parts, e)
        note_asked(self._readings, scope, questions)
        if scope.unbounded:
            answers = [_without_small_groups(a) for a in answers]
        return {p: v for g, a in zip(groups, answers, strict=True) for p, v in _shared_out(g, a)}


def _without_small_groups(answer: SearchResult) -> SearchResult:
    """Over many customers a group of a few photos may be one person: it is told as none at all."""
    facets = [
        FacetCounts([b for b in f.buckets if b.count >= SMALLEST_GROUP], f.missing if f.missing >= SMALLEST_GROUP else 0, f.cut)
        for f in answer.facets
    ]
    total = 0 if answer.total is not None and answer.total < SMALLEST_GROUP else answer.total
    return answer._replace(total=total, facets=facets)


def _grouped(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts of one set stand together; a second page of the same set needs a question of its own."""
    groups: list[list[Part]] = []
    for part in parts:
        paged = isinstance(part.wanted, IndexPageRequest)
        for group in groups:
            if group[0].query == part.query and not (paged and any(isinstance(p.wanted, IndexPageRequest) for p in group)):
                group.append(part)
                break
        else:
            groups.append([part])
    return groups


def _question(parts: Sequence[Part]) -> SearchRequest:
    query = parts[0].query
    page = next((p.wanted for p in parts if isinstance(p.wanted, IndexPageRequest)), IndexPageRequest(0, None, backwards=False))
    return SearchRequest(
        condition=query.condition,
        text=query.text,
        order=query.order,
        limit=page.limit,
        after=page.after,
        backwards=page.backwards,
        total=any(isinstance(p.wanted, TotalWanted) for p in parts),
        facets=tuple(p.wanted for p in parts if isinstance(p.wanted, FacetQuestion)),
    )


def _shared_out(parts: Sequence[Part], answer: SearchResult) -> list[tuple[Part, object]]:
    facets: dict[FacetQuestion, FacetCounts] = {}
    asked = [p.wanted for p in parts if isinstance(p.wanted, FacetQuestion)]
    facets.update(zip(asked, answer.facets, strict=True))
    shared: list[tuple[Part, object]] = []
    for part in parts:
        match part.wanted:
            case FacetQuestion():
                shared.append((part, facets[part.wanted]))
            case IndexPageRequest():
                shared.append((part, PagePart(answer.hits, answer.more)))
            case TotalWanted():
                shared.append((part, answer.total))
    return shared
