"""Failures of OpenSearch become typed errors without values, never partial results."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from datasources.errors import Corrupt, DeadlineExceeded, SourceError, Throttled, Unavailable
from datasources.search.conditions import HasWord
from datasources.search.opensearch.index import OpenSearchIndex
from datasources.search.opensearch.transport import MAX_ATTEMPTS, Cluster, Transport
from datasources.search.port import SearchRequest, Unwritable
from tests.http_fault_proxy import Faults, Spoil, faults, garbage, silence, status
from tests.search.makers import ANA, photo

REQUESTED = SearchRequest(condition=HasWord("secret"), limit=3, total=True)


def answered(answer: dict[str, Any]) -> Spoil:
    return lambda _s, _b: (200, json.dumps({"responses": [answer]}).encode())


HITS = {"hits": [], "total": {"value": 0}}
WHOLE = {"timed_out": False, "_shards": {"total": 1, "successful": 1, "failed": 0}, "hits": HITS}


@asynccontextmanager
async def spoiled(**changes: Any) -> AsyncIterator[tuple[Faults, OpenSearchIndex, list[float]]]:
    """An index behind a proxy without a server, and the recorded delays."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async with faults() as proxy:
        wire = Transport(Cluster(proxy.url, **changes), pause=pause, jitter=lambda: 1.0)
        index = OpenSearchIndex(wire, "photos", also="photos-also")
        try:
            yield proxy, index, pauses
        finally:
            await index.close()


