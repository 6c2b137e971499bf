"""Compiles a search text: each word or phrase, in any language, matches texts, concepts, places, people or albums.

A part found in n of N photos has the weight 1 + ln((N + 1) / (n + 1)): the smoothed inverse document frequency of Salton
and Buckley (1988) plus one, so that a word of every photo still counts. Frequencies are counted inside the viewer's scope,
so that other customers' photos do not influence the ranking and cannot be inferred from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from access.scope import Scope
from datasources.search.conditions import All, Any_, AnyOf, Condition, Field, HasWord
from datasources.search.port import Clause, TextQuery
from datasources.words import join_tokens, normalize, tokens
from resolvers.context import Context, Languages
from resolvers.errors import BadInput
from resolvers.filters import compile_filter
from resolvers.paging import CursorCodec, page_request
from resolvers.photo_set import ORDERS, PhotoSet
from resolvers.search_loader import PhotoQuery

MAX_QUERY_LENGTH = 500
MAX_PARTS = 24
MAX_PHRASE_WORDS = 4
MAX_PHRASE_TOKENS = 8
"""Maximum tokens of a phrase in a script without spaces, where each token is a pair of characters."""
MIN_CONCEPT_SCORE = 0.6
"""An exact word of any language reaches this score; an inflected form only in the viewer's languages."""
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
    """The photos that match a text; raises `BadInput` for a too long text."""
    if len(query) > MAX_QUERY_LENGTH:
        raise BadInput(f"`query` must have at most {MAX_QUERY_LENGTH} characters.", "QUERY_SIZE")
    compiled = compile_filter(given, context.sources.ids)
    request = page_request(**page)
    conditions = await _parts(context, scope, query, languages)
    bound = ("search", compiled.full(), order, query, languages, scope.profile)
    codec = CursorCodec(context.sources.cursors, context.viewer.key, bound, lambda: context.sources.now_ms() // 1_000)
    decoded = codec.read(request.cursor)
    needed, *weights = decoded.weights if decoded else await _weights(context, scope, conditions)
    if len(weights) != len(conditions):
        needed, *weights = await _weights(context, scope, conditions)
    clauses = tuple(Clause(c, w) for c, w in zip(conditions, weights, strict=True))
    text = TextQuery(clauses, int(needed))
    photo_query = PhotoQuery(scope=scope, condition=compiled.full(), text=text, order=ORDERS[order])
    return PhotoSet(context, photo_query, compiled, request, codec, weights=(needed, *weights), best_score=sum(weights))


def required_matches(parts: int, together: int) -> int:
    """How many parts of a text a photo must match: all of one or two, two of three to eight, a third of more.

    For two parts that no photo contains together, one is enough, so that the search still returns close matches.
    """
    if parts == 2 and not together:  # noqa: PLR2004 - documented above
        return 1
    if parts <= 2:  # noqa: PLR2004 - documented above
        return max(parts, 1)
    return max(2, parts // 3)


async def _weights(context: Context, scope: Scope, conditions: Sequence[Condition]) -> tuple[float, ...]:
    """The required number of parts, then the weight of each. One index call; later pages read them from the cursor."""
    if not conditions:
        return (1.0,)
    await context.index_lag.wait_until_indexed(scope.owners)
    total, counts = await context.sources.index.document_frequencies(scope, [*conditions, All(tuple(conditions))])
    *alone, together = counts
    weights = (round(1.0 + math.log((total + 1) / (n + 1)), 4) for n in alone)
    return (float(required_matches(len(alone), together)), *weights)


async def _parts(context: Context, scope: Scope, query: str, languages: Languages) -> list[Condition]:
    """The conditions of the text's parts. The longest phrase wins: `new york` and a person's full name are one part each."""
    words = tokens(query)
    real = [w for w in words if w not in _SMALL_WORDS] or words
    names = await _names(context, scope)
    parts: list[Condition] = []
    unknown: dict[str, int] = {}
    at = 0
    while at < len(real) and len(parts) < MAX_PARTS:
        size, condition = await _part_at(context, real, at, languages, names)
        if isinstance(condition, Any_) and len(condition.of) == 1:
            unknown[real[at]] = len(parts)
        parts.append(condition)
        at += size
    for word, concepts in (await _by_machine(context, list(unknown), languages)).items():
        parts[unknown[word]] = Any_((*cast("Any_", parts[unknown[word]]).of, AnyOf(Field.LABEL, concepts)))
    return parts


async def _by_machine(context: Context, words: Sequence[str], languages: Languages) -> dict[str, tuple[str, ...]]:
    """Concepts of unknown words by machine translation, if the translator may receive personal text; one call."""
    translator = context.sources.translator
    if not words or not translator.takes_personal_text:
        return {}
    texts = await translator.translate(words, next(iter(languages), None), "en")
    english = {word: text.text for word, text in zip(words, texts, strict=True) if text is not None}
    found = await context.sources.translations.concepts(list(english.values()), ("en",))
    return {
        w: ids for w, of in zip(english, found, strict=True) if (ids := tuple(m.id for m in of if m.score >= MIN_CONCEPT_SCORE))
    }


async def _part_at(
    context: Context, words: Sequence[str], at: int, languages: Languages, names: Mapping[str, Sequence[Condition]]
) -> tuple[int, Condition]:
    for size in range(min(MAX_PHRASE_TOKENS, len(words) - at), 0, -1):
        phrase, written = " ".join(words[at : at + size]), join_tokens(words[at : at + size])
        if size > MAX_PHRASE_WORDS and " " in written:
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
    concept_ids = tuple(c.id for c in concepts if c.score >= MIN_CONCEPT_SCORE)
    if concept_ids:
        found.append(AnyOf(Field.LABEL, concept_ids))
    places = await context.sources.locations.search(phrase, languages, prefix=False, limit=20)
    exact = [p.id for p in places if normalize(p.matched_name) == phrase]
    records = await context.places.many(exact)
    by_field: dict[Field, list[str]] = {}
    for record in records:
        by_field.setdefault(_PLACE_FIELDS[record.kind.name], []).append(record.id)
    return found + [AnyOf(f, tuple(ids)) for f, ids in by_field.items()]


async def _names(context: Context, scope: Scope) -> dict[str, list[Condition]]:
    """Conditions for people and albums by normalized name; people also by first name."""
    by_name: dict[str, list[Condition]] = {}
    for person in await context.sources.people.all(scope):
        words = tokens(person.name or "")
        for name in {" ".join(words), *words[:1]} - {""}:
            by_name.setdefault(name, []).append(AnyOf(Field.PERSON, (person.record.id,)))
    for album in await context.sources.albums.all(scope):
        title = " ".join(w for w in tokens(album.title or "") if w not in _SMALL_WORDS)
        if title:
            by_name.setdefault(title, []).append(AnyOf(Field.ALBUM, (album.record.id,)))
    return by_name
