from __future__ import annotations

import json

import pytest

from tests.wire.conftest import Node
from tests.wire.targets import ROOT, Gateway

pytestmark = [pytest.mark.node, pytest.mark.browser]


def test_graphiql_works_in_a_browser_under_the_strict_policy(gateway: Gateway, node: Node, chromium: str) -> None:
    picture = ROOT / ".cache" / f"graphiql-{gateway.name}.png"
    told = json.loads(node("browser.mjs", gateway.url, chromium, str(picture)).splitlines()[-1])
    assert "script-src 'self';" in told["policy"]
    assert (told["violations"], told["errors"], told["foreign"]) == ([], [], [])
    assert (told["tabs"], told["identities"]) == (gateway.tabs, gateway.identities)
    assert all(one.get("data") and "errors" not in one for one in told["answers"][: gateway.readers])
    refused = [one["errors"][0]["extensions"]["code"] for one in told["answers"][gateway.readers :]]
    assert set(refused) <= {"FORBIDDEN"}
    asked = [one for one in told["sent"] if "IntrospectionQuery" not in one["body"]["query"]]
    assert all("variables" in one["body"] for one in asked)  # the example's variables went along
    assert len({one["authorization"] for one in told["sent"]}) == len(gateway.identities)  # everyone asked as themselves
    assert picture.stat().st_size > 20_000


def test_other_origins_may_ask_only_from_the_list(
    gateway: Gateway, empty_pages: tuple[str, str], node: Node, chromium: str
) -> None:
    listed, stranger = empty_pages
    told = json.loads(node("cors.mjs", gateway.graphql, chromium, gateway.token, listed, stranger).splitlines()[-1])
    # A simple request's answer can be read there too, but it is a refusal: it bears no token, and its type is not served.
    assert told[listed].pop("simple") in {401, 415}
    assert told == {listed: {"json": 200}, stranger: {"json": "blocked", "simple": "blocked"}}


def test_pages_show_pictures(gateway: Gateway, empty_pages: tuple[str, str], node: Node, chromium: str) -> None:
    if gateway.name != "demo":
        pytest.skip("the toy has no pictures")
    listed, stranger = empty_pages
    shot = ROOT / ".cache" / "pictures-in-a-browser.png"
    told = json.loads(node("pictures.mjs", gateway.url, chromium, gateway.token, str(shot), listed, stranger).splitlines()[-1])
    assert len(told["wanted"]) == 18
    assert told["own"] == told[listed] == told["wanted"]
    assert set(map(str, told[stranger])) == {"None"}
    assert told["cached"] == [True]  # the same address again: from the browser's own cache
