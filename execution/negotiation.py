"""Which media type a client gets: GraphQL over HTTP's two, an event stream, or a page."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers

GRAPHQL: Final = "application/graphql-response+json"
JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"
HTML: Final = "text/html"

MOST_RANGES: Final = 50


def accepted(headers: Headers) -> list[tuple[str, float]]:
    """The media ranges of Accept in the order given, with their weights; no header accepts anything."""
    text = ",".join(headers.getlist("accept"))
    ranges = []
    for part in text.split(",")[:MOST_RANGES]:
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name:
            ranges.append((name, _weight(parameters)))
    return ranges or [("*/*", 1.0)]


def response_type(headers: Headers) -> str | None:
    """The type to answer an operation with; None where nothing that we have is accepted.

    Of equal weights the first named wins. An event stream only where it is named first:
    urql names it last in every request and would break on it.
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
            return JSON  # what clients that never heard of the newer type expect
    return None


def prefers_page(headers: Headers) -> bool:
    """Whether a person's browser asks."""
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
