"""Translations of words and short phrases."""

from enum import Enum

import strawberry

from access.classes import DataClass as C
from datasources.translations.port import WordGuess
from resolvers.context import Context
from resolvers.translating import Translated
from schema.fields import enum_value, field, value_field
from schema.place import Label


@strawberry.enum(description="How a translation was found.")
class TranslationMethod(Enum):
    """How a translation was found."""

    TABLE = enum_value(C.PUBLIC, "TABLE", "Found in the hand-written vocabulary of labels.")
    CLDR = enum_value(C.PUBLIC, "CLDR", "Found in the Unicode Common Locale Data Repository (CLDR).")
    PLACE = enum_value(C.PUBLIC, "PLACE", "Found among the names of places.")
    MACHINE = enum_value(C.PUBLIC, "MACHINE", "Translated by a machine translation service.")
    NONE = enum_value(C.PUBLIC, "NONE", "Not translated. The text is the term itself.")


@strawberry.type(description="A translation of a term into one language.")
class TranslatedText:
    """A translation into one language."""

    language: str = value_field(C.PUBLIC, "Language of the translation as a BCP 47 tag.")
    text: str = value_field(C.PUBLIC, "Translated text. If no translation was found, it is the term itself.")
    method: TranslationMethod = value_field(C.PUBLIC, "How the translation was found.")
    confidence: float = value_field(C.PUBLIC, "Confidence that the translation is correct, 0 to 1.")

    @classmethod
    def of(cls, guess: WordGuess) -> "TranslatedText":
        """Returns the translation of a guess."""
        method = TranslationMethod[guess.method.name]
        return cls(language=guess.language, text=guess.text, method=method, confidence=guess.confidence)


@strawberry.type(description="A term with its translations.")
class Translation:
    """A term with its translations."""

    context: strawberry.Private[Context]
    found: strawberry.Private[Translated]
    targets: strawberry.Private[tuple[str, ...]]

    @field(C.PUBLIC, "The term as it was passed in `terms`.")
    def term(self) -> str:
        return self.found.term

    @field(C.PUBLIC, "Language of the term, as passed in `from` or as detected. Null if unknown.")
    def language(self) -> str | None:
        return self.found.language

    @field(C.PUBLIC, "Label that the term denotes. Null if there is none.")
    def label(self) -> Label | None:
        concept = self.found.concept
        return None if concept is None else Label(context=self.context, concept=concept)

    @field(C.PUBLIC, "One translation for each language of `to`, in the same order.")
    def texts(self) -> list[TranslatedText]:
        return [TranslatedText.of(self.found.texts[target]) for target in self.targets]
