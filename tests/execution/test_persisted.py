from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from execution.errors import RequestError
from execution.http import GraphQLEndpoint, HttpSettings
from execution.persisted import PersistedDocuments
from execution.requests import Operation, operation_of
from execution.runner import Runner
from tests.wire.toy import ToyContext, decide, make_context, toy_documents, toy_schema

HELLO = "{ hello }"
LISTED = 'query Listed { hello(name: "listed") }'
LONG = (
    "{ " + " ".join(f'hello(name: "{"x" * 30}")' for _ in range(5)) + " photos { " + "id name " * 7 + "} " + "# pad\n" * 400 + "}"
)


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class List:
    """A safelist in memory; remembers what was looked up."""

    def __init__(self, *texts: str) -> None:
        self.texts = {hash_of(text): text for text in texts} | {"by-name": LISTED}
        self.sent: list[str] = []

    async def text(self, document_id: str) -> str | None:
        self.sent.append(document_id)
        return self.texts.get(document_id)


def persisted(*texts: str, ad_hoc: bool) -> PersistedDocuments[str]:
    return PersistedDocuments(toy_documents(), safelist=List(*texts), ad_hoc=ad_hoc)


async def outcome(found: PersistedDocuments[str], fields: dict[str, Any]) -> str | tuple[str, str | None]:
    """The document's hash, or the refusal."""
    try:
        return (await found.prepare(operation_of(fields), ToyContext())).hash
    except RequestError as refused:
        return refused.code, refused.reason


def apollo(text: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}}


@pytest.mark.parametrize("ad_hoc", [True, False])
async def test_a_document_on_the_list_is_found_by_either_protocol(ad_hoc: bool) -> None:
    found = persisted(LISTED, ad_hoc=ad_hoc)
    for fields in (
        {"documentId": f"sha256:{hash_of(LISTED)}"},
        {"documentId": f"sha256:{hash_of(LISTED).upper()}"},
        {"documentId": hash_of(LISTED)},
        {"documentId": "by-name"},
        apollo(LISTED),
        {"query": LISTED},
        {"query": LISTED, **apollo(LISTED)},
    ):
        assert await outcome(found, fields) == hash_of(LISTED), fields


async def test_where_only_listed_documents_may_be_sent_nothing_else_may() -> None:
    found = persisted(LISTED, ad_hoc=False)
    refused = ("FORBIDDEN", "SAFELIST")
    assert await outcome(found, {"query": HELLO}) == refused
    assert await outcome(found, {"query": HELLO, **apollo(HELLO)}) == refused
    assert await outcome(found, apollo(HELLO)) == ("PERSISTED_QUERY_NOT_FOUND", None)
    assert await outcome(found, {"query": LISTED + " "}) == refused
    assert await outcome(found, {"query": "{ nope"}) == refused


async def test_automatic_persistence_is_a_cache_that_believes_only_right_hashes() -> None:
    found = persisted(ad_hoc=True)
    assert await outcome(found, apollo(HELLO)) == ("PERSISTED_QUERY_NOT_FOUND", None)
    assert await outcome(found, {"query": "{ int }", **apollo(HELLO)}) == ("BAD_USER_INPUT", "DOCUMENT_HASH")
    assert await outcome(found, apollo(HELLO)) == ("PERSISTED_QUERY_NOT_FOUND", None)
    assert await outcome(found, {"query": HELLO, **apollo(HELLO)}) == hash_of(HELLO)
    assert await outcome(found, apollo(HELLO)) == hash_of(HELLO)


async def test_what_was_refused_is_not_remembered_and_what_was_sent_is_not_trusted() -> None:
    found = persisted(ad_hoc=True)
    assert (await outcome(found, {"query": "{ nope }", **apollo("{ nope }")}))[0] == "GRAPHQL_VALIDATION_FAILED"
    assert await outcome(found, apollo("{ nope }")) == ("PERSISTED_QUERY_NOT_FOUND", None)
    assert not (await found.prepare(Operation(HELLO, None, {}, hash_of(HELLO)), ToyContext())).trusted
    assert not (await found.prepare(Operation(None, None, {}, hash_of(HELLO)), ToyContext())).trusted


async def test_the_cache_of_sent_documents_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("execution.persisted.MAX_CHARACTERS", 1_000)
    found = persisted(ad_hoc=True)
    texts = [f'{{ hello(name: "{n:090}") }}' for n in range(30)]
    for text in texts:
        assert await outcome(found, {"query": text, **apollo(text)}) == hash_of(text)
    assert found._characters <= 1_000
    assert await outcome(found, apollo(texts[0])) == ("PERSISTED_QUERY_NOT_FOUND", None)
    assert await outcome(found, apollo(texts[-1])) == hash_of(texts[-1])


async def test_a_listed_document_may_be_longer_than_others() -> None:
    text = "{ photos { " + " ".join("... on Photo { id }" for _ in range(10)) + " } hello } " + "# " + "x" * 20_000
    assert await outcome(persisted(text, ad_hoc=True), {"documentId": hash_of(text)}) == hash_of(text)
    assert await outcome(persisted(ad_hoc=True), {"query": text}) == ("TOO_COMPLEX", "CHARACTERS")


@pytest.mark.parametrize(
    "fields",
    [{"documentId": 7}, {"documentId": ""}, {"documentId": "a b"}, {"documentId": "x" * 201}, {"documentId": "sha256:é"}],
)
def test_what_is_no_id_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as refused:
        operation_of(fields)
    assert refused.value.code == "BAD_USER_INPUT"


def test_other_versions_of_apollos_protocol_are_not_supported() -> None:
    with pytest.raises(RequestError) as refused:
        operation_of({"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "x"}}})
    assert refused.value.code == "PERSISTED_QUERY_NOT_SUPPORTED"


async def test_by_get_only_listed_documents_where_the_settings_say_so() -> None:
    documents = toy_documents()
    found = PersistedDocuments(documents, safelist=List(LISTED), ad_hoc=True)
    endpoint = GraphQLEndpoint(
        documents, Runner(toy_schema(), decide=decide), make_context, persisted=found, settings=HttpSettings(get_ad_hoc=False)
    )
    transport = httpx.ASGITransport(Starlette(routes=[Route("/graphql", endpoint)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
        listed = await client.get("/graphql", params={"documentId": f"sha256:{hash_of(LISTED)}"})
        assert listed.json()["data"] == {"hello": "hello listed"}
        by_hash = await client.get("/graphql", params={"extensions": json.dumps(apollo(LISTED)["extensions"])})
        assert by_hash.json()["data"] == {"hello": "hello listed"}
        assert (await client.get("/graphql", params={"query": HELLO})).status_code == 405
        assert (await client.post("/graphql", json={"query": HELLO})).json()["data"] == {"hello": "hello world"}
