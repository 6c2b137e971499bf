"""The parts of a search text. Each word or phrase matches texts and, in addition, what it may mean.

A meaning (a concept, a place, a person, an album, a date, a camera, a media type) adds to the match of the text and never
replaces it, so a photo that holds what was typed is found. Every condition has the class of its own field, so that a viewer
who may not see places or names does not find by them (`datasources/search/row_security.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from access.scope import Scope
from datasources.search.conditions import All, Any_, AnyOf, Condition, Field, FileNamePart, HasWord
from datasources.words import is_unspaced, join_tokens, token_text
from resolvers.context import Context, Languages
from resolvers.text_dates import date_at
from resolvers.text_names import names
from resolvers.text_syntax import Run, parse

MAX_PARTS = 24
MAX_PHRASE_WORDS = 4
MAX_PHRASE_TOKENS = 8
"""Maximum tokens of a phrase in a script without spaces, where each token is a pair of characters."""
MIN_CONCEPT_SCORE = 0.6
"""An exact word of any language reaches this score; an inflected form only in the viewer's languages."""
_SYNONYM_SCORE = 0.9
"""From this score a concept also matches texts by its other words in the same language."""
_PLACE_FIELDS = {"COUNTRY": Field.COUNTRY, "REGION": Field.REGION, "CITY": Field.CITY, "LOCALITY": Field.LOCALITY}
_MIN_NAME_PART = 4
"""Letters of a word that is looked up in file names; with digits one fewer is enough."""
_EDGES = re.compile(r"^\W+|\W+$")
SMALL_WORDS = frozenset(
    "a l d an and are as at be been by for from has have he her his in into is it its me my near of off on or our out she some "
    "that the their them there these they this to two up us was we were what where which while who with you your "
    "der die das den dem des ein eine einen einem und im am an auf mit von zu bei aus ist "
    "le la les un une des du de et en au aux dans sur avec el los las una unos unas y del al con por para "
    "il lo gli i uno e di da su per o os as um uma em no na nos nas do dos com para het een van op met".split()
)


class Part(NamedTuple):
    """A word or phrase: what it matches, and the text exactly as typed, which ranks higher."""

    condition: Condition
    as_typed: Condition | None


