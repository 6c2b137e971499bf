"""Translates words and short phrases: by their concept, by place names, then by machine translation.

Every result has its method and confidence. Customers' words are personal text and go to machine translation only if the
translator is configured for it; terms from services are always sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from access.viewer import ViewerKind
from datasources.locales import tag_and_parents
from datasources.translations.port import ConceptId, ConceptMatch, MachineText, Method, WordGuess
from datasources.words import normalize
from resolvers.context import Context, Languages
from resolvers.errors import BadInput

MAX_TERMS: Final = 200
MAX_LANGUAGES: Final = 20
MAX_TERM_LENGTH: Final = 200
_PLACE_CONFIDENCE: Final = 0.9
_UNTAGGED_PLACE_CONFIDENCE: Final = 0.7
"""Gazetteer names without a language tag are mostly those used in English texts."""
_MACHINE_CONFIDENCE: Final = 0.7
_MACHINE_CONFIDENCE_UNKNOWN_SOURCE: Final = 0.5
"""Machine translation returns no confidence; it is lower if the source language had to be detected."""
_NO_LANGUAGE: Final = "und"


@dataclass(slots=True)
class Translated:
    """A requested term, its given or detected language, its concept, and a translation for each target language."""

    term: str
    language: str | None
    match: ConceptMatch | None
    texts: dict[str, WordGuess] = field(default_factory=dict)

    @property
    def concept(self) -> ConceptId | None:
        """The id of the matched concept."""
        return None if self.match is None else self.match.id


async def translate(context: Context, terms: Sequence[str], source: str | None, targets: Sequence[str]) -> list[Translated]:
    """Each term in each target language, in the order of the request; raises `BadInput` beyond the limits."""
    _check(terms, source, targets)
    languages = (source,) if source is not None else context.languages
    found = await _match_concepts(context, terms, source, languages)
    for target in dict.fromkeys(targets):
        await _by_concept(context, found, target)
    await _by_place(context, found, languages, targets)
    for target in dict.fromkeys(targets):
        await _by_machine(context, found, source, target)
    for one in found:
        for target in targets:
            same = one.language is not None and target in tag_and_parents(one.language)
            one.texts.setdefault(target, WordGuess(one.term, target, Method.NONE, 1.0 if same else 0.0))
    return found


def _check(terms: Sequence[str], source: str | None, targets: Sequence[str]) -> None:
    if len(terms) > MAX_TERMS:
        raise BadInput(f"At most {MAX_TERMS} terms are allowed.", "LIST_SIZE")
    if len(targets) > MAX_LANGUAGES:
        raise BadInput(f"At most {MAX_LANGUAGES} languages are allowed.", "LIST_SIZE")
    if any(len(term) > MAX_TERM_LENGTH for term in terms):
        raise BadInput(f"A term must have at most {MAX_TERM_LENGTH} characters.", "TERM_SIZE")
    invalid = [tag for tag in (*targets, *(() if source is None else (source,))) if not tag_and_parents(tag)]
    if invalid:
        raise BadInput("A language must be a BCP 47 tag such as `pt-BR`.", "LANGUAGE")


async def _match_concepts(context: Context, terms: Sequence[str], source: str | None, languages: Languages) -> list[Translated]:
    distinct = list(dict.fromkeys(terms))
    matches = await context.sources.translations.concepts(distinct, languages)
    by_term: dict[str, Translated] = {}
    for term, found in zip(distinct, matches, strict=True):
        # A term given as Spanish must not match a German word with the same spelling.
        first = next((m for m in found if source is None or m.language in {*tag_and_parents(source), _NO_LANGUAGE}), None)
        language = source or (first.language if first is not None and first.language != _NO_LANGUAGE else None)
        by_term[term] = Translated(term, language, first)
    return [by_term[term] for term in terms]


async def _by_concept(context: Context, known: Sequence[Translated], target: str) -> None:
    concepts = list(dict.fromkeys(one.concept for one in known if one.concept is not None))
    guesses = await context.sources.translations.guesses(concepts, target)
    for one in known:
        guess = None if one.concept is None else guesses.get(one.concept)
        if guess is None or one.match is None:
            continue
        if one.match.language == guess.language:
            guess = guess._replace(text=one.term, method=one.match.method, confidence=1.0)
        weaker = Method.CLDR if Method.CLDR in {guess.method, one.match.method} else guess.method
        one.texts[target] = guess._replace(method=weaker, confidence=round(guess.confidence * one.match.score, 2))


async def _by_place(context: Context, known: Sequence[Translated], languages: Languages, targets: Sequence[str]) -> None:
    """Translates terms without a concept that are names of places."""
    places: dict[str, str] = {}
    for one in known:
        if one.concept is None and one.term not in places and normalize(one.term):
            matches = await context.sources.locations.search(one.term, languages, prefix=False, limit=1)
            if matches and normalize(matches[0].matched_name) == normalize(one.term):
                places[one.term] = matches[0].id
    for target in dict.fromkeys(targets) if places else ():
        names = await context.sources.locations.names(list(dict.fromkeys(places.values())), (target,))
        for one in known:
            name = names.get(places.get(one.term, ""))
            if name is not None and name.language in tag_and_parents(target):
                one.texts[target] = WordGuess(name.text, name.language, Method.PLACE, _PLACE_CONFIDENCE)
            elif name is not None and name.language == _NO_LANGUAGE and tag_and_parents(target)[-1] == "en":
                one.texts[target] = WordGuess(name.text, target, Method.PLACE, _UNTAGGED_PLACE_CONFIDENCE)


async def _by_machine(context: Context, known: Sequence[Translated], source: str | None, target: str) -> None:
    translator = context.sources.translator
    if context.viewer.kind is not ViewerKind.SERVICE and not translator.takes_personal_text:
        return
    missing = list(dict.fromkeys(one.term for one in known if target not in one.texts))
    texts: Mapping[str, MachineText | None] = {}
    if missing:
        texts = dict(zip(missing, await translator.translate(missing, source, target), strict=True))
    for one in known:
        text = texts.get(one.term)
        if text is not None and target not in one.texts:
            confidence = _MACHINE_CONFIDENCE if source is not None else _MACHINE_CONFIDENCE_UNKNOWN_SOURCE
            one.texts[target] = WordGuess(text.text, target, Method.MACHINE, confidence)
            one.language = one.language or text.source
