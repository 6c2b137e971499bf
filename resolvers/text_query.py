"""Search by text: ranks the photos that match the parts of a query (`resolvers/text_parts.py`).

A part found in n of N photos has the weight 1 + ln((N + 1) / (n + 1)): the smoothed inverse document frequency of Salton
and Buckley (1988) plus one, so that a word of every photo still counts. Frequencies are counted inside the viewer's scope,
so that other customers' photos do not influence the ranking and cannot be inferred from it. A photo that holds a part exactly
as it was typed scores more than one that holds an inflection or a meaning of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from access.scope import Scope
from datasources.search.conditions import All, Not
from datasources.search.port import Clause, TextQuery
from resolvers.context import Context, Languages
from resolvers.errors import BadInput
from resolvers.filters import compile_filter
from resolvers.paging import CursorCodec, page_request
from resolvers.photo_set import ORDERS, PhotoSet
from resolvers.search_loader import PhotoQuery
from resolvers.text_parts import Part, parts_of

MAX_QUERY_LENGTH = 500
AS_TYPED = 0.5
"""The additional share of a part's weight for a photo that holds it exactly as typed."""


async def search(
    context: Context, scope: Scope, query: str, given: Any, order: str, languages: Languages, page: Mapping[str, Any]
) -> PhotoSet:
    """The photos that match a text; raises `BadInput` for a too long text."""
    if len(query) > MAX_QUERY_LENGTH:
        raise BadInput(f"`query` must have at most {MAX_QUERY_LENGTH} characters.", "QUERY_SIZE")
    compiled = compile_filter(given, context.sources.ids)
    request = page_request(**page)
    parts, excluded = await parts_of(context, scope, query, languages)
    if excluded:
        compiled = replace(compiled, condition=All((compiled.condition, *map(Not, excluded))))
    bound = ("search", compiled.full(), order, query, languages, scope.profile)
    codec = CursorCodec(context.sources.cursors, context.viewer.key, bound, lambda: context.sources.now_ms() // 1_000)
    decoded = codec.read(request.cursor)
    needed, *weights = decoded.weights if decoded else await _weights(context, scope, parts, only_excludes=bool(excluded))
    if len(weights) != len(parts):
        needed, *weights = await _weights(context, scope, parts, only_excludes=bool(excluded))
    text = _text_query(parts, weights, int(needed))
    photo_query = PhotoQuery(scope=scope, condition=compiled.full(), text=text, order=ORDERS[order])
    best = sum(clause.weight for clause in text.scored)
    return PhotoSet(context, photo_query, compiled, request, codec, weights=(needed, *weights), best_score=best)


def _text_query(parts: Sequence[Part], weights: Sequence[float], needed: int) -> TextQuery:
    clauses = tuple(Clause(part.condition, weight) for part, weight in zip(parts, weights, strict=True))
    boosts = tuple(
        Clause(part.as_typed, round(AS_TYPED * weight, 4))
        for part, weight in zip(parts, weights, strict=True)
        if part.as_typed is not None
    )
    return TextQuery(clauses, needed, boosts)


def required_matches(parts: int, together: int) -> int:
    """How many parts of a text a photo must match: all of one or two, two of three to eight, a third of more.

    For two parts that no photo contains together, one is enough, so that the search still returns close matches.
    """
    if parts == 2 and not together:  # noqa: PLR2004 - documented above
        return 1
    if parts <= 2:  # noqa: PLR2004 - documented above
        return max(parts, 1)
    return max(2, parts // 3)


async def _weights(context: Context, scope: Scope, parts: Sequence[Part], *, only_excludes: bool) -> tuple[float, ...]:
    """The required number of parts, then the weight of each. One index call; later pages read them from the cursor."""
    if not parts:
        return (0.0,) if only_excludes else (1.0,)
    await context.index_lag.wait_until_indexed(scope.owners)
    conditions = [part.condition for part in parts]
    total, counts = await context.sources.index.document_frequencies(scope, [*conditions, All(tuple(conditions))])
    *alone, together = counts
    weights = (round(1.0 + math.log((total + 1) / (n + 1)), 4) for n in alone)
    return (float(required_matches(len(alone), together)), *weights)
