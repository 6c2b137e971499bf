"""The same program on DynamoDB, KMS, S3 and OpenSearch: what a person asks and writes, restarts, and keys that are gone."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from access.viewer import Viewer
from datasources.aws.calls import AwsCalls
from datasources.aws.stack import Stack
from datasources.data_folder import prepare
from datasources.errors import Unavailable
from datasources.wiring import make_local, real
from identity.data_folder_keys import share_keys
from identity.issuer import LocalIssuer
from indexing.change_feed_consumer import IndexFollower
from tests.http_fault_proxy import faults
from tests.requests.harness import ROME, Gateway, opened
from tests.search.engines import dropped
from tests.stack.stacks import gateway_on, made, stack_of

pytestmark = pytest.mark.servers
PAGE = """{ photos(filter: {favorite: true}, first: 5) { total { count } nodes { caption place { name } favorite version } } }"""
UPDATE = "mutation($i: UpdatePhotosInput!) { updatePhotos(input: $i) { photos { version } userErrors { code } } }"


async def reported(gateway: Gateway) -> list[Any]:
    """What a small library answers, before and after mutations, and the pages of its timeline."""
    ana, _ = await gateway.customer("ana"), await gateway.customer("bob")
    photos = [
        await gateway.photo("ana", f"{n}", caption=f"Sea {n}", at=ROME, place="IT", taken_local=f"2024-05-0{n + 1}T10:00:00")
        for n in range(5)
    ]
    await gateway.photo("bob", "b", caption="Sea of Bob", favorite=True)
    answers = [await gateway.answer(PAGE, as_=ana)]
    change = {"i": {"ids": photos[:2], "set": {"favorite": True}}}
    answers += [await gateway.answer(UPDATE, change, as_=ana), await gateway.answer(PAGE, as_=ana)]
    stale = {"i": {"ids": photos[:1], "set": {"rating": 3}, "ifVersion": 1}}
    answers.append(await gateway.execute(UPDATE, stale, as_=ana))
    album = await gateway.album(ana, "Trip", *photos[:3])
    inside = "query($id: ID!) { album(id: $id) { title photos(first: 2) { nodes { caption } pageInfo { hasNextPage } } } }"
    answers.append(await gateway.answer(inside, {"id": album}, as_=ana))
    answers.append(await pages(gateway, ana))
    words = '{ searchPhotos(query: "sea", first: 9) { total { count } nodes { caption } } }'
    answers.append(await gateway.answer(words, as_=ana))
    return [without_ids(a) for a in answers]


async def pages(gateway: Gateway, viewer: Viewer) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        query = (
            "query($after: String) { photos(first: 2, after: $after) { nodes { caption } pageInfo { hasNextPage endCursor } } }"
        )
        page = (await gateway.answer(query, {"after": after}, as_=viewer))["photos"]
        found += [n["caption"] for n in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def without_ids(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {k: without_ids(v) for k, v in answer.items() if k not in {"id", "extensions"}}
    return [without_ids(a) for a in answer] if isinstance(answer, list) else answer


async def test_both_stacks_answer_alike_to_reads_and_writes(tmp_path: Path) -> None:
    async with opened(tmp_path) as embedded, made(stack_of()) as stack, gateway_on(stack) as gateway:
        expected = await reported(embedded)
        assert await reported(gateway) == expected
        assert expected[2]["photos"]["total"] == {"count": 2}
        assert expected[5] == [f"Sea {n}" for n in (4, 3, 2, 1, 0)]


async def test_a_second_process_reads_what_the_first_wrote_and_goes_on_in_its_pages(tmp_path: Path) -> None:
    async with made(stack_of()) as stack, gateway_on(stack) as one, gateway_on(stack) as other:
        ana = await one.customer("ana")
        for n in range(3):
            await one.photo("ana", f"{n}", caption=f"Sea {n}", taken_local=f"2024-05-0{n + 1}T10:00:00")
        query = "query($after: String) { photos(first: 2, after: $after) { nodes { caption } pageInfo { endCursor } } }"
        first = (await one.answer(query, as_=ana))["photos"]
        second = (await other.answer(query, {"after": first["pageInfo"]["endCursor"]}, as_=ana))["photos"]
        assert [n["caption"] for n in (*first["nodes"], *second["nodes"])] == ["Sea 2", "Sea 1", "Sea 0"]


async def test_what_the_index_missed_is_made_good_by_the_feed(tmp_path: Path) -> None:
    async with made(stack_of()) as stack, gateway_on(stack) as gateway:
        ana = await gateway.customer("ana")
        await gateway.photo("ana", "a", caption="Sea", indexed=False)
        count = '{ searchPhotos(query: "sea") { total { count } } }'
        assert (await gateway.answer(count, as_=ana))["searchPhotos"]["total"]["count"] == 0
        follower = IndexFollower(gateway.sources)
        assert await follower.catch_up() >= 1
        assert await follower.catch_up() == 0
        assert (await gateway.answer(count, as_=ana))["searchPhotos"]["total"]["count"] == 1


async def test_keys_that_are_forgotten_are_noticed_and_everything_begins_again() -> None:
    async with made(stack_of()) as stack:
        async with gateway_on(stack) as gateway:
            ana = await gateway.customer("ana")
            await gateway.photo("ana", "a", caption="Sea")
        again = await make_local(stack)
        assert (again.tables, again.only_index, again.forgotten) == (False, False, False)
        # A table that a later version adds costs nothing of what is there.
        await without_table(stack, "tickets")
        assert not (await make_local(stack)).tables
        dropped(stack.index)
        assert (await make_local(stack)).only_index
        # Under another key nothing opens, as after a restart of the stand-in.
        elsewhere = replace(stack, key_id=f"{stack.key_id}-other")
        again = await make_local(elsewhere)
        assert (again.tables, again.forgotten) == (True, True)
        async with gateway_on(elsewhere) as gateway:
            assert await gateway.answer("{ photos(first: 5) { total { count } nodes { id } } }", as_=ana) == {
                "photos": {"total": {"count": 0}, "nodes": []}
            }


async def without_table(stack: Stack, name: str) -> None:
    calls = await AwsCalls.open("tables", "dynamodb", stack.access(stack.dynamodb_url), stack.retry_policy)
    await calls.call("delete_table", {"TableName": stack.prefix + name})
    await calls.close()


async def test_tokens_of_guests_and_support_are_good_at_every_server(tmp_path: Path) -> None:
    async with made(stack_of()) as stack, gateway_on(stack) as gateway:
        made_by = []
        for name in ("one", "other"):
            folder = prepare(tmp_path / name, stack.name)
            LocalIssuer.links(folder, "x", time.time)  # a key that was there before is no matter
            await share_keys(gateway.sources, folder)
            made_by.append([make(folder, "x", time.time).kid for make in (LocalIssuer.links, LocalIssuer.support)])
            assert (folder / "links.key").stat().st_mode & 0o777 == 0o600
        assert made_by[0] == made_by[1]
        assert len(set(made_by[0])) == 2


async def test_while_kms_is_down_known_keys_serve_and_a_new_process_says_so() -> None:
    stack = stack_of()
    async with made(stack), faults(stack.kms_url) as proxy:
        behind = replace(stack, kms_url=proxy.url)
        async with gateway_on(behind) as gateway:
            ana = await gateway.customer("ana")
            await gateway.photo("ana", "a", caption="Sea")
            proxy.always = lambda _s, _b: (503, b"{}")
            seen = len(proxy.seen)
            assert (await gateway.answer("{ photos(first: 1) { nodes { caption } } }", as_=ana))["photos"]["nodes"] == [
                {"caption": "Sea"}
            ]
            await gateway.photo("bob", "b", caption="a new customer, under the month's key")
            assert len(proxy.seen) == seen
            with pytest.raises(Unavailable):
                await real(behind)
            proxy.always = None
