"""The examples of GraphiQL, each run as Ana on the demo library."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.demo import DemoGateway
from tests.operations.client_operations import empty_paths
from tests.requests.harness import Gateway
from tests.wire.targets import EXAMPLES, tab

EXAMPLE_LIST: list[dict[str, Any]] = json.loads(EXAMPLES.read_text("utf-8"))
SHARE = "Share an album"
EXPORT = "Export my library"
FIRST_OPERATION = {SHARE: "Albums", EXPORT: "Exports"}
"""The query of examples that contain a mutation. The mutation is tested on a library of its own."""
# Paths that may be null or empty: Ana is a customer, not a service, and may see everything of her own photos.
MAY_BE_EMPTY = {
    "Search in several languages": {f"{alias}.edges.node.caption" for alias in ("english", "italian", "japanese")},
    "Shared with me": {"photos.nodes.viewerCan"},
    "One photo in full": {
        "photos.nodes.people", "photos.nodes.camera", "photos.nodes.exposure", "photos.nodes.withheld",
    },
    EXPORT: {"viewer.bulkOperations.nodes"},
    "Pictures": {"photos.nodes.original", "photos.nodes.duplicates", "photos.nodes.caption"},  # the demo has no duplicates
    "Translate words": {"translate.label"},  # a place has no label
    "Who is asking": {"viewer.scopes", "viewer.purpose"},
}  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLE_LIST, ids=[one["name"] for one in EXAMPLE_LIST])
def test_each_example_returns_data_without_errors_on_the_demo(example: dict[str, Any], demo_gateway: DemoGateway) -> None:
    sent = {"query": example["query"], "variables": example["variables"]}
    if example["name"] in FIRST_OPERATION:
        sent["operationName"] = FIRST_OPERATION[example["name"]]
    answer = demo_gateway.post(sent, customer="ana")
    assert "errors" not in answer
    empty = {path.removeprefix("data.") for path in empty_paths(answer["data"])}
    assert empty <= MAY_BE_EMPTY.get(example["name"], set())


def test_words_in_three_languages_find_the_same_photos(demo_gateway: DemoGateway) -> None:
    (search,) = [one for one in EXAMPLE_LIST if one["name"] == "Search in several languages"]
    data = demo_gateway.ask(search["query"], search["variables"])
    # The order may differ, because a caption that holds the word as typed comes first.
    assert all(data[alias]["edges"] for alias in ("english", "italian", "japanese"))
    assert data["english"]["total"] == data["italian"]["total"] == data["japanese"]["total"]


async def test_the_example_that_shares_an_album_returns_a_link(gateway: Gateway) -> None:
    (example,) = [one for one in EXAMPLE_LIST if one["name"] == SHARE]
    ana = await gateway.customer("ana")
    album = await gateway.album(ana, "Pacific", *await gateway.photos("ana", "beach"))
    variables = {"input": {**example["variables"]["input"], "albumId": album}}
    _, mutation = example["query"].split("\n\n")
    shared = (await gateway.answer(mutation, variables, as_=ana))["shareAlbum"]
    assert shared["userErrors"] == []
    assert "#" in shared["share"]["url"]
    assert [share["kind"] for share in shared["album"]["shares"]] == ["LINK"]


async def test_the_example_that_exports_starts_an_export(gateway: Gateway) -> None:
    (example,) = [one for one in EXAMPLE_LIST if one["name"] == EXPORT]
    ana = await gateway.customer("ana")
    comment_and_query, mutation = example["query"].split("\n\n")
    started = (await gateway.answer(mutation, as_=ana))["exportMyData"]["bulkOperation"]
    listed = await gateway.answer(comment_and_query, as_=ana)
    assert [(n["id"], n["status"]) for n in listed["viewer"]["bulkOperations"]["nodes"]] == [(started["id"], "QUEUED")]


def test_example_titles_are_unique_and_fit_into_the_tab_bar() -> None:
    titles = [tab(one["name"], one["query"]) for one in EXAMPLE_LIST]
    assert len(set(titles)) == len(titles)
    assert len("".join(titles)) <= 80  # longer titles are hidden at the end of the tab bar
