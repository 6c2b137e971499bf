"""Both stacks return equal results for 500 requests, all pages, over one library of 20,000 photos."""

from __future__ import annotations

import asyncio
import io
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from access.viewer import GuestLink, Viewer, ViewerKind
from commands.progress import PlainProgress
from datasources import Sources
from datasources.media.s3 import S3MediaStore
from datasources.search.opensearch.index import OpenSearchIndex
from datasources.tables.dynamodb.store import DynamoItemStore
from datasources.wiring import real
from demo.library import demo_library
from demo.load import DemoGuest, load_demo
from execution.errors import RequestError
from indexing.index_lag import IndexLag
from indexing.open_stores import open_exclusive
from indexing.rebuild import rebuild
from resolvers.context import Context
from tests.differential.copy_library import at, copied
from tests.differential.random_queries import FACETS, Questions, Requested, World
from tests.requests.harness import served
from tests.stack.stacks import made, stack_of

pytestmark = [pytest.mark.servers, pytest.mark.slow]
PHOTOS = int(os.environ.get("DIFFERENTIAL_PHOTOS", "20000"))
QUESTIONS = int(os.environ.get("DIFFERENTIAL_QUESTIONS", "500"))
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "11"))
CUSTOMERS = ("ana", "kenji", "priya")
GUEST = "guest"
AT_ONCE = 4


class Stacks:
    """The embedded and the production stack, with one fixed clock."""

    def __init__(self, embedded: Sources, other: Sources, guest: DemoGuest) -> None:
        now = embedded.now_ms()
        self.guest = guest
        self.both = [at(now, sources) for sources in (embedded, other)]

    async def answers(self, who: str, document: str, variables: dict[str, Any]) -> list[Any]:
        """The responses of both stacks."""
        return await asyncio.gather(*(self._answer(sources, who, document, variables) for sources in self.both))

    def viewer(self, who: str) -> Viewer:
        """A customer, or the guest of the demo's link."""
        if who == GUEST:
            g = self.guest
            return Viewer(ViewerKind.GUEST, g.grantee, guest_of=GuestLink(g.owner, g.album, g.grantee))
        return Viewer(ViewerKind.CUSTOMER, who, customer=self.both[0].ids.local_id("customer", who))

    async def _answer(self, sources: Sources, who: str, document: str, variables: dict[str, Any]) -> Any:
        _, documents, runner = served()
        context = Context(sources, IndexLag(), self.viewer(who), ("en",), public_url="http://gateway.test")
        try:
            answer = await runner.execute(documents.prepare(document), variables, context)
        except RequestError as e:
            return {"refused": str(e)}
        finally:
            await context.aclose()
        for error in answer.get("errors", ()):
            error["extensions"].pop("id", None)  # of the occurrence, not of the error
        return {name: part for name, part in answer.items() if name in {"data", "errors"}}

    async def world(self, who: str) -> World:
        """Values for filters from the facets of the library; one request each, because guests have a low query limit."""
        values = {
            by: await self._keys(who, f"found: facet(by: {by}, first: 200) {{ found: buckets {{ it: key }} }}") for by in FACETS
        }
        places = [*values["COUNTRY"], *values["REGION"], *values["CITY"]]
        ids = {"people": values["PERSON"], "labels": values["LABEL"], "albums": values["ALBUM"], "places": places,
               "photos": await self._keys(who, "found: nodes { it: id }", first=50)}  # fmt: skip
        return World({name: found or ["bm9uZQ"] for name, found in ids.items()}, {by: v for by, v in values.items() if v} | {
            by: values[by] for by in ("KEYWORD", "CAMERA")})  # fmt: skip

    async def _keys(self, who: str, part: str, *, first: int = 0) -> list[str]:
        """Whatever is called `it`, of all photos of a library."""
        reported, other = await self.answers(who, f"{{ all: photos(first: {first}, library: ALL) {{ {part} }} }}", {})
        assert reported == other
        found = ((reported.get("data") or {}).get("all") or {}).get("found") or []
        return [one["it"] for one in (found["found"] if isinstance(found, dict) else found)]


