"""Measures the cost of the request limits, the cost of malicious documents, and the latency of other clients during an attack.

One client requests a page repeatedly, first alone and then while eight attackers send malicious documents without pause. The
clients and the server share one machine, so only the ratio of the latencies is meaningful.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from access.ids import Ids
from execution.document_cache import DocumentCache
from execution.errors import RequestError
from execution.prices import minimum_cost
from identity.issuer import LocalIssuer
from identity.verifier import Verifier
from schema.build import build
from tests.execution.hostile import DOCUMENTS

AUDIENCE = "photos-data-gateway"
PAGE = "{ photos(first: 20) { edges { cursor node { id takenAt caption place { name } } } pageInfo { endCursor } } }"
LARGE = {"VALUE_DEPTH", "VALUES", "LIST_SIZE"}
"""Error codes of documents that cost the sender more than the server."""
ATTACKERS = 8
REQUESTS = 150
PROFILES = {
    "development": {"PHOTOS_RATE_PER_S": "2000000", "PHOTOS_AD_HOC_DOCUMENTS": "true"},
    "production": {"PHOTOS_RATE_PER_S": "5000", "PHOTOS_AD_HOC_DOCUMENTS": "false"},
}
"""Limits of the profiles. In production the document of the client is on the safelist, those of the attackers are not."""
WARM_UP_S = 10
"""The time for which attackers send requests before the measurement, so that they have used part of their initial budget."""


def each_us(work: Callable[[], Any], times: int) -> float:
    """CPU time of one call in microseconds: the best of five runs."""
    best = float("inf")
    for _ in range(5):
        start_s = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - start_s) / times)
    return best * 1e6


def tokens() -> None:
    with tempfile.TemporaryDirectory() as folder:
        issuer = LocalIssuer.development(Path(folder), AUDIENCE, time.time)
        verifier = Verifier({issuer.name: issuer.trusted}, AUDIENCE, Ids(b"s" * 32), time.time)
        token = issuer.customer("ana")
        hit = each_us(lambda: verifier.viewer(token), 2_000)
        miss = each_us(lambda: verifier._verified(token, time.time()), 200)  # noqa: SLF001 - bypasses the cache
    print(f"token verification    {hit:8.1f} us cached   {miss:8.1f} us not cached")


def documents() -> None:
    schema = build()
    cache: DocumentCache[Any] = DocumentCache(schema.graphql_schema, classify=schema.classify, pricing=schema.pricing)
    page = cache.prepare(PAGE)
    print(f"cost of a page        {each_us(lambda: page.cost({}), 2_000):8.1f} us, computed for each request")
    assert minimum_cost(page._prices) == page.cost({})  # noqa: SLF001 - checks the measured result
    costs = []
    for name, text, _, _ in DOCUMENTS:

        def prepare(text: str = text) -> None:
            cache._entries.clear()  # noqa: SLF001 - rejections are not cached
            with suppress(RequestError):
                cache.prepare(text)

        costs.append((each_us(prepare, 1) / 1e3, name))
    costs.sort()
    middle = statistics.median(cost for cost, _ in costs)
    print(f"malicious documents   {middle:8.2f} ms median of {len(costs)}; the most expensive:")
    for cost, name in costs[-3:]:
        print(f"                      {cost:8.2f} ms {name}")


@contextmanager
def serving(limits: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """A server with the demo: its URL and tokens, first that of a customer of the demo, then those of the attackers."""
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "documents.json"
        manifest.write_text(json.dumps({hashlib.sha256(PAGE.encode()).hexdigest(): PAGE}))
        data = str(Path(folder) / "data")
        command = [sys.executable, "-m", "cli"]
        for step in (["demo"], ["documents", "add", str(manifest), "--client", "web"]):
            subprocess.run([*command, *step, "--data", data], check=True, capture_output=True)
        serve = [*command, "serve", "--demo", "--data", data, "--port", "0"]
        server = subprocess.Popen(
            serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **limits}
        )
        try:
            assert server.stdout is not None
            url = next(found[0] for line in server.stdout if (found := re.findall(r"(http://\S+)/graphql", line)))
            customers = ["ana", *(f"attacker{n}" for n in range(ATTACKERS))]
            commands = [[*command, "token", "--data", data, "--customer", name] for name in customers]
            yield url, [subprocess.run(one, check=True, capture_output=True, text=True).stdout.strip() for one in commands]
        finally:
            server.terminate()
            server.wait(30)


async def page_times(client: httpx.AsyncClient) -> list[float]:
    times = []
    for _ in range(REQUESTS):
        start_s = time.perf_counter()
        answer = await client.post("/graphql", json={"query": PAGE})
        times.append((time.perf_counter() - start_s) * 1e3)
        assert "errors" not in answer.json()
        await asyncio.sleep(0.01)
    return sorted(times)


async def attack(client: httpx.AsyncClient, first: int, done: asyncio.Event) -> tuple[int, int]:
    """Sends documents without pause; returns the number of requests, and how many of them were rate limited."""
    sent = limited = 0
    while not done.is_set():
        _, text, variables, expected = DOCUMENTS[(first + sent) % len(DOCUMENTS)]
        sent += 1
        if text.isascii() and (expected is None or expected[1] not in LARGE):
            salted = f"{text} # {first} {sent}"  # a different text each time, because rejections are cached
            answer = await client.post("/graphql", json={"query": salted, "variables": variables})
            limited += "retry-after" in answer.headers
    return sent, limited


def client_of(url: str, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60)


async def latency(profile: str) -> None:
    with serving(PROFILES[profile]) as (url, (own, *others)):
        async with AsyncExitStack() as stack:
            client, *attacker_clients = [await stack.enter_async_context(client_of(url, token)) for token in (own, *others)]
            await page_times(client)
            alone = await page_times(client)
            done = asyncio.Event()
            attackers = [asyncio.create_task(attack(each, n * 10, done)) for n, each in enumerate(attacker_clients)]
            await asyncio.sleep(WARM_UP_S)
            attacked = await page_times(client)
            done.set()
            counts = await asyncio.gather(*attackers)
    sent, limited = (sum(of) for of in zip(*counts, strict=True))
    for name, times in (("alone", alone), (f"during {sent:,} malicious requests, {limited:,} rate limited", attacked)):
        middle, last = times[len(times) // 2], times[int(len(times) * 0.99)]
        print(f"page of a client      {middle:8.2f} ms p50   {last:8.2f} ms p99   {profile}, {name}")


if __name__ == "__main__":
    tokens()
    documents()
    for profile in PROFILES:
        asyncio.run(latency(profile))
