"""Content negotiation by Accept (RFC 9110, 12.5.1)."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from execution.negotiation import EVENTS, GRAPHQL, JSON, prefers_page, response_type

URQL = "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"


def chosen(*accept: str) -> str | None:
    return response_type(Headers(raw=[(b"accept", one.encode("latin-1")) for one in accept]))


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        # Weights decide before the order.
        ("text/event-stream;q=0.1, application/json", JSON),
        ("application/json;q=0.1, text/event-stream", EVENTS),
        (f"{GRAPHQL};q=0.5, application/json;q=0.6", JSON),
        ("application/json;q=0.999, application/graphql-response+json", GRAPHQL),
        # Of equal weights, the named type before one that matches a wildcard, then the first.
        (f"application/json, {GRAPHQL}", JSON),
        (f"{GRAPHQL}, application/json", GRAPHQL),
        ("text/event-stream, application/json", EVENTS),
        (f"*/*, {GRAPHQL}", GRAPHQL),
        (URQL, GRAPHQL),
        # A weight of zero excludes the type, and a wildcard does not include it again.
        ("application/json;q=0, */*", GRAPHQL),
        (f"*/*, {GRAPHQL};q=0", JSON),
        (f"application/json;q=0, {GRAPHQL};q=0.0, */*", None),
        ("application/*;q=0, */*", None),
        ("text/event-stream;q=0", None),
        ("*/*;q=0", None),
        ("*/*;q=0, application/json", JSON),
        ("application/json;q=0.000", None),
        # The most specific range decides, not the greatest weight.
        (f"*/*;q=1, application/json;q=0.1, {GRAPHQL};q=0.5", GRAPHQL),
        (f"application/*;q=0.9, {GRAPHQL};q=0.2, text/event-stream;q=0.5", JSON),
        ("application/*;q=0.3, */*;q=1, text/event-stream;q=0.5", EVENTS),
        ("application/json;charset=utf-8;q=0.2, application/json, application/graphql-response+json;q=0.5", GRAPHQL),
        ("application/json;version=2;q=0.2, application/json, application/graphql-response+json;q=0.5", JSON),
        # Wildcards mean JSON, never a stream of events.
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", None),
        ("text/*, application/json;q=0.1", JSON),
        (BROWSER, JSON),
        (JAVA, JSON),
        ("", JSON),
        (" , ,", JSON),
        # Case, spaces, parameters and quotes.
        ("Application/JSON ; Q=0.5, TEXT/Event-Stream;q=0.4", JSON),
        ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", GRAPHQL),
        ('multipart/mixed;boundary="a,application/json";subscriptionSpec=1.0, application/json;q=0.5', JSON),
        ('text/event-stream;note="x;q=0";q=0.9, application/json;q=0.8', EVENTS),
        ('text/event-stream;note="unclosed, application/json', EVENTS),
        ("application/json;q=0.5;level=1, text/event-stream;q=0.6", EVENTS),
        ("application/json;version=2", JSON),
        # A range with a malformed weight is ignored.
        *((f"application/json;q={weight}, text/event-stream;q=0.1", EVENTS) for weight in ("", "2", "-1", "1.1", "nan", "inf", "1e-1", "x", "0,5", "١")),
        ("application/json;q=x", None),
        ("text/plain, image/png", None),
        ("json", None),
    ],
)  # fmt: skip
def test_the_response_has_the_type_that_the_client_prefers(accept: str, expected: str | None) -> None:
    text = accept.encode("latin-1", "replace").decode("latin-1")
    assert chosen(text) == expected


def test_several_headers_are_one_list_and_no_header_accepts_any_type() -> None:
    assert chosen("text/event-stream;q=0.1", "application/json") == JSON
    assert chosen() == JSON
    assert chosen(",".join(["text/plain"] * 10_000)) is None


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (BROWSER, True), ("text/html, */*", True), ("text/html;q=0, */*", False), ("text/html;q=0.5, application/json", False),
        ("text/*", False), ("*/*", False), ("text/html", True), ("application/json;q=0.5, text/html;q=0.4", False),
    ],
)  # fmt: skip
def test_only_a_client_that_prefers_html_by_name_gets_the_page(accept: str, page: bool) -> None:
    assert prefers_page(Headers({"accept": accept})) is page