@asynccontextmanager
async def both_stacks(folder: Path) -> AsyncIterator[Stacks]:
    """The demo, loaded into a folder as `serve --demo` does and copied from its tables; each has an index of its own making."""
    async with open_exclusive(folder, "tests") as embedded:
        demo = await load_demo(embedded, folder, PlainProgress(io.StringIO()), demo_library(photos=PHOTOS))
        async with made(stack_of()) as stack:
            begun = time.perf_counter(), time.process_time()
            assert await copied(embedded, folder / "tables.sqlite", stack) > PHOTOS
            took("copied into the tables", begun)
            other = await real(stack)
            try:
                assert await rebuild(other) == PHOTOS
                yield Stacks(embedded, other, demo.guest)
            finally:
                await other.close()


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Stacks]]:
    begun = time.perf_counter(), time.process_time()
    with asyncio.Runner() as runner:
        opened = both_stacks(tmp_path_factory.mktemp("differential"))
        stacks = runner.run(opened.__aenter__())
        took("both stacks loaded", begun)
        try:
            yield runner, stacks
        finally:
            runner.run(opened.__aexit__(None, None, None))


def took(what: str, begun: tuple[float, float]) -> None:
    wall, busy = time.perf_counter() - begun[0], time.process_time() - begun[1]
    print(f"{what}: {wall:.0f} s, {busy:.0f} s of this process")  # noqa: T201 - shown with -s


async def walked(stacks: Stacks, requested: Requested, seen: Counter[str]) -> str | None:
    """Read every page of a request; returns the difference of the stacks, if any."""
    document, variables = requested.first, dict(requested.variables)
    while True:
        reported, other = await stacks.answers(requested.customer, document, variables)
        if reported != other:
            return f"{requested.customer} {document}\n{variables}\n{str(reported)[:600]}\n{str(other)[:600]}"
        data = reported.get("data") or {}
        page = data.get("list") or (data.get("of") or {}).get("list")
        seen["pages"] += 1
        wrong = reported.get("refused") or (reported["errors"][0]["message"] if "errors" in reported else None)
        seen["errors"] += wrong is not None
        if page is None:
            return None
        seen["hits"] += len(page["edges"])
        seen["buckets"] += sum(len(part["buckets"]) for part in page.values() if isinstance(part, dict) and "buckets" in part)
        if not page["edges"] or not page["pageInfo"]["hasNextPage"]:
            return None
        document, variables["a"] = requested.later, page["pageInfo"]["endCursor"]


async def differences(stacks: Stacks, seen: Counter[str]) -> list[str]:
    """Run all requests concurrently."""
    worlds = {who: await stacks.world(who) for who in (*CUSTOMERS, GUEST)}
    questions = Questions(SEED, worlds)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(requested: Requested) -> str | None:
        async with gate:
            return await walked(stacks, requested, seen)

    found = await asyncio.gather(*(one(questions.one()) for _ in range(QUESTIONS)))
    return [difference for difference in found if difference]


def test_five_hundred_questions_are_answered_alike(stacks) -> None:
    runner, both = stacks
    seen: Counter[str] = Counter()
    begun = time.perf_counter(), time.process_time()
    differing = runner.run(differences(both, seen))
    took(f"{QUESTIONS} questions over {dict(seen)}", begun)
    assert differing == []
    assert seen["hits"] > 50 * QUESTIONS
    assert seen["buckets"] > 3 * QUESTIONS
    assert seen["errors"] >= QUESTIONS // 50


def test_the_other_stack_is_the_real_one(stacks) -> None:
    _, other = stacks[1].both
    behind = [getattr(source, "inner", source) for source in (other.store, other.index, other.media)]
    assert [type(engine) for engine in behind] == [DynamoItemStore, OpenSearchIndex, S3MediaStore]
    assert other.key_service.for_production


def test_a_difference_would_be_seen(stacks) -> None:
    """Remove one photo from one of the indices."""
    runner, both = stacks
    _, sources = both.both
    first = "{ list: photos(first: 0, filter: {any: [{}]}) { total { count } edges { node { id } } pageInfo { hasNextPage endCursor } } }"
    everything = Requested("ana", first, first, {})
    assert runner.run(walked(both, everything, Counter())) is None
    owner = sources.ids.local_id("customer", "ana")
    page = "{ list: photos(first: 1, filter: {hasPeople: true}) { edges { node { id } } } }"
    reported = runner.run(both.answers("ana", page, {}))[0]
    local = sources.ids.decode(reported["data"]["list"]["edges"][0]["node"]["id"]).local
    runner.run(_lose(sources, owner, local))
    assert runner.run(walked(both, everything, Counter())) is not None


async def _lose(sources: Sources, owner: str, local: str) -> None:
    from datasources.photo_key import PhotoKey
    from datasources.search.port import Removal

    versions = await sources.index.versions(owner)
    await sources.index.write([Removal(PhotoKey(owner, local), versions[local] + 1)])
    await sources.index.refresh()
