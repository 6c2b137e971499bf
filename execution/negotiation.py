"""Content negotiation (RFC 9110, 12.5): the media types of GraphQL over HTTP, an event stream, the GraphiQL page, and gzip."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from starlette.datastructures import Headers

GRAPHQL: Final = "application/graphql-response+json"
JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"
HTML: Final = "text/html"

MAX_RANGES: Final = 50
# Of equally good types the first one: clients that do not know the newer type expect `application/json`.
_RESPONSES: Final = (JSON, GRAPHQL)
# Only clients that name these types can use them; a client with `*/*` cannot read a stream of events.
_ONLY_BY_NAME: Final = (EVENTS, HTML)
_PART: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')  # commas inside quotes do not separate ranges
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"?')
_WEIGHT: Final = re.compile(r"0?\.\d+|0\.?|1(?:\.0*)?", re.ASCII)  # Java sends `.2`


class MediaRange(NamedTuple):
    """A media range of Accept: its name in lower case, its weight, and its precedence (more specific ranges are higher)."""

    name: str
    weight: float
    precedence: int


class Match(NamedTuple):
    """How well a type fits: the weight of the most specific range that matches it, then whether the range names it."""

    weight: float
    named: bool
    position: int
    """Minus the place of the range in the header, so that of equal ranges the first one is the greatest."""


def accepted(headers: Headers) -> list[MediaRange]:
    """Returns the media ranges of Accept in order, without those whose weight is malformed; a missing header accepts any type."""
    parts = _parts(headers, "accept")
    return [found for found in map(_media_range, parts) if found is not None] if parts else [MediaRange("*/*", 1.0, 0)]


def accepts_gzip(headers: Headers) -> bool:
    """Whether the client prefers gzip to an uncompressed response (RFC 9110, 12.5.3); without Accept-Encoding it does not."""
    codings = [found for found in map(_media_range, _parts(headers, "accept-encoding")) if found is not None]
    weights = {found.name: found.weight for found in reversed(codings)}  # of equal names the first one
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _parts(headers: Headers, name: str) -> list[str]:
    return [part for part in _PART.findall(",".join(headers.getlist(name)))[:MAX_RANGES] if part.strip()]


def response_type(headers: Headers) -> str | None:
    """Returns the media type of the response, or None if the client accepts none of ours.

    The type with the highest weight wins; of equal weights the one that the client names, and of those the first one.
    """
    found = _best(accepted(headers), (*_RESPONSES, EVENTS))
    return found[0] if found else None


def prefers_page(headers: Headers) -> bool:
    """Whether the client is a browser that navigates to the page."""
    found = _best(accepted(headers), (*_RESPONSES, EVENTS, HTML))
    return found is not None and found[0] == HTML


def _best(ranges: list[MediaRange], types: tuple[str, ...]) -> tuple[str, Match] | None:
    matches = [(name, match) for name in types if (match := _match(name, ranges)) is not None and match.weight > 0]
    return max(matches, key=lambda one: one[1], default=None)  # of equal matches the first one


def _match(media_type: str, ranges: list[MediaRange]) -> Match | None:
    """Returns the match of the most specific range, which decides even if a less specific one has a higher weight."""
    names = {media_type} if media_type in _ONLY_BY_NAME else {media_type, media_type.partition("/")[0] + "/*", "*/*"}
    matching = [(found, -place) for place, found in enumerate(ranges) if found.name in names]
    if not matching:
        return None
    found, position = max(matching, key=lambda one: (one[0].precedence, one[1]))
    return Match(found.weight, found.name == media_type, position)


def _media_range(part: str) -> MediaRange | None:
    """Returns None if the weight is malformed."""
    name, *pieces = (piece.strip().lower() for piece in _QUOTED.sub(_without_separators, part).split(";"))
    parameters: list[tuple[str, str]] = []
    for piece in pieces:
        key, _, value = (text.strip() for text in piece.partition("="))
        if key == "q":
            return MediaRange(name, float(value), _precedence(name, parameters)) if _WEIGHT.fullmatch(value) else None
        parameters.append((key, value.strip('"')))
    return MediaRange(name, 1.0, _precedence(name, parameters))


def _without_separators(quoted: re.Match[str]) -> str:
    return quoted[0].replace(";", " ").replace("=", " ")


def _precedence(name: str, parameters: list[tuple[str, str]]) -> int:
    """`*/*` is lowest, then `type/*`, then a type, then a type with the charset of our responses.

    A range with other parameters does not match our types exactly, so it decides only if no other range matches.
    """
    if name.endswith("/*"):
        return 0 if name == "*/*" else 1
    if not parameters:
        return 2
    return 3 if all(parameter in {("charset", "utf-8"), ("charset", "utf8")} for parameter in parameters) else -1
