"""A sick table costs the fields that need it, with the right code; nothing of it is ever said not to be there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from access.viewer import Viewer
from datasources.retry import RetryPolicy
from datasources.tables.dynamodb.store import DynamoItemStore
from tests.http_fault_proxy import CUT, Faults, Spoil, faults, garbage
from tests.requests.harness import ROME, Gateway
from tests.stack.stacks import gateway_on, made, stack_of
from tests.tables.test_dynamodb_failures import no_pause, refusal
from tests.tcp_fault_proxy import NO_ANSWER, RESET, proxied

pytestmark = pytest.mark.servers
REQUESTED = """query($album: ID!, $person: ID!, $photo: ID!) {
  photos(first: 3) { nodes { caption place { name } albums { title } people { name } } }
  searchPhotos(query: "sea", first: 3) { total { count } nodes { caption } }
  one: node(id: $photo) { ... on Photo { caption } }
  album(id: $album) { title }
  node(id: $person) { ... on Person { name } }
  viewer { customer { externalId } }
  translate(terms: ["sea"], from: "en", to: "de") { texts { text } }
}"""
Path = tuple[str | int, ...]
FAULTS: dict[str, tuple[Spoil | str, str, str | None]] = {
    "throttled": (refusal("ProvisionedThroughputExceededException"), "UNAVAILABLE", "THROTTLED"),
    "failing": (refusal("InternalServerError", 500), "UNAVAILABLE", None),
    "garbled": (garbage, "UNAVAILABLE", "CORRUPT"),
    "cut": (CUT, "UNAVAILABLE", None),
}
NEEDED: dict[str, set[Path]] = {
    "photos": {("photos",), ("photos", "nodes"), ("searchPhotos", "nodes"), ("one",)},
    "albums": {("album",), ("searchPhotos",), *(("photos", "nodes", n, "albums") for n in range(2))},
    "people": {("node",), ("searchPhotos",), *(("photos", "nodes", n, "people") for n in range(2))},
    "customers": {("viewer", "customer"), ("viewer",)},
}
"""By table: where an error may stand, and nowhere else. Words may be an album's or a person's, so a search needs both."""


@dataclass
class Library:
    gateway: Gateway
    ana: Viewer
    given: dict[str, str]

    async def requested(self) -> dict[str, Any]:
        return await self.gateway.execute(REQUESTED, self.given, as_=self.ana)


async def library(gateway: Gateway) -> Library:
    """Two photos with an album, a person and a place."""
    ana = await gateway.customer("ana")
    person = await gateway.person("ana", "Bea")
    local = gateway.local("ana", "Bea")
    photos = await gateway.photos("ana", "one", "two", caption="Sea", at=ROME, place="IT", people=(local,))
    album = await gateway.album(ana, "Trip", *photos)
    return Library(gateway, ana, {"album": album, "person": person, "photo": photos[0]})


@asynccontextmanager
async def behind(url: str, stack: Any) -> AsyncIterator[Library]:
    async with gateway_on(replace(stack, dynamodb_url=url)) as gateway:
        store = getattr(gateway.sources.store, "inner", None)
        assert isinstance(store, DynamoItemStore)
        store._calls.retry_policy = RetryPolicy(deadline_s=30.0, sleep=no_pause)
        yield await library(gateway)


def leaves(reported: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if isinstance(reported, dict | list):
        for step, part in reported.items() if isinstance(reported, dict) else enumerate(reported):
            yield from leaves(part, (*path, step))
    else:
        yield path, reported


async def test_of_each_sick_table_only_its_own_fields_are_missing_and_each_says_so() -> None:
    async with made(stack_of()) as stack, faults(stack.dynamodb_url) as proxy, behind(proxy.url, stack) as own:
        whole = await own.requested()
        assert "errors" not in whole
        assert [path for path, value in leaves(whole["data"]) if value is None] == []
        for table, allowed in NEEDED.items():
            for name, fault in FAULTS.items():
                await reported_truly(own, proxy, f"{stack.prefix}{table}", (whole, allowed, fault))
                assert await own.requested() == whole, f"after {table} was {name}"


async def reported_truly(own: Library, proxy: Faults, table: str, expected: tuple[Any, set[Path], Any]) -> None:
    whole, allowed, (fault, code, reason) = expected
    proxy.among, proxy.always = f'"{table}"'.encode(), fault
    answer = await own.requested()
    proxy.always = None
    at = {tuple(e["path"]): e["extensions"] for e in answer["errors"]}
    assert at.keys() <= allowed, f"{table}: {at}"
    for extensions in at.values():
        assert (extensions["code"], extensions["source"], extensions.get("reason")) == (code, "tables", reason)
    found = dict(leaves(answer["data"]))
    for path, value in leaves(whole["data"]):
        above = [path[:n] for n in range(1, len(path) + 1) if path[:n] in found and found[path[:n]] is None]
        # Null is where an error is told, or above one, where the field itself may not be null.
        assert any(e[: len(a)] == a for a in above for e in at) or found.get(path) == value, f"{table}: {path}"
    assert "secret words" not in str(answer)


@pytest.mark.parametrize("toxic", [RESET, NO_ANSWER], ids=["reset", "no answer"])
async def test_while_no_table_answers_what_needs_none_does(toxic: dict[str, Any]) -> None:
    async with made(stack_of()) as stack:
        with proxied(stack.dynamodb_url or "") as proxy:
            async with behind(proxy.url, stack) as own:
                whole = await own.requested()
                proxy.sicken(toxic)
                answer = await own.requested()
                proxy.heal()
                assert answer["data"]["translate"] == whole["data"]["translate"]
                missing = {name for name, part in answer["data"].items() if part is None}
                assert missing >= {"photos", "album", "one", "node"}
                assert {e["path"][0] for e in answer["errors"]} >= missing
                assert {(e["extensions"]["code"], e["extensions"]["source"]) for e in answer["errors"]} == {
                    ("UNAVAILABLE", "tables")
                }
                assert await own.requested() == whole


CHANGE = """mutation($i: UpdatePhotosInput!) { updatePhotos(input: $i) { photos { version favorite } userErrors { code } } }"""


async def test_a_mutation_whose_answers_were_lost_is_done_once_when_it_is_sent_again() -> None:
    async with made(stack_of()) as stack, faults(stack.dynamodb_url) as proxy, behind(proxy.url, stack) as own:
        change = {"i": {"ids": [own.given["photo"]], "set": {"favorite": True}, "clientMutationId": "once"}}
        before = (await own.gateway.record(own.given["photo"])).version
        proxy.among, proxy.always = f'"{stack.prefix}photos"'.encode(), lost_after_writes
        failed = await own.gateway.execute(CHANGE, change, as_=own.ana)
        proxy.always = None
        assert failed["errors"][0]["extensions"]["code"] in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
        again = await own.gateway.answer(CHANGE, change, as_=own.ana)
        assert again["updatePhotos"]["userErrors"] == []
        (photo,) = again["updatePhotos"]["photos"]
        assert photo["favorite"] is True
        assert (await own.gateway.record(own.given["photo"])).version == before + 1


def lost_after_writes(status: int, body: bytes) -> tuple[int, bytes] | None:
    """Answers to writes have no items in them; they are lost, and what was read is not."""
    return (status, body) if b'"Responses"' in body or b'"Items"' in body else (500, b"{}")
