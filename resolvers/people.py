"""Lists people. Names are encrypted in the table, so they are decrypted, filtered and sorted here."""

from __future__ import annotations

from access.scope import Scope
from datasources.search.conditions import Field
from datasources.tables.people import SeenPerson
from datasources.words import normalize
from resolvers.context import Context
from resolvers.paging import CursorCodec, ListPage, page_of, page_request
from resolvers.photo_set import counts_by_value


async def people_page(
    context: Context, scope: Scope, query: str | None, order: str, *, named: bool | None, first: int | None, after: str | None
) -> ListPage[SeenPerson]:
    """A page of the people of a scope whose name contains `query`; raises `BadInput` and `StaleCursor`."""
    request = page_request(first=first, after=after)
    people = list(await context.sources.people.all(scope))
    for person in people:
        context.people.prime(person.record.key, person)
    if named is not None:
        people = [p for p in people if (p.name is not None) is named]
    if query is not None:
        text = normalize(query)
        people = [p for p in people if p.name is not None and text in normalize(p.name)]
    keys = await _sort_keys(context, people, order, scope.own)
    people.sort(key=lambda p: keys[p.record.id])
    codec = CursorCodec(
        context.sources.cursors,
        context.viewer.key,
        ("people", order, query, named, scope.profile),
        lambda: context.sources.now_ms() // 1_000,
    )
    return page_of(people, request, codec, lambda p: keys[p.record.id])


async def _sort_keys(context: Context, people: list[SeenPerson], order: str, owner: str | None) -> dict[str, tuple[int, str]]:
    if order == "NAME_ASC":
        return {p.record.id: (int(p.name is None), f"{normalize(p.name or '')}\x1f{p.record.id}") for p in people}
    counts = await counts_by_value(context, Field.PERSON, owner=owner)
    return {p.record.id: (-counts.get(p.record.id, (0, None, None))[0], p.record.id) for p in people}
