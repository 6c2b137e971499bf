"""The route `POST /import`."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from serving.ndjson import MAX_LINE_BYTES, BadStream, NdjsonDecoder, inflated
from tests.server.makers import Served, served

JSONL = {"content-type": "application/jsonl"}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path / "data") as made:
        yield made


def records(count: int, start: int = 0) -> bytes:
    return b"".join(
        json.dumps({"sourceId": f"s{i}", "caption": f"photo {i}"}).encode() + b"\n" for i in range(start, start + count)
    )


async def pieces(body: bytes, size: int = 1_000) -> AsyncIterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]


def code(answer) -> tuple[int, str, str | None]:
    extensions = answer.json()["errors"][0]["extensions"]
    return answer.status_code, extensions["code"], extensions.get("reason")


async def test_a_customer_imports_records(gateway) -> None:
    ana = gateway.customer("ana")
    body = b"\xef\xbb\xbf" + records(350) + b'\n   \nnonsense\n{"sourceId": "x", "rating": 9}\n{"sourceId": "y", "wings": 2}'
    answer = await gateway.client.post("/import", content=pieces(body), headers=ana | JSONL)
    reported = answer.json()
    assert answer.status_code == 200
    assert [reported[k] for k in ("added", "updated", "unchanged", "rejected", "indexed")] == [351, 0, 0, 2, True]
    assert [(e["line"], e.get("field")) for e in reported["errors"]] == [(353, None), (354, "rating")]
    assert reported["unknownKeys"] == ["wings"]
    found = await gateway.ask('{ searchPhotos(query: "photo", first: 0) { total { count } } }', ana)
    assert found["searchPhotos"]["total"]["count"] == 350
    again = (
        await gateway.client.post("/import", content=gzip.compress(body), headers=ana | JSONL | {"content-encoding": "gzip"})
    ).json()
    assert (again["added"], again["unchanged"], again["rejected"]) == (0, 351, 2)


async def test_a_service_writes_for_the_customer_it_names(gateway) -> None:
    writer = gateway.service("photos:write")
    answer = await gateway.client.post("/import?customer=ana", content=records(3), headers=writer | JSONL)
    assert answer.json()["added"] == 3
    found = await gateway.ask("{ photos(first: 0) { total { count } } }", gateway.customer("ana"))
    assert found["photos"]["total"]["count"] == 3


async def test_a_caller_without_permission_is_refused_before_the_body_is_read(gateway) -> None:
    async def never() -> AsyncIterator[bytes]:
        for why in ["it was read"]:
            raise AssertionError(why)
        yield b""

    async def sent(headers, path="/import"):
        return await gateway.client.post(path, content=never(), headers=JSONL | headers)

    ana = gateway.customer("ana")
    assert code(await sent({}))[:2] == (401, "UNAUTHENTICATED")
    assert code(await sent(gateway.service("photos:read"), "/import?customer=ana")) == (403, "FORBIDDEN", "SCOPE")
    assert code(await sent(gateway.service("photos:write"))) == (400, "BAD_USER_INPUT", "CUSTOMER")
    assert code(await sent(gateway.service("photos:write"), "/import?customer=%00"))[:2] == (404, "NOT_FOUND")
    assert code(await sent(ana, "/import?customer=bob"))[:2] == (404, "NOT_FOUND")
    assert code(await sent(ana | {"content-type": "text/plain"})) == (415, "BAD_USER_INPUT", "CONTENT_TYPE")
    assert code(await sent(ana | {"content-encoding": "br"})) == (415, "BAD_USER_INPUT", "CONTENT_ENCODING")


async def test_records_before_an_error_stay_and_are_reported(gateway) -> None:
    ana = gateway.customer("ana") | JSONL | {"content-encoding": "gzip"}
    cut = gzip.compress(records(500))[:-20]
    answer = await gateway.client.post("/import", content=pieces(cut), headers=ana)
    assert code(answer) == (400, "BAD_USER_INPUT", "CUT")
    assert answer.json()["report"]["added"] > 0
    bomb = gzip.compress(b" " * (64 << 20))
    assert code(await gateway.client.post("/import", content=bomb, headers=ana)) == (413, "BAD_USER_INPUT", "RATIO")
    assert code(await gateway.client.post("/import", content=b"plain", headers=ana)) == (
        415,
        "BAD_USER_INPUT",
        "CONTENT_ENCODING",
    )


async def test_a_customer_has_one_stream_at_a_time(gateway) -> None:
    ana = gateway.customer("ana") | JSONL
    second = []

    async def body() -> AsyncIterator[bytes]:
        yield records(1)
        second.append(await gateway.client.post("/import", content=records(1), headers=ana))
        yield records(1, 1)

    first = await gateway.client.post("/import", content=body(), headers=ana)
    assert first.json()["added"] == 2
    assert code(second[0])[:2] == (429, "RATE_LIMITED")
    assert second[0].headers["retry-after"] == "5"
    assert (await gateway.client.post("/import", content=records(2), headers=ana)).json()["unchanged"] == 2


@pytest.mark.parametrize("size", [1, 3, 7, 1_000])
async def test_lines_are_split_independently_of_pieces(size) -> None:
    text = b"a\n\nbb\r\n" + b"x" * (MAX_LINE_BYTES + 1) + b"\nlast"
    lines, found = NdjsonDecoder(), []
    async for piece in pieces(text, size * 1_000):
        found += list(lines.feed(piece))
    assert [*found, *lines.rest()] == [b"a", b"", b"bb\r", None, b"last"]


@pytest.mark.parametrize("size", [1, 10, 100_000])
async def test_gzip_members_are_concatenated(size) -> None:
    text = records(2_000)
    packed = gzip.compress(text) + gzip.compress(b"end")
    assert b"".join([p async for p in inflated(pieces(packed, size))]) == text + b"end"
    with pytest.raises(BadStream):
        _ = [p async for p in inflated(pieces(packed[:-3], size))]


UPSERT = """mutation($input: UpsertPhotosInput!) { upsertPhotos(input: $input) { photos { id } userErrors { message field } } }"""


async def test_a_service_sends_two_hundred_records_with_vectors_in_one_mutation(gateway) -> None:
    vector = [round(0.001 * i + 0.1, 4) for i in range(768)]
    lines = [{"sourceId": f"s{i}", "embedding": {"model": "m", "vector": vector}} for i in range(200)]
    sent = {"query": UPSERT, "variables": {"input": {"customerId": "ana", "records": lines}}}
    writer = gateway.service("photos:write", "photos:read")
    answer = (await gateway.client.post("/graphql", json=sent, headers=writer)).json()
    assert "errors" not in answer, answer["errors"]
    done = answer["data"]["upsertPhotos"]
    assert (len({p["id"] for p in done["photos"]}), done["userErrors"]) == (200, [])
    for other in (gateway.service("photos:read"), gateway.customer("ana")):
        assert (await gateway.client.post("/graphql", json=sent, headers=other)).status_code == 413


async def test_a_body_is_written_while_it_is_received(gateway) -> None:
    """The client sends until the first records can be read, which requires that the server writes before the end of the body."""
    ana, lines = gateway.customer("ana"), 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal lines
        photos = gateway.app.state.running.sources.photos
        owner = gateway.app.state.running.sources.ids.local_id("customer", "ana")
        while not (await photos.of_owner(owner, limit=1))[0]:
            assert lines < 10_000, "nothing is written before the end"
            yield records(50, lines)
            lines += 50

    answer = await gateway.client.post("/import", content=endless(), headers=ana | JSONL)
    assert (answer.status_code, answer.json()["added"]) == (200, lines)
    assert lines <= 1_000