FAILURES: dict[str, tuple[Spoil | str, type[SourceError], int]] = {
    "too many requests": (status(429), Throttled, MAX_ATTEMPTS),
    "a circuit breaker": (status(500, "circuit_breaking_exception"), Throttled, MAX_ATTEMPTS),
    "a red index": (status(503, "search_phase_execution_exception"), Unavailable, MAX_ATTEMPTS),
    "a proxy without a server behind it": (status(502, "<html>"), Unavailable, MAX_ATTEMPTS),
    "an error of its own": (status(500, "null_pointer_exception"), Corrupt, 1),
    "a query it does not take": (status(400, "parsing_exception"), Corrupt, 1),
    "a refused user": (status(403, "security_exception"), Unavailable, MAX_ATTEMPTS),
    "no index": (status(404, "index_not_found_exception"), Unavailable, 1),
    "no JSON": (garbage, Corrupt, 1),
    "an answer to something else": (lambda _s, _b: (200, b'{"responses": []}'), Corrupt, 1),
    "a list": (lambda _s, _b: (200, b"[1]"), Corrupt, 1),
    "a search refused for want of room": (answered({"status": 429, "error": {"type": "x"}}), Throttled, MAX_ATTEMPTS),
    "a search that failed": (
        answered({"status": 503, "error": {"type": "search_phase_execution_exception"}}),
        Unavailable,
        MAX_ATTEMPTS,
    ),
    "a search half way": (answered({**WHOLE, "timed_out": True}), DeadlineExceeded, 1),
    "a shard that failed": (
        answered({**WHOLE, "_shards": {"total": 2, "successful": 1, "failed": 1}}),
        Unavailable,
        MAX_ATTEMPTS,
    ),
    "a shard that was skipped": (
        answered({**WHOLE, "_shards": {"total": 2, "successful": 1, "failed": 0}}),
        Unavailable,
        MAX_ATTEMPTS,
    ),
    "a hit without a place": (answered({**WHOLE, "hits": {"hits": [{"_id": "x"}], "total": {"value": 1}}}), Corrupt, 1),
    "an answer of another form": (answered({"took": 1}), Corrupt, 1),
    "an answer without hits": (answered({**WHOLE, "hits": None} | {"hits_": 1}), Corrupt, 1),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a_failure_is_reported_as_what_it_is_and_repeats_no_word_of_the_question(name: str) -> None:
    fault, error, requests = FAILURES[name]
    async with spoiled() as (proxy, index, _):
        proxy.always = fault
        with pytest.raises(error) as raised:
            await index.search(ANA, REQUESTED)
        assert type(raised.value) is error
        assert raised.value.source == "search"
        assert len(proxy.seen) == requests
        assert "secret" not in str(raised.value)
        assert raised.value.__cause__ is None


async def test_a_short_failure_is_got_over_with_growing_pauses() -> None:
    async with spoiled() as (proxy, index, pauses):
        proxy.next = [status(429), status(503)]
        proxy.always = answered(WHOLE)
        assert (await index.search(ANA, REQUESTED)).total == 0
        assert pauses == [0.1, 0.2]
        assert len({body for _, body in proxy.seen}) == 1


async def test_a_search_whose_index_was_dropped_meanwhile_is_requested_of_the_one_behind_the_name_now() -> None:
    gone = {"status": 404, "error": {"type": "index_not_found_exception"}}
    lost = {"status": 503, "error": {"type": "search_phase_execution_exception"}}
    async with spoiled() as (proxy, index, pauses):
        proxy.next = [answered(gone), answered(lost)]
        proxy.always = answered(WHOLE)
        assert (await index.search(ANA, REQUESTED)).total == 0
        assert (len(proxy.seen), pauses) == (3, [0.1, 0.2])


async def test_a_whole_answer_of_nothing_is_an_answer() -> None:
    async with spoiled() as (proxy, index, _):
        proxy.always = answered(WHOLE)
        answer = await index.search(ANA, REQUESTED)
        assert (list(answer.hits), answer.more, answer.total) == ([], False, 0)


async def test_a_search_asks_for_all_or_nothing() -> None:
    async with spoiled() as (proxy, index, _):
        proxy.always = answered(WHOLE)
        await index.search(ANA, REQUESTED)
        assert b'"allow_partial_search_results":false' in proxy.seen[0][1]


async def test_silence_ends_at_the_deadline() -> None:
    async with spoiled(deadline_s=0.05) as (proxy, index, _):
        proxy.always = silence
        with pytest.raises(DeadlineExceeded):
            await index.search(ANA, REQUESTED)


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with spoiled() as (proxy, _, _):
        gone = proxy.url
    index = OpenSearchIndex.connect(Cluster(gone))
    for call in (
        index.search(ANA, REQUESTED),
        index.write([photo(1)]),
        index.refresh(),
        index.versions("ana"),
        index.erase("ana"),
    ):
        with pytest.raises(Unavailable):
            await call
    await index.close()


def bulk(*statuses: int) -> Spoil:
    items = [{"index": {"status": s, "error": {"type": "some_exception"}}} for s in statuses]
    return lambda _s, _b: (200, json.dumps({"items": items}).encode())


async def test_of_a_bulk_only_what_the_cluster_was_too_busy_for_is_sent_again() -> None:
    async with spoiled() as (proxy, index, pauses):
        proxy.next = [bulk(201, 404, 429, 404, 409, 404), bulk(429), bulk(201)]
        await index.write([photo(1), photo(2), photo(3)])
        lines = [body.count(b"\n") // 2 for _, body in proxy.seen]
        assert lines == [6, 1, 1]
        assert photo(2).key.id.encode() in proxy.seen[1][1]
        assert pauses == [0.1, 0.2]


async def test_a_bulk_that_stays_refused_for_want_of_room_is_throttled() -> None:
    async with spoiled() as (proxy, index, _):
        proxy.next = [bulk(429, 404), bulk(429), bulk(503)]
        with pytest.raises(Throttled):
            await index.write([photo(1)])
        assert proxy.next == []


async def test_documents_that_no_try_will_get_in_are_named_when_the_others_are_in() -> None:
    async with spoiled() as (proxy, index, _):
        proxy.next = [bulk(400, 404, 201, 404)]
        with pytest.raises(Unwritable) as raised:
            await index.write([photo(1), photo(2)])
        assert raised.value.keys == (photo(1).key,)


async def test_a_bulk_answer_that_does_not_match_is_reported() -> None:
    async with spoiled() as (proxy, index, _):
        proxy.next = [bulk(201)]
        with pytest.raises(Corrupt):
            await index.write([photo(1)])


@pytest.mark.parametrize("shards", [{"total": 2, "successful": 1, "failed": 1}, {"total": 0, "failed": 0}])
async def test_a_refresh_that_did_not_reach_every_shard_is_no_refresh(shards: dict[str, int]) -> None:
    async with spoiled() as (proxy, index, _):
        proxy.always = lambda _s, _b: (200, json.dumps({"_shards": shards}).encode())
        with pytest.raises(Unavailable):
            await index.refresh()


async def test_refreshes_requested_for_together_are_one_now_and_one_after_it() -> None:
    async with spoiled() as (proxy, index, _):
        proxy.always = lambda _s, _b: (200, b'{"_shards": {"total": 1, "successful": 1, "failed": 0}}')
        await asyncio.gather(*(index.refresh() for _ in range(20)))
        assert len(proxy.seen) == 2
        await index.refresh()
        assert len(proxy.seen) == 3


async def test_a_refresh_that_has_begun_does_not_serve_who_asks_later() -> None:
    """A refresh may miss writes made after it began."""
    whole = b'{"_shards": {"total": 1, "successful": 1, "failed": 0}}'
    async with spoiled() as (proxy, index, _):
        proxy.always = lambda _s, _b: (200, whole)
        first = asyncio.create_task(index.refresh())
        for expected in (1, 2, 3):
            async with asyncio.timeout(10):
                while len(proxy.seen) < expected:  # noqa: ASYNC110 - the proxy is in this loop
                    await asyncio.sleep(0)
            call = len(proxy.seen)
            later = asyncio.create_task(index.refresh())
            await asyncio.sleep(0)
            await first
            first = later
            assert call == expected
        await first
        assert len(proxy.seen) == 4


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, secret = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context, pem


async def test_a_certificate_that_is_not_trusted_is_refused_before_a_word_is_said(tmp_path: Path) -> None:
    context, pem = certificate(tmp_path)
    proxy = Faults(None, always=answered(WHOLE))
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    refused = OpenSearchIndex.connect(Cluster(f"https://127.0.0.1:{port}", "user", "password"))
    with pytest.raises(Corrupt, match="certificate is not trusted"):
        await refused.search(ANA, REQUESTED)
    assert proxy.seen == []
    other_name = OpenSearchIndex.connect(Cluster(f"https://localhost:{port}", ca_file=pem))
    with pytest.raises(Corrupt, match="certificate is not trusted"):
        await other_name.search(ANA, REQUESTED)
    trusted = OpenSearchIndex.connect(Cluster(f"https://127.0.0.1:{port}", "user", "password", ca_file=pem))
    assert (await trusted.search(ANA, REQUESTED)).total == 0
    for index in (refused, other_name, trusted):
        await index.close()
    server.close()
    await server.wait_closed()


def test_a_cluster_does_not_print_its_password() -> None:
    assert "hunter2" not in repr(Cluster("https://h", "user", "hunter2"))


async def test_an_expunging_that_cannot_be_whole_says_so_and_merges_nothing() -> None:
    """While a replica is missing, merges retain deleted documents for it."""
    leases = {"leases": [{"id": "a", "retaining_seq_no": 8}, {"id": "b", "retaining_seq_no": 3}]}
    copy = {"routing": {"primary": True}, "seq_no": {"max_seq_no": 7}, "retention_leases": leases}
    response = json.dumps({"indices": {"photos-000001": {"shards": {"0": [copy]}}}}).encode()
    async with spoiled() as (proxy, index, pauses):
        proxy.always = lambda _s, _b: (200, response)
        with pytest.raises(Unavailable, match="a replica is behind"):
            await index._writer.expunge()
        assert {line.split()[1].split("?")[0] for line, _ in proxy.seen} == {"/photos,photos-also/_stats"}
        assert 60 <= sum(pauses) <= 120
        proxy.seen.clear()
        proxy.always = lambda _s, _b: (200, b"{}")
        with pytest.raises(Corrupt):
            await index._writer.expunge()