class _Compiler:
    """Compiles the runs of one query."""

    def __init__(self, context: Context, languages: Languages, by_name: Mapping[str, Sequence[Condition]], today: date) -> None:
        self._context = context
        self._languages = languages
        self._by_name = by_name
        self._today = today
        self.unknown: dict[str, int] = {}
        """Words without a meaning, and the number of their part."""

    async def run(self, run: Run, *, last: bool, first: int) -> list[Part]:
        """The parts of a run. The longest phrase with a meaning wins; `first` is the number of the next part."""
        if run.quoted or run.excluded:
            return [await self._literal(run)]
        parts: list[Part] = []
        at, real = 0, any(w not in SMALL_WORDS for w in run.words)
        while at < len(run.words) and first + len(parts) < MAX_PARTS:
            size, meanings = await self._longest(run, at)
            if not meanings:
                size = self._typed_size(run, at)
            if size == 1 and run.words[at] in SMALL_WORDS and real and not meanings:
                at += 1
                continue
            if size == 1 and not meanings:
                self.unknown[run.words[at]] = first + len(parts)
            parts.append(self._part(run, at, size, meanings, prefix=last and at + size == len(run.words)))
            at += size
        return parts

    async def _literal(self, run: Run) -> Part:
        """A quoted phrase, or a word to exclude: the text in order, and names that are equal to it."""
        phrase = join_tokens(run.words)
        text = HasWord(phrase, exact=True) if run.quoted else self._word(phrase)
        meanings = [*self._by_name.get(" ".join(run.words), ())]
        if not run.quoted:
            meanings += await self._meanings(phrase)
        return Part(Any_((text, *_in_file_names(run, 0, len(run.words)), *meanings)), None)

    async def _longest(self, run: Run, at: int) -> tuple[int, list[Condition]]:
        """The longest phrase from here that means something, and its meanings; (1, []) if there is none."""
        if run.words[at] in SMALL_WORDS and at + 1 < len(run.words) and date_at(run, at + 1, self._today) is not None:
            return 1, []  # `in July`, `l'été 2019`: the date is the phrase
        dated = date_at(run, at, self._today)
        for size in range(min(MAX_PHRASE_TOKENS, len(run.words) - at), 0, -1):
            words = run.words[at : at + size]
            written = join_tokens(words)
            if (size > MAX_PHRASE_WORDS and " " in written) or run.divided(at + size):
                continue
            meanings = [dated[1]] if dated is not None and dated[0] == size else []
            meanings += self._by_name.get(" ".join(words), ())
            if any(w not in SMALL_WORDS for w in words) and (size > 1 or not words[0].isdecimal()):
                meanings += await self._meanings(written)
            if meanings:
                return size, meanings
        return 1, []

    @staticmethod
    def _typed_size(run: Run, at: int) -> int:
        """The tokens of a word such as `o'brien` or `IMG_1234.JPG`, which are one part; 1 in scripts without spaces."""
        size = 1
        while at + size < len(run.words) and run.source[at + size] == run.source[at]:
            size += 1
        return 1 if is_unspaced(run.words[at]) else size

    def _part(self, run: Run, at: int, size: int, meanings: Sequence[Condition], *, prefix: bool) -> Part:
        words = run.words[at : at + size]
        written = join_tokens(words)
        if size == 1:
            text: Condition = HasWord(words[0], fuzzy=True, prefix=prefix, languages=self._languages)
        elif " " not in written:
            text = HasWord(written)
        else:
            telling = [w for w in words if w not in SMALL_WORDS and (len(w) > 1 or w.isdecimal())]
            text = All(tuple(map(self._word, telling or words)))
        return Part(Any_((text, *_in_file_names(run, at, size), *meanings)), HasWord(written, exact=True))

    def _word(self, word: str) -> HasWord:
        return HasWord(word, languages=self._languages)

    async def _meanings(self, phrase: str) -> list[Condition]:
        """The concepts and places of a phrase."""
        sources, found = self._context.sources, list[Condition]()
        (concepts,) = await sources.translations.concepts([phrase], self._languages)
        concept_ids = tuple(c.id for c in concepts if c.score >= MIN_CONCEPT_SCORE)
        if concept_ids:
            found.append(AnyOf(Field.LABEL, concept_ids))
            certain = [c for c in concepts if c.score >= _SYNONYM_SCORE]
            for language in dict.fromkeys(c.language for c in certain):
                ids = [c.id for c in certain if c.language == language]
                found += [self._word(word) for word in await sources.translations.synonyms(ids, language) if word != phrase]
        places = await sources.locations.search(phrase, self._languages, prefix=False, limit=20)
        records = await self._context.places.many([p.id for p in places if _equal_names(p.matched_name, phrase)])
        by_field: dict[Field, list[str]] = {}
        for record in records:
            by_field.setdefault(_PLACE_FIELDS[record.kind.name], []).append(record.id)
        return found + [AnyOf(f, tuple(ids)) for f, ids in by_field.items()]


async def parts_of(context: Context, scope: Scope, query: str, languages: Languages) -> tuple[list[Part], list[Condition]]:
    """The parts of a query, and the conditions that it excludes."""
    runs = parse(query)
    words = [word for run in runs for word in run.words]
    today = datetime.fromtimestamp(context.sources.now_ms() / 1_000, UTC).date()
    compiler = _Compiler(context, languages, await names(context, scope, words, SMALL_WORDS), today)
    parts: list[Part] = []
    excluded: list[Condition] = []
    for number, run in enumerate(runs):
        found = await compiler.run(run, last=number + 1 == len(runs), first=len(parts))
        if run.excluded:
            excluded += [part.condition for part in found]
            continue
        if run.joined and parts and found:
            before, after = parts.pop(), found[0]
            found[0] = Part(Any_((before.condition, after.condition)), None)
        parts += found
    for word, concepts in (await _by_machine(context, list(compiler.unknown), languages)).items():
        part = parts[compiler.unknown[word]]
        parts[compiler.unknown[word]] = part._replace(condition=Any_((part.condition, AnyOf(Field.LABEL, concepts))))
    return parts, excluded


def _equal_names(one: str, other: str) -> bool:
    """Whether two names have the same letters, however they are divided: `U.S.A.` and `USA`, `Xi'an` and `xian`."""
    return token_text(one).replace(" ", "") == token_text(other).replace(" ", "")


def _in_file_names(run: Run, at: int, size: int) -> list[Condition]:
    """A condition for a typed word that may be a part of a file name."""
    first, last = run.source[at], run.source[at + size - 1]
    if run.quoted:
        part = run.typed[0].strip()
    elif (
        first == last
        and (at == 0 or run.source[at - 1] != first)
        and (at + size == len(run.words) or run.source[at + size] != first)
    ):
        part = _EDGES.sub("", run.typed[first])
    else:
        return []
    least = _MIN_NAME_PART - any(c.isdigit() for c in part)
    return [FileNamePart(part)] if len(part) >= least or (part and is_unspaced(part)) else []


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
