"""Words and short phrases in other languages."""

from enum import Enum

import strawberry

from access.classes import DataClass as C
from datasources.translations.port import WordGuess
from resolvers.context import Context
from resolvers.translating import Translated
from schema.fields import field, value, value_field
from schema.place import Label


@strawberry.enum(description="How a translation was found.")
class TranslationMethod(Enum):
    """How a translation was found."""

    TABLE = value(C.PUBLIC, "TABLE", "The hand-written table.")
    CLDR = value(C.PUBLIC, "CLDR", "CLDR.")
    PLACE = value(C.PUBLIC, "PLACE", "Place names.")
    MACHINE = value(C.PUBLIC, "MACHINE", "A machine.")
    NONE = value(C.PUBLIC, "NONE", "Not at all.")


@strawberry.type(description="A translated text.")
class TranslatedText:
    """A translated text."""

    language: str = value_field(C.PUBLIC, "BCP 47.")
    text: str = value_field(C.PUBLIC, "The text; the term itself when nothing is known.")
    method: TranslationMethod = value_field(C.PUBLIC, "How it was found.")
    confidence: float = value_field(C.PUBLIC, "0 to 1.")

    @classmethod
    def of(cls, guess: WordGuess) -> "TranslatedText":
        """As it was found."""
        method = TranslationMethod[guess.method.name]
        return cls(language=guess.language, text=guess.text, method=method, confidence=guess.confidence)


@strawberry.type(description="A term in other languages.")
class Translation:
    """A term in other languages."""

    context: strawberry.Private[Context]
    found: strawberry.Private[Translated]
    targets: strawberry.Private[tuple[str, ...]]

    @field(C.PUBLIC, "The term as asked.")
    def term(self) -> str:
        return self.found.term

    @field(C.PUBLIC, "Its language, as told or recognised.")
    def language(self) -> str | None:
        return self.found.language

    @field(C.PUBLIC, "The concept it stands for.")
    def label(self) -> Label | None:
        concept = self.found.concept
        return None if concept is None else Label(context=self.context, concept=concept)

    @field(C.PUBLIC, "One for each language asked, in that order.")
    def texts(self) -> list[TranslatedText]:
        return [TranslatedText.of(self.found.texts[target]) for target in self.targets]
