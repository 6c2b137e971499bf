"""Which photos of an owner hold an album or a person: every one of them, also those that the index does not know yet."""

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
    desk: MutationContext, name: Field, values: Sequence[str], holds: Callable[[PhotoRecord], bool]
) -> AsyncIterator[Sequence[str]]:
    """Local ids in parts; `holds` says the same of a record as the field does of the index.

    The index is asked when it has everything that was ever written, by whatever process; otherwise the owner's part of
    the table is read through, which is slower and cannot be wrong. Make new holders impossible before you ask.
    """
    found = await _from_index(desk, AnyOf(name, tuple(values)))
    if found is not None:
        for start in range(0, len(found), CHUNK):
            yield found[start : start + CHUNK]
        return
    after: str | None = None
    while True:
        records, after = await desk.sources.photos.of_owner(desk.owner, after=after, limit=CHUNK)
        held = [r.id for r in records if not r.deleted and holds(r)]
        if held:
            yield held
        if after is None:
            return


async def _from_index(desk: MutationContext, condition: Condition) -> list[str] | None:
    """None when it may be behind, or does not answer."""
    found: list[str] = []
    position: Position | None = None
    scope = desk.scope.mine()
    try:
        if not await desk.freshness.settled([desk.owner]) or await desk.sources.feed.lag(CONSUMER):
            return None
        while True:
            question = SearchRequest(condition=condition, limit=CHUNK, after=position)
            answer = await desk.sources.index.search(scope, question)
            found += [h.key.id for h in answer.hits]
            if not answer.more or not answer.hits:
                return found
            position = answer.hits[-1].position
    except SourceError:
        return None
