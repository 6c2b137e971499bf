"""The real engines beside the embedded ones: latencies and calls of the same questions over the same photos.

    make bench STACK=local            1,000,000 photos, of which one customer has 100,000, all of hers with vectors
    make bench STACK=local SIZE=20000 fewer, for a machine that has other things to do

First whole GraphQL requests over the demo's large household, then questions to the index alone. Rounds of both engines are
interleaved, so that a busy machine slows both alike. Needs the servers of `make servers`; leaves nothing in them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import msgspec
import numpy as np

from access.scope import Scope
from access.viewer import Viewer, ViewerKind
from benchmarks.search import CUSTOMER, QUESTIONS, made_document
from benchmarks.timeline import QUERY as TIMELINE
from datasources import TABLES, Sources, wiring
from datasources.aws.calls import AwsCalls
from datasources.aws.stack import Stack
from datasources.counting.meter import Ledger, counting
from datasources.folder import prepare
from datasources.search.opensearch import OpenSearchIndex
from datasources.search.opensearch_indices import Indices
from datasources.search.opensearch_wire import Cluster
from datasources.search.port import Embedding, PhotoDocument, PhotoIndex
from datasources.search.tantivy import TantivyIndex
from datasources.tables.dynamodb_schema import drop
from deploy.servers.places import Places
from execution.documents import Documents
from execution.run import Runner
from ingest.demo.library import demo_library
from resolvers.context import Context
from resolvers.freshness import Freshness
from resolvers.importing.writer import Writer
from resolvers.indexing import catch_up
from schema.build import build, decide

SIZE = 1_000_000
_SHARE = 10
"""Every tenth photo is the customer's."""
_VECTOR = 384
_MODEL = "bench"
_BATCH = 1_000
_SAY_EVERY = 20_000
_SEARCH = """{ searchPhotos(query: "beach", first: 50) { nodes { id caption } total { count }
  a: facet(by: COUNTRY) { buckets { key } } b: facet(by: PERSON) { buckets { key } }
  c: facet(by: LABEL) { buckets { key } }
  d: facet(by: YEAR) { buckets { key } }
  e: facet(by: CAMERA) { buckets { key } } f: facet(by: FAVORITE) { buckets { key } } } }"""
_FILTERED = "{ photos(first: 100, filter: {favorite: true}) { nodes { id caption } total { count } } }"
REQUESTS = {"timeline page of 100": TIMELINE, "search, six facets, 50": _SEARCH, "filter, total, 100": _FILTERED}
Ask = Callable[[], Awaitable[object]]


def documents(size: int) -> Iterator[PhotoDocument]:
    """A tenth of them the customer's, with vectors in clusters as pictures have them."""
    chance, numbers = random.Random(size), np.random.default_rng(size)
    middles = numbers.standard_normal((64, _VECTOR))
    for number in range(size):
        if number % _SHARE:
            yield made_document(f"other{number // 2_500}", chance)
            continue
        vector = middles[chance.randrange(64)] + 0.5 * numbers.standard_normal(_VECTOR)
        yield msgspec.structs.replace(made_document(CUSTOMER, chance), embedding=Embedding(_MODEL, tuple(map(float, vector))))


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def filled(name: str, index: PhotoIndex, size: int) -> None:
    """Every photo, with a word now and then about how far it is."""
    pending, written, began = documents(size), 0, time.perf_counter()
    while batch := list(islice(pending, _BATCH)):
        await index.write(batch)
        written += len(batch)
        if written % _SAY_EVERY == 0 or written == size:
            say(f"  {name}: {written:,} of {size:,} photos, {written / (time.perf_counter() - began):,.0f} a second")
        if written % (5 * _SAY_EVERY) == 0:
            await index.refresh()
    await index.refresh()


async def rounds(asks: Mapping[str, tuple[Ask, Ask]], count: int) -> None:
    """A table: what was asked, and the median (95th) of each engine."""
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in asks}
    for round_ in range(count + 2):
        for name, pair in asks.items():
            for ask, taken in zip(pair, times[name], strict=True):
                began = time.perf_counter()
                await ask()
                if round_ >= 2:
                    taken.append((time.perf_counter() - began) * 1_000)
    print(f"{'p50 (p95) ms':34}{'embedded':>20}{'real':>20}{'ratio':>8}")
    for name, (own, real) in times.items():
        cells = "".join(f"{f'{median(c):.1f} ({quantiles(c, n=20)[-1]:.1f})':>20}" for c in (own, real))
        print(f"{name:34}{cells}{median(real) / median(own):>8.1f}", flush=True)


async def loaded(sources: Sources) -> Viewer:
    """The demo's large household in these tables and this index."""
    household = demo_library().households[0]
    owner = sources.ids.local_id("customer", household.external_id)
    writer, records = Writer(sources, owner), list(household.records)
    for start in range(0, len(records), 250):
        await writer.write(records[start : start + 250])
    while await catch_up(sources):
        pass
    await sources.index.refresh()
    return Viewer(ViewerKind.CUSTOMER, household.external_id, customer=owner)


