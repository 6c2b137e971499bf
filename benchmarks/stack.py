"""The real engines beside the embedded ones: latencies and calls of the same questions over the same photos.

    make bench STACK=local                1,000,000 photos, of which one customer has 100,000, all of hers with vectors
    make bench STACK=local SIZE=20000     fewer, for a machine that has other things to do
    make bench STACK=local KEEP=.cache/b  keeps both indexes; stopped, it goes on where it was, and later runs only ask

First whole GraphQL requests of the demo's large household, which shares the indexes with all the others, then questions to
the index alone. Rounds of both engines are interleaved, so that a busy machine slows both alike. Needs the servers of
`make servers`; leaves nothing in them but the index that it was told to keep.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from access.scope import Scope
from access.viewer import Viewer, ViewerKind
from benchmarks.fill_indexes import SHARE, VECTOR, Notes, documents, filled, say
from benchmarks.search import CUSTOMER, QUESTIONS
from benchmarks.timeline import QUERY as TIMELINE
from datasources import TABLES, Sources, wiring
from datasources.aws.calls import AwsCalls
from datasources.aws.stack import Stack
from datasources.data_folder import prepare
from datasources.instrumentation.call_stats import RequestStats, count_calls_of_request
from datasources.search.opensearch.index import OpenSearchIndex
from datasources.search.opensearch.transport import Cluster, Transport
from datasources.search.port import PhotoIndex
from datasources.search.tantivy.index import TantivyIndex
from datasources.tables.dynamodb.schema import drop
from demo.library import demo_library
from deploy.servers.addresses import Places
from execution.document_cache import DocumentCache
from execution.runner import Runner
from indexing.documents import catch_up
from indexing.index_lag import IndexLag
from resolvers.context import Context
from resolvers.importing.writer import RecordWriter
from schema.build import build, denied_coordinates

SIZE = 1_000_000
EMBEDDED, REAL = "embedded", "OpenSearch"
_SEARCH = """{ searchPhotos(query: "beach", first: 50) { nodes { id caption } total { count }
  a: facet(by: COUNTRY) { buckets { key } } b: facet(by: PERSON) { buckets { key } }
  c: facet(by: LABEL) { buckets { key } }
  d: facet(by: YEAR) { buckets { key } }
  e: facet(by: CAMERA) { buckets { key } } f: facet(by: FAVORITE) { buckets { key } } } }"""
_FILTERED = "{ photos(first: 100, filter: {favorite: true}) { nodes { id caption } total { count } } }"
REQUESTS = {"timeline page of 100": TIMELINE, "search, six facets, 50": _SEARCH, "filter, total, 100": _FILTERED}
Ask = Callable[[], Awaitable[object]]


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
    writer, records = RecordWriter(sources, owner), list(household.records)
    for start in range(0, len(records), 250):
        await writer.write(records[start : start + 250])
    while await catch_up(sources):
        pass
    await sources.index.refresh()
    return Viewer(ViewerKind.CUSTOMER, household.external_id, customer=owner)


@dataclass
class Both:
    """The embedded engines and the real ones, and the viewer whose tables they have."""

    sources: tuple[Sources, Sources]
    viewers: tuple[Viewer, Viewer]

    @property
    def indexes(self) -> tuple[PhotoIndex, PhotoIndex]:
        return (self.sources[0].index, self.sources[1].index)


@asynccontextmanager
async def both(stack: Stack, folder: Path, index: Path) -> AsyncIterator[Both]:
    """Tables for the demo's household alone; indexes that stay where they are, without the household in the end."""
    elsewhere = replace(stack, index=f"{stack.prefix}none")
    async with AsyncExitStack() as held:
        await wiring.make_local(elsewhere)
        held.push_async_callback(dropped, elsewhere)
        embedded = await wiring.embedded(prepare(folder / "embedded"), index=TantivyIndex.open(index))
        held.push_async_callback(embedded.close)
        real = await wiring.real(stack)
        held.push_async_callback(real.close)
        # A refresh of a million photos that were just written takes its time.
        patient = OpenSearchIndex.connect(Cluster(stack.search_url, deadline_s=300.0), stack.index)
        held.push_async_callback(patient.close)
        viewers = []
        for name, sources in (("embedded", embedded), ("real", replace(real, index=patient))):
            viewers.append(await loaded(sources))
            held.push_async_callback(sources.index.erase, str(viewers[-1].customer))
            say(f"  loaded the demo's household ({name})")
        yield Both((embedded, real), (viewers[0], viewers[1]))


