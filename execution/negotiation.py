"""Content negotiation: the two media types of GraphQL over HTTP, an event stream, or the GraphiQL page."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers

GRAPHQL: Final = "application/graphql-response+json"
JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"
HTML: Final = "text/html"

MAX_RANGES: Final = 50


def accepted(headers: Headers) -> list[tuple[str, float]]:
    """Returns the media ranges of Accept in order, with their weights; a missing header accepts any type."""
    text = ",".join(headers.getlist("accept"))
    ranges = []
    for part in text.split(",")[:MAX_RANGES]:
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name:
            ranges.append((name, _weight(parameters)))
    return ranges or [("*/*", 1.0)]


def response_type(headers: Headers) -> str | None:
    """Returns the media type of the response, or None if the client accepts none of ours.

    Of equal weights the first one wins. An event stream is returned only if it comes first,
    because urql lists it last in every request and cannot read one for a query.
    """
    ranges = accepted(headers)
    if ranges[0][0] == EVENTS and ranges[0][1] > 0:
        return EVENTS
    for name, weight in sorted(ranges, key=lambda one: -one[1]):
        if weight <= 0:
            continue
        if name in (GRAPHQL, JSON):
            return name
        if name in ("*/*", "application/*"):
            return JSON  # clients that do not know the newer type expect this one
    return None


def prefers_page(headers: Headers) -> bool:
    """Whether the client is a browser that navigates to the page."""
    ranges = [(name, weight) for name, weight in accepted(headers) if weight > 0]
    pages = [weight for name, weight in ranges if name == HTML]
    others = [weight for name, weight in ranges if name in (GRAPHQL, JSON, EVENTS)]
    return bool(pages) and max(pages) >= max(others, default=0)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
