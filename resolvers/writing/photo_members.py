"""Finds all photos of an owner that are in an album or show a person, including those that are not indexed yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

from datasources.errors import SourceError
from datasources.search.conditions import AnyOf, Condition, Field
from datasources.search.port import Position, SearchRequest
from datasources.tables.photos import PhotoRecord
from indexing.documents import CONSUMER
from resolvers.writing.mutation import MutationContext
from resolvers.writing.photo_writes import CHUNK


async def photo_members(
    mutation: MutationContext, name: Field, values: Sequence[str], holds: Callable[[PhotoRecord], bool]
) -> AsyncIterator[Sequence[str]]:
    """Yields local ids in chunks; `holds` checks a record for the same values as the index field.

    Reads the index if it contains all changes of all processes; otherwise it scans the owner's photos in the table. Before
    you call it, make sure that no photo can get one of the values any more.
    """
    found = await _from_index(mutation, AnyOf(name, tuple(values)))
    if found is not None:
        for start in range(0, len(found), CHUNK):
            yield found[start : start + CHUNK]
        return
    after: str | None = None
    while True:
        records, after = await mutation.sources.photos.of_owner(mutation.owner, after=after, limit=CHUNK)
        ids = [r.id for r in records if not r.deleted and holds(r)]
        if ids:
            yield ids
        if after is None:
            return


async def _from_index(mutation: MutationContext, condition: Condition) -> list[str] | None:
    """None if the index may be behind or is unavailable."""
    found: list[str] = []
    position: Position | None = None
    scope = mutation.scope.own_only()
    try:
        if not await mutation.index_lag.wait_until_indexed([mutation.owner]) or await mutation.sources.feed.lag(CONSUMER):
            return None
        while True:
            request = SearchRequest(condition=condition, limit=CHUNK, after=position)
            result = await mutation.sources.index.search(scope, request)
            found += [h.key.id for h in result.hits]
            if not result.more or not result.hits:
                return found
            position = result.hits[-1].position
    except SourceError:
        return None
