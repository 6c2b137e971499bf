"""From typed words to a text query: each word, in any language, stands for texts, concepts, places, people or albums.

Weights are rarities counted inside the viewer's scope (DECISIONS 13), so no other customer moves a hit. The weight of
a part found in n of N photos is 1 + ln((N + 1) / (n + 1)), the smoothed inverse document frequency of Salton and Buckley
(1988) plus one, so that a word that every photo has still counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from access.scope import Scope
from datasources.search.conditions import All, Any_, AnyOf, Condition, Field, HasWord
from datasources.search.port import Clause, TextQuery
from datasources.words import normalize, rejoined, tokens
from resolvers.context import Context, Languages
from resolvers.errors import BadInput
from resolvers.filters import compile_filter
from resolvers.paging import PageMarks, page_request
from resolvers.photo_set import ORDERS, PhotoSet
from resolvers.search_loader import PhotoQuery

LONGEST_QUERY = 500
MOST_PARTS = 24
LONGEST_PHRASE = 4
LONGEST_RUN = 8
"""Tokens of one word in a script without spaces, which are its pairs of characters."""
SURE = 0.6
"""A word of any language counts as it stands; inflected, only in a language of the reader."""
_PLACE_FIELDS = {"COUNTRY": Field.COUNTRY, "REGION": Field.REGION, "CITY": Field.CITY, "LOCALITY": Field.LOCALITY}
_SMALL_WORDS = frozenset(
    "a an and are as at be been by for from has have he her his in into is it its me my near of off on or our out she some "
    "that the their them there these they this to two up us was we were what where which while who with you your "
    "der die das den dem des ein eine einen einem und im am an auf mit von zu bei aus ist "
    "le la les un une des du de et en au aux dans sur avec el los las una unos unas y del al con por para "
    "il lo gli i uno e di da su per o os as um uma em no na nos nas do dos com para het een van op met".split()
)


async def search(
    context: Context, scope: Scope, query: str, given: Any, order: str, languages: Languages, page: Mapping[str, Any]
) -> PhotoSet:
    """The photos that answer a text; raises `BadInput` for texts beyond bounds."""
    if len(query) > LONGEST_QUERY:
        raise BadInput(f"`query` may have {LONGEST_QUERY} characters", "QUERY_SIZE")
    chosen = compile_filter(given, context.sources.ids)
    request = page_request(**page)
    conditions = await _parts(context, scope, query, languages)
    bound = ("search", chosen.full(), order, query, languages, scope.profile)
    marks = PageMarks(context.sources.cursors, context.viewer.key, bound, lambda: context.sources.now_ms() // 1_000)
    mark = marks.read(request.cursor)
    needed, *weights = mark.weights if mark else await _weights(context, scope, conditions)
    if len(weights) != len(conditions):
        needed, *weights = await _weights(context, scope, conditions)
    clauses = tuple(Clause(c, w) for c, w in zip(conditions, weights, strict=True))
    text = TextQuery(clauses, int(needed))
    photo_query = PhotoQuery(scope=scope, condition=chosen.full(), text=text, order=ORDERS[order])
    return PhotoSet(context, photo_query, chosen, request, marks, weights=(needed, *weights), best_score=sum(weights))


def required(parts: int, together: int) -> int:
    """How many parts of a text a photo must match: all of one or two, two of up to five, a third of more.

    Where no photo of the scope has two parts `together`, one is enough: something near is better than nothing.
    """
    if parts == 2 and not together:  # noqa: PLR2004 - said above
        return 1
    if parts <= 2:  # noqa: PLR2004 - said above
        return max(parts, 1)
    return max(2, parts // 3)


async def _weights(context: Context, scope: Scope, conditions: Sequence[Condition]) -> tuple[float, ...]:
    """How many parts are required, then the weight of each: one call, and later pages carry it in their cursor."""
    if not conditions:
        return (1.0,)
    await context.freshness.settled(scope.owners)
    total, counts = await context.sources.index.document_frequencies(scope, [*conditions, All(tuple(conditions))])
    *alone, together = counts
    weights = (round(1.0 + math.log((total + 1) / (n + 1)), 4) for n in alone)
    return (float(required(len(alone), together)), *weights)


async def _parts(context: Context, scope: Scope, query: str, languages: Languages) -> list[Condition]:
    """Longest phrases first: `new york` is one part, and so is a person's whole name."""
    words = tokens(query)
    real = [w for w in words if w not in _SMALL_WORDS] or words
    names = await _names(context, scope)
    parts: list[Condition] = []
    unknown: dict[str, int] = {}
    at = 0
    while at < len(real) and len(parts) < MOST_PARTS:
        size, condition = await _part_at(context, real, at, languages, names)
        if isinstance(condition, Any_) and len(condition.of) == 1:
            unknown[real[at]] = len(parts)
        parts.append(condition)
        at += size
    for word, concepts in (await _by_machine(context, list(unknown), languages)).items():
        parts[unknown[word]] = Any_((*cast("Any_", parts[unknown[word]]).of, AnyOf(Field.LABEL, concepts)))
    return parts


