"""Words and short phrases in other languages: by the concept they stand for, by a place's names, then by a machine.

Every answer says by which of these, and how sure. Customers' words are personal text: a machine gets them only where
that is allowed; what a service asks to be translated, it asks for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from access.viewer import ViewerKind
from datasources.locales import lineage
from datasources.translations.port import ConceptId, ConceptMatch, MachineText, Method, WordGuess
from datasources.words import normalize
from resolvers.context import Context, Languages
from resolvers.errors import BadInput

MOST_TERMS: Final = 200
MOST_LANGUAGES: Final = 20
LONGEST_TERM: Final = 200
_BY_PLACE: Final = 0.9
_BY_UNTAGGED_PLACE: Final = 0.7
"""The gazetteer's own names say no language; they are what English texts write, mostly."""
_BY_MACHINE: Final = 0.7
_BY_MACHINE_UNTOLD: Final = 0.5
"""A machine says nothing of how sure it is; it is less so where it had to recognise the language."""
_NO_LANGUAGE: Final = "und"


@dataclass(slots=True)
class Translated:
    """A term as asked, the language it was told or understood in, what it stands for, a text for each language wanted."""

    term: str
    language: str | None
    match: ConceptMatch | None
    texts: dict[str, WordGuess] = field(default_factory=dict)

    @property
    def concept(self) -> ConceptId | None:
        """The concept it stands for."""
        return None if self.match is None else self.match.id


async def translate(context: Context, terms: Sequence[str], source: str | None, targets: Sequence[str]) -> list[Translated]:
    """Each term in each language, in the order asked; raises `BadInput` beyond bounds."""
    _check(terms, source, targets)
    told = (source,) if source is not None else context.languages
    found = await _understood(context, terms, source, told)
    for target in dict.fromkeys(targets):
        await _by_concept(context, found, target)
    await _by_place(context, found, told, targets)
    for target in dict.fromkeys(targets):
        await _by_machine(context, found, source, target)
    for one in found:
        for target in targets:
            same = one.language is not None and target in lineage(one.language)
            one.texts.setdefault(target, WordGuess(one.term, target, Method.NONE, 1.0 if same else 0.0))
    return found


def _check(terms: Sequence[str], source: str | None, targets: Sequence[str]) -> None:
    if len(terms) > MOST_TERMS:
        raise BadInput(f"at most {MOST_TERMS} terms", "LIST_SIZE")
    if len(targets) > MOST_LANGUAGES:
        raise BadInput(f"at most {MOST_LANGUAGES} languages", "LIST_SIZE")
    if any(len(term) > LONGEST_TERM for term in terms):
        raise BadInput(f"a term may have {LONGEST_TERM} characters", "TERM_SIZE")
    unusable = [tag for tag in (*targets, *(() if source is None else (source,))) if not lineage(tag)]
    if unusable:
        raise BadInput("a language must be a BCP 47 tag such as `pt-BR`", "LANGUAGE")


async def _understood(context: Context, terms: Sequence[str], source: str | None, told: Languages) -> list[Translated]:
    distinct = list(dict.fromkeys(terms))
    matches = await context.sources.translations.concepts(distinct, told)
    by_term: dict[str, Translated] = {}
    for term, found in zip(distinct, matches, strict=True):
        # A term that is said to be Spanish is not taken for the German word that is spelt like it.
        first = next((m for m in found if source is None or m.language in {*lineage(source), _NO_LANGUAGE}), None)
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


async def _by_place(context: Context, known: Sequence[Translated], told: Languages, targets: Sequence[str]) -> None:
    """The names of the places that the terms without a concept name."""
    places: dict[str, str] = {}
    for one in known:
        if one.concept is None and one.term not in places and normalize(one.term):
            matches = await context.sources.locations.search(one.term, told, prefix=False, limit=1)
            if matches and normalize(matches[0].matched_name) == normalize(one.term):
                places[one.term] = matches[0].id
    for target in dict.fromkeys(targets) if places else ():
        names = await context.sources.locations.names(list(dict.fromkeys(places.values())), (target,))
        for one in known:
            name = names.get(places.get(one.term, ""))
            if name is not None and name.language in lineage(target):
                one.texts[target] = WordGuess(name.text, name.language, Method.PLACE, _BY_PLACE)
            elif name is not None and name.language == _NO_LANGUAGE and lineage(target)[-1] == "en":
                one.texts[target] = WordGuess(name.text, target, Method.PLACE, _BY_UNTAGGED_PLACE)


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
            sure = _BY_MACHINE if source is not None else _BY_MACHINE_UNTOLD
            one.texts[target] = WordGuess(text.text, target, Method.MACHINE, sure)
            one.language = one.language or text.source
