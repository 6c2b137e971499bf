"""Compares latencies and calls of the production engines with the embedded ones, with the same requests and photos.

    make bench STACK=local                1,000,000 photos, of which one customer has 100,000, all with vectors
    make bench STACK=local SIZE=20000     a smaller index
    make bench STACK=local KEEP=.cache/b  stores both indexes for later runs; an interrupted fill is resumed

It measures complete GraphQL requests of the large household of the demo, which shares the indexes with all other photos, and then
search requests to the index alone. Rounds of both engines are interleaved, so that other load affects both alike. It requires the
servers of `make servers`, and removes everything from them except an index that is stored.
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
from benchmarks.fill_indexes import SHARE, VECTOR, FillCheckpoints, documents, fill, print_status
from benchmarks.search import CUSTOMER, SEARCH_REQUESTS
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
Request = Callable[[], Awaitable[object]]


async def rounds(requests: Mapping[str, tuple[Request, Request]], count: int) -> None:
    """Prints a table of the requests with the median (95th percentile) of each engine."""
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in requests}
    for round_ in range(count + 2):
        for name, pair in requests.items():
            for send, samples in zip(pair, times[name], strict=True):
                start_s = time.perf_counter()
                await send()
                if round_ >= 2:
                    samples.append((time.perf_counter() - start_s) * 1_000)
    print(f"{'p50 (p95) ms':34}{'embedded':>20}{'production':>20}{'ratio':>8}")
    for name, (own, real) in times.items():
        cells = "".join(f"{f'{median(c):.1f} ({quantiles(c, n=20)[-1]:.1f})':>20}" for c in (own, real))
        print(f"{name:34}{cells}{median(real) / median(own):>8.1f}", flush=True)


async def loaded(sources: Sources) -> Viewer:
    """Imports the large household of the demo."""
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
class Engines:
    """The embedded and the production engines, each with the viewer of its tables."""

    sources: tuple[Sources, Sources]
    viewers: tuple[Viewer, Viewer]

    @property
    def indexes(self) -> tuple[PhotoIndex, PhotoIndex]:
        return (self.sources[0].index, self.sources[1].index)


@asynccontextmanager
async def open_engines(stack: Stack, folder: Path, index: Path) -> AsyncIterator[Engines]:
    """Opens tables for the household of the demo, and the indexes, from which the household is removed at the end."""
    tables_only = replace(stack, index=f"{stack.prefix}none")
    async with AsyncExitStack() as exits:
        await wiring.make_local(tables_only)
        exits.push_async_callback(drop_all, tables_only)
        embedded = await wiring.embedded(prepare(folder / "embedded"), index=TantivyIndex.open(index))
        exits.push_async_callback(embedded.close)
        real = await wiring.real(stack)
        exits.push_async_callback(real.close)
        # A refresh after writing a million photos is slow.
        slow = OpenSearchIndex.connect(Cluster(stack.search_url, deadline_s=300.0), stack.index)
        exits.push_async_callback(slow.close)
        viewers = []
        for name, sources in (("embedded", embedded), ("real", replace(real, index=slow))):
            viewers.append(await loaded(sources))
            exits.push_async_callback(sources.index.erase, str(viewers[-1].customer))
            print_status(f"  loaded the demo's household ({name})")
        yield Engines((embedded, real), (viewers[0], viewers[1]))


async def requests(engines: Engines, count: int) -> None:
    """Measures complete requests through the schema with both engines, and prints their calls."""
    gateway = build()
    prepared: DocumentCache[Any] = DocumentCache(gateway.graphql_schema, classify=gateway.classify, pricing=gateway.pricing)
    runner: Runner[Any] = Runner(gateway.graphql_schema, decide=denied_coordinates)

    async def execute(at: int, query: str) -> list[dict[str, object]]:
        sources, stats = engines.sources[at], RequestStats()
        count_calls_of_request(sources.meter, stats)
        context = Context(sources, IndexLag(), engines.viewers[at], ("en",))
        answer = await runner.execute(prepared.prepare(query), {}, context)
        await context.aclose()
        assert "errors" not in answer, answer["errors"]
        return stats.to_list()

    def request(at: int, query: str) -> Request:
        return lambda: execute(at, query)

    await rounds({name: (request(0, query), request(1, query)) for name, query in REQUESTS.items()}, count)
    print("calls (keys) of a request by data source: embedded, then production")
    for name, query in REQUESTS.items():
        for at in (0, 1):
            calls = ", ".join(f"{t['source']} {t['calls']} ({t['keys']})" for t in await execute(at, query))
            print(f"  {name:26}{calls}", flush=True)


async def index_alone(engines: Engines, count: int) -> None:
    """Measures search requests of the customer who has a tenth of all photos."""
    scope = Scope(Viewer(ViewerKind.CUSTOMER, CUSTOMER, CUSTOMER), CUSTOMER)
    first = next(documents(SHARE)).embedding
    assert first is not None

    def pair(make: Callable[[PhotoIndex], Request]) -> tuple[Request, Request]:
        own, real = engines.indexes
        return make(own), make(real)

    pairs = {name: pair(lambda index, r=request: lambda: index.search(scope, r)) for name, request in SEARCH_REQUESTS.items()}  # type: ignore[misc]
    pairs["50 nearest by vector"] = pair(lambda index: lambda: index.nearest(scope, first, 50))
    await rounds(pairs, count)


async def drop_all(stack: Stack) -> None:
    """Deletes the tables and indices of the benchmark."""
    calls = await AwsCalls.open("tables", "dynamodb", stack.access(stack.dynamodb_url), stack.retry_policy)
    await drop(calls, TABLES, stack.prefix)
    await calls.close()
    await drop_indices(stack)


async def drop_indices(stack: Stack) -> None:
    """Deletes the indices of a stack and their template."""
    indices = wiring.indices_of(stack)
    await indices.delete_all()
    await indices.close()


async def wait_for_merges(stack: Stack) -> None:
    """Waits until OpenSearch has merged its segments, which would slow only one engine."""
    wire = Transport(Cluster(stack.search_url, deadline_s=60.0))
    start_s = time.perf_counter()
    while (stats := await wire.call("GET", f"/{stack.index}/_stats/merge"))["_all"]["total"]["merges"]["current"]:
        print_status(f"  OpenSearch is merging {stats['_all']['total']['merges']['current_docs']:,} photos")
        await asyncio.sleep(10)
    size = (await wire.call("GET", f"/{stack.index}/_stats/store"))["_all"]["total"]["store"]["size_in_bytes"]
    print_status(f"  merged in {time.perf_counter() - start_s:.0f} s more; {size / 1_000_000:,.0f} MB on disk")
    await wire.close()


def stack_at(places: Places, index: str) -> Stack:
    """A stack with new tables, bucket and key, and an index of this name."""
    os.environ.update({k: v for k, v in places.environment().items() if k.startswith("AWS_")})
    name = f"bench-{secrets.token_hex(4)}"
    return Stack(
        region="us-east-1", prefix=f"{name}-", bucket=name, key_id=f"alias/{name}", index=index, local=True,
        search_url=places.url("opensearch"), dynamodb_url=places.url("dynamodb"), s3_url=places.url("s3"),
        kms_url=places.url("kms"),
    )  # fmt: skip


async def main(size: int, count: int, keep: Path | None) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = keep or Path(scratch) / "indexes"
        folder.mkdir(parents=True, exist_ok=True)
        stack = stack_at(Places.here(), f"bench-{size}" if keep else f"bench-{secrets.token_hex(4)}")
        checkpoints, indices = FillCheckpoints(folder / f"{size}.json"), wiring.indices_of(stack)
        if await indices.prepare():
            checkpoints.save(REAL, 0)
        await indices.close()
        try:
            async with open_engines(stack, Path(scratch), folder / f"{size}") as engines:
                slow = OpenSearchIndex.connect(Cluster(stack.search_url, deadline_s=300.0), stack.index)
                await asyncio.gather(fill(EMBEDDED, engines.indexes[0], size, checkpoints), fill(REAL, slow, size, checkpoints))
                await slow.close()
                await wait_for_merges(stack)
                print(f"complete requests of the large household of the demo, with {size:,} other photos in the index")
                await requests(engines, count)
                print(f"index alone: the customer has {size // SHARE:,} of {size:,} photos, with vectors of {VECTOR} numbers")
                print("each request is one call of the index: in OpenSearch, one round trip")
                await index_alone(engines, count)
        finally:
            if keep is None:
                await drop_indices(stack)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    asyncio.run(main(options.size, options.rounds, options.keep))