async def _by_machine(context: Context, words: Sequence[str], languages: Languages) -> dict[str, tuple[str, ...]]:
    """The concepts of words that no table knows, where customers' words may go to a machine: one call, never a failure."""
    translator = context.sources.translator
    if not words or not translator.takes_personal_text:
        return {}
    texts = await translator.translate(words, next(iter(languages), None), "en")
    english = {word: text.text for word, text in zip(words, texts, strict=True) if text is not None}
    found = await context.sources.translations.concepts(list(english.values()), ("en",))
    return {w: ids for w, of in zip(english, found, strict=True) if (ids := tuple(m.id for m in of if m.score >= SURE))}


async def _part_at(
    context: Context, words: Sequence[str], at: int, languages: Languages, names: Mapping[str, Sequence[Condition]]
) -> tuple[int, Condition]:
    for size in range(min(LONGEST_RUN, len(words) - at), 0, -1):
        phrase, written = " ".join(words[at : at + size]), rejoined(words[at : at + size])
        if size > LONGEST_PHRASE and " " in written:
            continue
        meanings = [*names.get(phrase, ()), *await _meanings(context, written, languages)]
        if size == 1:
            last = at + 1 == len(words)
            return 1, Any_((HasWord(phrase, fuzzy=True, prefix=last), *meanings))
        if meanings:
            return size, Any_(tuple(meanings))
    raise AssertionError


async def _meanings(context: Context, phrase: str, languages: Languages) -> list[Condition]:
    found: list[Condition] = []
    (concepts,) = await context.sources.translations.concepts([phrase], languages)
    sure = tuple(c.id for c in concepts if c.score >= SURE)
    if sure:
        found.append(AnyOf(Field.LABEL, sure))
    places = await context.sources.locations.search(phrase, languages, prefix=False, limit=20)
    exact = [p.id for p in places if normalize(p.matched_name) == phrase]
    records = await context.places.many(exact)
    by_field: dict[Field, list[str]] = {}
    for record in records:
        by_field.setdefault(_PLACE_FIELDS[record.kind.name], []).append(record.id)
    return found + [AnyOf(f, tuple(ids)) for f, ids in by_field.items()]


async def _names(context: Context, scope: Scope) -> dict[str, list[Condition]]:
    """People and albums by each way of saying their name: whole, and for people by their first name."""
    said: dict[str, list[Condition]] = {}
    for person in await context.sources.people.all(scope):
        words = tokens(person.name or "")
        for name in {" ".join(words), *words[:1]} - {""}:
            said.setdefault(name, []).append(AnyOf(Field.PERSON, (person.record.id,)))
    for album in await context.sources.albums.all(scope):
        title = " ".join(w for w in tokens(album.title or "") if w not in _SMALL_WORDS)
        if title:
            said.setdefault(title, []).append(AnyOf(Field.ALBUM, (album.record.id,)))
    return said
