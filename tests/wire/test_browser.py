from __future__ import annotations

import json

import pytest

from tests.wire.conftest import Node
from tests.wire.targets import ROOT, Gateway

pytestmark = [pytest.mark.node, pytest.mark.browser]


def test_graphiql_works_in_a_browser_under_the_strict_policy(gateway: Gateway, node: Node, chromium: str) -> None:
    picture = ROOT / ".cache" / f"graphiql-{gateway.name}.png"
    report = json.loads(node("browser.mjs", gateway.url, chromium, str(picture)).splitlines()[-1])
    assert "script-src 'self';" in report["policy"]
    assert (report["violations"], report["errors"], report["foreign"]) == ([], [], [])
    assert (report["tabs"], report["identities"]) == (gateway.tabs, gateway.identities)
    assert all(one.get("data") and "errors" not in one for one in report["answers"][: gateway.readers])
    rejected = [one["errors"][0]["extensions"]["code"] for one in report["answers"][gateway.readers :]]
    assert set(rejected) <= {"FORBIDDEN"}
    operations = [one for one in report["sent"] if "IntrospectionQuery" not in one["body"]["query"]]
    assert all("variables" in one["body"] for one in operations)  # the variables of the example are sent
    assert len({one["authorization"] for one in report["sent"]}) == len(gateway.identities)  # each identity sends its own token
    assert picture.stat().st_size > 20_000


def test_only_allowed_origins_may_send_requests(
    gateway: Gateway, empty_pages: tuple[str, str], node: Node, chromium: str
) -> None:
    allowed, other = empty_pages
    report = json.loads(node("cors.mjs", gateway.graphql, chromium, gateway.token, allowed, other).splitlines()[-1])
    # The response to a simple request is readable there too, but it is an error: no token and an unsupported content type.
    assert report[allowed].pop("simple") in {401, 415}
    assert report == {allowed: {"json": 200}, other: {"json": "blocked", "simple": "blocked"}}


def test_pages_show_pictures(gateway: Gateway, empty_pages: tuple[str, str], node: Node, chromium: str) -> None:
    if gateway.name != "demo":
        pytest.skip("the toy server has no pictures")
    allowed, other = empty_pages
    shot = ROOT / ".cache" / "pictures-in-a-browser.png"
    report = json.loads(node("pictures.mjs", gateway.url, chromium, gateway.token, str(shot), allowed, other).splitlines()[-1])
    assert len(report["expected"]) == 18
    assert report["own"] == report[allowed] == report["expected"]
    assert set(map(str, report[other])) == {"None"}
    assert report["cached"] == [True]  # a repeated request of a URL uses the browser's cache
