"""What GraphiQL opens with, each tried as Ana on the demo."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.demo import DemoGateway
from tests.operations.client_operations import emptiness
from tests.requests.harness import Gateway
from tests.wire.targets import EXAMPLES, tab

KNOWN: list[dict[str, Any]] = json.loads(EXAMPLES.read_text("utf-8"))
SHARE = "Share an album"
EXPORT = "Export my library"
FIRST = {SHARE: "Albums", EXPORT: "Exports"}
"""Of examples with a mutation, what they begin with; the mutation is tried on a library that may change."""
# What may be null or empty there: she is a person, not a service; her own photos keep nothing from her.
MAY_LACK = {
    "Search in several languages": {f"{alias}.edges.node.caption" for alias in ("english", "italian", "japanese")},
    "Shared with me": {"photos.nodes.viewerCan"},
    "One photo in full": {
        "photos.nodes.people", "photos.nodes.camera", "photos.nodes.exposure", "photos.nodes.withheld",
    },
    EXPORT: {"viewer.bulkOperations.nodes"},
    "Pictures": {"photos.nodes.original", "photos.nodes.duplicates", "photos.nodes.caption"},  # the demo's are drawn, each once
    "Translate words": {"translate.label"},  # a place is no concept
    "Who is asking": {"viewer.scopes", "viewer.purpose"},
}  # fmt: skip


@pytest.mark.parametrize("example", KNOWN, ids=[one["name"] for one in KNOWN])
def test_each_example_answers_on_the_demo_with_data_and_no_error(example: dict[str, Any], demo_gateway: DemoGateway) -> None:
    sent = {"query": example["query"], "variables": example["variables"]}
    if example["name"] in FIRST:
        sent["operationName"] = FIRST[example["name"]]
    answer = demo_gateway.post(sent, customer="ana")
    assert "errors" not in answer
    lacking = {path.removeprefix("data.") for path in emptiness(answer["data"])}
    assert lacking <= MAY_LACK.get(example["name"], set())


def test_the_words_of_three_languages_find_the_same_photos(demo_gateway: DemoGateway) -> None:
    (search,) = [one for one in KNOWN if one["name"] == "Search in several languages"]
    data = demo_gateway.ask(search["query"], search["variables"])
    found = {alias: [edge["node"] for edge in data[alias]["edges"]] for alias in ("english", "italian", "japanese")}
    assert found["english"] == found["italian"] == found["japanese"]
    assert data["english"]["total"] == data["italian"]["total"] == data["japanese"]["total"]


async def test_the_example_that_shares_an_album_gives_a_link(gateway: Gateway) -> None:
    (example,) = [one for one in KNOWN if one["name"] == SHARE]
    ana = await gateway.customer("ana")
    album = await gateway.album(ana, "Pacific", *await gateway.photos("ana", "beach"))
    given = {"input": {**example["variables"]["input"], "albumId": album}}
    _, mutation = example["query"].split("\n\n")
    shared = (await gateway.answer(mutation, given, as_=ana))["shareAlbum"]
    assert shared["userErrors"] == []
    assert "#" in shared["share"]["url"]
    assert [share["kind"] for share in shared["album"]["shares"]] == ["LINK"]


async def test_the_example_that_exports_starts_an_export(gateway: Gateway) -> None:
    (example,) = [one for one in KNOWN if one["name"] == EXPORT]
    ana = await gateway.customer("ana")
    comment_and_query, mutation = example["query"].split("\n\n")
    started = (await gateway.answer(mutation, as_=ana))["exportMyData"]["bulkOperation"]
    listed = await gateway.answer(comment_and_query, as_=ana)
    assert [(n["id"], n["status"]) for n in listed["viewer"]["bulkOperations"]["nodes"]] == [(started["id"], "QUEUED")]


def test_examples_have_titles_of_their_own_and_fit_beside_each_other() -> None:
    titles = [tab(one["name"], one["query"]) for one in KNOWN]
    assert len(set(titles)) == len(titles)
    assert len("".join(titles)) <= 80  # or the last are hidden beyond the tab bar's end
