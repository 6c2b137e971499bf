"""What the gates cost honest callers, what hostile documents cost us, and what a neighbour feels of an attack.

The neighbour asks for a page again and again, alone and then beside eight other callers who send the hostile corpus without
pause; one server process, one machine for all, so read the ratio.
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
"""Bodies that cost their sender more to write than us to refuse."""
ATTACKERS = 8
ASKED = 150
PROFILES = {
    "development": {"PHOTOS_RATE_PER_S": "2000000", "PHOTOS_AD_HOC_DOCUMENTS": "true"},
    "production": {"PHOTOS_RATE_PER_S": "5000", "PHOTOS_AD_HOC_DOCUMENTS": "false"},
}
"""Limits as the profiles have them; in production the neighbour's document is on the safelist, the hostile ones are not."""
SPENT_S = 10
"""Attackers begin so long before, and have by then spent some of what they had saved up."""


def each_us(work: Callable[[], Any], times: int) -> float:
    """CPU time of one call: the best of five runs."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - began) / times)
    return best * 1e6


def tokens() -> None:
    with tempfile.TemporaryDirectory() as folder:
        issuer = LocalIssuer.development(Path(folder), AUDIENCE, time.time)
        verifier = Verifier({issuer.name: issuer.trusted}, AUDIENCE, Ids(b"s" * 32), time.time)
        token = issuer.customer("ana")
        hit = each_us(lambda: verifier.viewer(token), 2_000)
        miss = each_us(lambda: verifier._verified(token, time.time()), 200)  # noqa: SLF001 - past what it remembers
    print(f"a verified token      {hit:8.1f} us remembered   {miss:8.1f} us verified")


def documents() -> None:
    schema = build()
    made: DocumentCache[Any] = DocumentCache(schema.graphql_schema, classify=schema.classify, pricing=schema.pricing)
    page = made.prepare(PAGE)
    print(f"the price of a page   {each_us(lambda: page.cost({}), 2_000):8.1f} us with each request's variables")
    assert minimum_cost(page._prices) == page.cost({})  # noqa: SLF001 - what is timed is right
    costs = []
    for name, text, _, _ in DOCUMENTS:

        def attempt(text: str = text) -> None:
            made._entries.clear()  # noqa: SLF001 - no refusal is remembered
            with suppress(RequestError):
                made.prepare(text)

        costs.append((each_us(attempt, 1) / 1e3, name))
    costs.sort()
    middle = statistics.median(cost for cost, _ in costs)
    print(f"hostile documents     {middle:8.2f} ms in the middle, {len(costs)} of them; the dearest:")
    for cost, name in costs[-3:]:
        print(f"                      {cost:8.2f} ms {name}")


@contextmanager
def serving(limits: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """A server with the demo: its address and tokens, the first of a customer of the demo, the others of attackers."""
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
            who = ["ana", *(f"attacker{n}" for n in range(ATTACKERS))]
            told = [[*command, "token", "--data", data, "--customer", name] for name in who]
            yield url, [subprocess.run(one, check=True, capture_output=True, text=True).stdout.strip() for one in told]
        finally:
            server.terminate()
            server.wait(30)


async def neighbour(client: httpx.AsyncClient) -> list[float]:
    times = []
    for _ in range(ASKED):
        began = time.perf_counter()
        answer = await client.post("/graphql", json={"query": PAGE})
        times.append((time.perf_counter() - began) * 1e3)
        assert "errors" not in answer.json()
        await asyncio.sleep(0.01)
    return sorted(times)


async def attack(client: httpx.AsyncClient, first: int, done: asyncio.Event) -> tuple[int, int]:
    """How many were sent, without a pause, and how many of them were told to wait."""
    sent = limited = 0
    while not done.is_set():
        _, text, variables, expected = DOCUMENTS[(first + sent) % len(DOCUMENTS)]
        sent += 1
        if text.isascii() and (expected is None or expected[1] not in LARGE):
            salted = f"{text} # {first} {sent}"  # never the same text: the cache of refusals must not help
            answer = await client.post("/graphql", json={"query": salted, "variables": variables})
            limited += "retry-after" in answer.headers
    return sent, limited


def client_of(url: str, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60)


async def latency(profile: str) -> None:
    with serving(PROFILES[profile]) as (url, (own, *others)):
        async with AsyncExitStack() as stack:
            client, *hostile = [await stack.enter_async_context(client_of(url, token)) for token in (own, *others)]
            await neighbour(client)
            alone = await neighbour(client)
            done = asyncio.Event()
            attackers = [asyncio.create_task(attack(each, n * 10, done)) for n, each in enumerate(hostile)]
            await asyncio.sleep(SPENT_S)
            beside = await neighbour(client)
            done.set()
            counts = await asyncio.gather(*attackers)
    sent, limited = (sum(of) for of in zip(*counts, strict=True))
    for name, times in (("alone", alone), (f"beside {sent:,} hostile requests, {limited:,} over the rate", beside)):
        middle, last = times[len(times) // 2], times[int(len(times) * 0.99)]
        print(f"a neighbour's page    {middle:8.2f} ms p50   {last:8.2f} ms p99   {profile}, {name}")


if __name__ == "__main__":
    tokens()
    documents()
    for profile in PROFILES:
        asyncio.run(latency(profile))
