"""Search conditions, independent of the engine: fields with their data class, and nested conditions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from access.classes import DataClass
from access.precision import LocationPrecision, TimePrecision


class Kind(Enum):
    """How a field is stored."""

    KEYWORD = "keyword"
    """Any number of exact texts."""
    NUMBER = "number"
    """One number or none."""
    WORDS = "words"
    """Analyzed text."""


_D, _L, _T = DataClass, LocationPrecision, TimePrecision


class Field(Enum):
    """A field of the index: name, kind, data class, and the minimum precision of a share at which it may be used."""

    OWNER = ("owner", Kind.KEYWORD, _D.OPERATIONAL, None)
    ALBUM = ("album", Kind.KEYWORD, _D.CONTENT, None)
    STATE = ("state", Kind.KEYWORD, _D.OPERATIONAL, None)
    MEDIA_TYPE = ("media_type", Kind.KEYWORD, _D.OPERATIONAL, None)
    CAMERA = ("camera", Kind.KEYWORD, _D.OPERATIONAL, None)
    LENS = ("lens", Kind.KEYWORD, _D.OPERATIONAL, None)
    ORIENTATION = ("orientation", Kind.KEYWORD, _D.OPERATIONAL, None)
    ISO = ("iso", Kind.NUMBER, _D.OPERATIONAL, None)
    APERTURE = ("aperture", Kind.NUMBER, _D.OPERATIONAL, None)
    FOCAL_LENGTH = ("focal_length", Kind.NUMBER, _D.OPERATIONAL, None)
    WIDTH = ("width", Kind.NUMBER, _D.OPERATIONAL, None)
    HEIGHT = ("height", Kind.NUMBER, _D.OPERATIONAL, None)
    DURATION = ("duration", Kind.NUMBER, _D.OPERATIONAL, None)
    ADDED_AT = ("added_at", Kind.NUMBER, _D.TIME, _T.EXACT)
    """Milliseconds since 1970."""
    INSTANT = ("instant", Kind.NUMBER, _D.TIME, _T.EXACT)
    """Seconds since 1970, if the UTC offset is known. Requires city precision as well, which `row_security` adds."""
    DAY = ("day", Kind.NUMBER, _D.TIME, _T.DAY)
    """The local date as 20240501."""
    YEAR = ("year", Kind.NUMBER, _D.TIME, _T.DAY)
    YEAR_MONTH = ("year_month", Kind.NUMBER, _D.TIME, _T.DAY)
    """The local month as 202405."""
    MONTH = ("month", Kind.NUMBER, _D.TIME, _T.DAY)
    MONTH_DAY = ("month_day", Kind.NUMBER, _D.TIME, _T.DAY)
    """The local month and day as 1224."""
    WEEKDAY = ("weekday", Kind.NUMBER, _D.TIME, _T.DAY)
    """1 (Monday) to 7 (Sunday)."""
    COUNTRY = ("country", Kind.KEYWORD, _D.PLACE, _L.COUNTRY)
    REGION = ("region", Kind.KEYWORD, _D.PLACE, _L.CITY)
    CITY = ("city", Kind.KEYWORD, _D.PLACE, _L.CITY)
    LOCALITY = ("locality", Kind.KEYWORD, _D.PLACE, _L.KILOMETER)
    HAS_LOCATION = ("has_location", Kind.KEYWORD, _D.LOCATION, _L.COUNTRY)
    """`true` or `false`."""
    HOME = ("home", Kind.KEYWORD, _D.LOCATION, _L.EXACT)
    """`true` inside a home zone of the owner, where others see at most the city. Used by `row_security`, not by clients."""
    LABEL = ("label", Kind.KEYWORD, _D.CONTENT, None)
    KEYWORD = ("keyword", Kind.KEYWORD, _D.CONTENT, None)
    """In the spelling of the owner."""
    TEXT = ("text", Kind.WORDS, _D.CONTENT, None)
    """Caption, recognized text and keywords."""
    FILE_NAME = ("file_name", Kind.WORDS, _D.FILE_NAME, None)
    """Matches by any substring."""
    HAS_CAPTION = ("has_caption", Kind.KEYWORD, _D.CONTENT, None)
    PERSON = ("person", Kind.KEYWORD, _D.BIOMETRIC, None)
    HAS_PEOPLE = ("has_people", Kind.KEYWORD, _D.BIOMETRIC, None)
    FAVORITE = ("favorite", Kind.KEYWORD, _D.OWNER_STATE, None)
    RATING = ("rating", Kind.NUMBER, _D.OWNER_STATE, None)

    def __init__(self, label: str, kind: Kind, data_class: DataClass, least: LocationPrecision | TimePrecision | None) -> None:
        self.label = label
        self.kind = kind
        self.data_class = data_class
        self.least = least


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every photo."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Matches no photo."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A KEYWORD field has at least one of these values; with no values it matches no photo."""

    field: Field
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """A NUMBER field is between `low` and `high`, inclusive; None is unbounded, and two Nones match any value."""

    field: Field
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class WithinBox:
    """The photo's point at this precision is inside the box, edges included; west > east crosses the date line."""

    level: LocationPrecision
    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class WithinCircle:
    """The photo's point at this precision is within `radius_m` of a point (great-circle distance)."""

    level: LocationPrecision
    latitude: float
    longitude: float
    radius_m: float


@dataclass(frozen=True, slots=True)
class HasWord:
    """TEXT contains a word with the same stem, ignoring accents and case; `prefix` matches beginnings, `fuzzy` one typo.

    A `word` of several tokens (`datasources.words.tokens`), such as CJK text or a phrase, matches these tokens in order.
    `exact`: only the word as it is, with no other inflection. `languages`: BCP 47 tags of those whose inflections match.
    """

    word: str
    fuzzy: bool = False
    prefix: bool = False
    exact: bool = False
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileNamePart:
    """The file name contains this text, ignoring case."""

    part: str


@dataclass(frozen=True, slots=True)
class All:
    """All conditions match; true for an empty list."""

    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801 - `Any` is a name of `typing`
    """At least one condition matches; false for an empty list."""

    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not match."""

    of: Condition


Condition = Everything | Nothing | AnyOf | Between | WithinBox | WithinCircle | HasWord | FileNamePart | All | Any_ | Not