async def requests(told: Both, count: int) -> None:
    """Whole requests through the schema, on both stacks; then what each costs."""
    gateway = build()
    prepared: DocumentCache[Any] = DocumentCache(gateway.graphql_schema, classify=gateway.classify, pricing=gateway.pricing)
    runner: Runner[Any] = Runner(gateway.graphql_schema, decide=denied_coordinates)

    async def answered(at: int, query: str) -> list[dict[str, object]]:
        sources, ledger = told.sources[at], RequestStats()
        count_calls_of_request(sources.meter, ledger)
        context = Context(sources, IndexLag(), told.viewers[at], ("en",))
        answer = await runner.execute(prepared.prepare(query), {}, context)
        await context.aclose()
        assert "errors" not in answer, answer["errors"]
        return ledger.to_list()

    def ask(at: int, query: str) -> Ask:
        return lambda: answered(at, query)

    await rounds({name: (ask(0, query), ask(1, query)) for name, query in REQUESTS.items()}, count)
    print("what a request costs: calls (keys) by source; embedded, then real")
    for name, query in REQUESTS.items():
        for at in (0, 1):
            told_by = ", ".join(f"{t['source']} {t['calls']} ({t['keys']})" for t in await answered(at, query))
            print(f"  {name:26}{told_by}", flush=True)


async def index_alone(told: Both, count: int) -> None:
    """Questions to the index of the customer who has a tenth of all photos, and what each question costs."""
    scope = Scope(Viewer(ViewerKind.CUSTOMER, CUSTOMER, CUSTOMER), CUSTOMER)
    first = next(documents(SHARE)).embedding
    assert first is not None

    def pair(make: Callable[[PhotoIndex], Ask]) -> tuple[Ask, Ask]:
        own, real = told.indexes
        return make(own), make(real)

    asks = {name: pair(lambda index, q=question: lambda: index.search(scope, q)) for name, question in QUESTIONS.items()}  # type: ignore[misc]
    asks["50 nearest by vector"] = pair(lambda index: lambda: index.nearest(scope, first, 50))
    await rounds(asks, count)


async def dropped(stack: Stack) -> None:
    """Nothing of the benchmark stays in the tables and the cluster."""
    calls = await AwsCalls.open("tables", "dynamodb", stack.access(stack.dynamodb_url), stack.retry_policy)
    await drop(calls, TABLES, stack.prefix)
    await calls.close()
    await forgotten(stack)


async def forgotten(stack: Stack) -> None:
    """The indices of a stack are gone, and their template."""
    indices = wiring.indices_of(stack)
    await indices.delete_all()
    await indices.close()


async def settled(stack: Stack) -> None:
    """Segments that are being merged would slow one engine alone."""
    wire = Transport(Cluster(stack.search_url, deadline_s=60.0))
    began = time.perf_counter()
    while (told := await wire.call("GET", f"/{stack.index}/_stats/merge"))["_all"]["total"]["merges"]["current"]:
        say(f"  OpenSearch still merges {told['_all']['total']['merges']['current_docs']:,} photos")
        await asyncio.sleep(10)
    size = (await wire.call("GET", f"/{stack.index}/_stats/store"))["_all"]["total"]["store"]["size_in_bytes"]
    say(f"  merged in {time.perf_counter() - began:.0f} s more; {size / 1_000_000:,.0f} MB on disk")
    await wire.close()


def stack_at(places: Places, index: str) -> Stack:
    """Tables, bucket and key that nobody used before, and an index by this name."""
    os.environ.update({k: v for k, v in places.environment().items() if k.startswith("AWS_")})
    name = f"bench-{secrets.token_hex(4)}"
    return Stack(
        region="us-east-1", prefix=f"{name}-", bucket=name, key_id=f"alias/{name}", index=index, local=True,
        search_url=places.url("opensearch"), dynamodb_url=places.url("dynamodb"), s3_url=places.url("s3"),
        kms_url=places.url("kms"),
    )  # fmt: skip


async def main(size: int, count: int, keep: Path | None) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        kept = keep or Path(scratch) / "kept"
        kept.mkdir(parents=True, exist_ok=True)
        stack = stack_at(Places.here(), f"bench-{size}" if keep else f"bench-{secrets.token_hex(4)}")
        notes, indices = Notes(kept / f"{size}.json"), wiring.indices_of(stack)
        if await indices.prepare():
            notes.note(REAL, 0)
        await indices.close()
        try:
            async with both(stack, Path(scratch), kept / f"{size}") as told:
                patient = OpenSearchIndex.connect(Cluster(stack.search_url, deadline_s=300.0), stack.index)
                await asyncio.gather(filled(EMBEDDED, told.indexes[0], size, notes), filled(REAL, patient, size, notes))
                await patient.close()
                await settled(stack)
                print(f"whole requests over the demo's large household, whose photos lie among {size:,} others in the index")
                await requests(told, count)
                print(
                    f"the index alone: {size // SHARE:,} of {size:,} photos are the customer's, with vectors of {VECTOR} numbers"
                )
                print("each question is one call of the index: in OpenSearch, one round trip")
                await index_alone(told, count)
        finally:
            if keep is None:
                await forgotten(stack)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--size", type=int, default=SIZE)
    arguments.add_argument("--rounds", type=int, default=30)
    arguments.add_argument("--keep", type=Path)
    told = arguments.parse_args()
    asyncio.run(main(told.size, told.rounds, told.keep))