async def requests(stack: Stack, folder: Path, count: int) -> None:
    """Whole requests through the schema, on both stacks; then what each costs."""
    gateway = build()
    prepared: Documents[Any] = Documents(gateway.graphql_schema, classify=gateway.classify, pricing=gateway.pricing)
    runner: Runner[Any] = Runner(gateway.graphql_schema, decide=decide)
    async with AsyncExitStack() as held:
        await wiring.make_local(stack)
        held.push_async_callback(dropped, stack)
        both = []
        for sources in (await wiring.embedded(prepare(folder / "embedded")), await wiring.real(stack)):
            held.push_async_callback(sources.close)
            both.append((sources, await loaded(sources)))
            say(f"  loaded the demo's household ({'real' if len(both) > 1 else 'embedded'})")

        async def answered(at: int, query: str) -> list[dict[str, object]]:
            sources, viewer = both[at]
            ledger = Ledger()
            counting(sources.meter, ledger)
            context = Context(sources, Freshness(), viewer, ("en",))
            answer = await runner.execute(prepared.prepare(query), {}, context)
            await context.aclose()
            assert "errors" not in answer, answer["errors"]
            return ledger.told()

        def ask(at: int, query: str) -> Ask:
            return lambda: answered(at, query)

        print("whole requests over the demo's large household")
        await rounds({name: (ask(0, query), ask(1, query)) for name, query in REQUESTS.items()}, count)
        print("what a request costs: calls (keys) by source; embedded, then real")
        for name, query in REQUESTS.items():
            for at in (0, 1):
                told = ", ".join(f"{t['source']} {t['calls']} ({t['keys']})" for t in await answered(at, query))
                print(f"  {name:26}{told}", flush=True)


async def dropped(stack: Stack) -> None:
    """Nothing of the benchmark stays in the tables and the cluster."""
    calls = await AwsCalls.open("tables", "dynamodb", stack.access(stack.dynamodb_url), stack.patience)
    await drop(calls, TABLES, stack.prefix)
    await calls.close()
    indices = wiring.indices_of(stack)
    await forgotten(indices)


async def forgotten(indices: Indices) -> None:
    for index in await indices.counts():
        await indices._wire.call("DELETE", f"/{index}")  # noqa: SLF001
    await indices._wire.call("DELETE", f"/_index_template/{indices.name}")  # noqa: SLF001
    await indices.close()


async def index_alone(url: str, folder: Path, size: int, count: int) -> None:
    """Questions to the index, over so many photos."""
    cluster, name = Cluster(url, deadline_s=300.0), f"bench-{secrets.token_hex(4)}"
    indices = Indices.connect(cluster, name)
    await indices.prepare()
    own, real = TantivyIndex.open(folder / "index"), OpenSearchIndex.connect(cluster, name)
    try:
        await filled("embedded", own, size)
        await filled("OpenSearch", real, size)
        scope = Scope(Viewer(ViewerKind.CUSTOMER, CUSTOMER, CUSTOMER), CUSTOMER)
        first = next(d for d in documents(_SHARE) if d.embedding is not None).embedding
        assert first is not None

        def pair(make: Callable[[PhotoIndex], Ask]) -> tuple[Ask, Ask]:
            return make(own), make(real)

        asks = {name: pair(lambda index, q=question: lambda: index.ask(scope, q)) for name, question in QUESTIONS.items()}  # type: ignore[misc]
        asks["50 nearest by vector"] = pair(lambda index: lambda: index.nearest(scope, first, 50))
        print(f"the index alone: {size:,} photos, {size // _SHARE:,} of them the customer's, these with {_VECTOR}-number vectors")
        print("each question is one call of the index: in OpenSearch, one round trip")
        await rounds(asks, count)
    finally:
        await own.close()
        await real.close()
        await forgotten(indices)


async def main(size: int, count: int) -> None:
    places = Places.here()
    os.environ.update({k: v for k, v in places.environment().items() if k.startswith("AWS_")})
    name = f"bench-{secrets.token_hex(4)}"
    stack = Stack(
        region="us-east-1", prefix=f"{name}-", bucket=name, key_id=f"alias/{name}", index=name, local=True,
        search_url=places.url("opensearch"), dynamodb_url=places.url("dynamodb"), s3_url=places.url("s3"),
        kms_url=places.url("kms"),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        await requests(stack, Path(folder), count)
        await index_alone(stack.search_url, Path(folder), size, count)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--size", type=int, default=SIZE)
    arguments.add_argument("--rounds", type=int, default=30)
    told = arguments.parse_args()
    asyncio.run(main(told.size, told.rounds))
