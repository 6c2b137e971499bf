"""One library of 20,000 photos behind both search engines: 500 questions, each walked to its end, answered alike."""

from __future__ import annotations

import asyncio
import io
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from access.viewer import Viewer, ViewerKind
from datasources import Sources
from datasources.search.opensearch import OpenSearchIndex
from execution.errors import RequestError
from ingest.demo.library import demo_library
from ingest.holding import whole
from ingest.load_demo import load_demo
from ingest.rebuilding import rebuild
from ingest.screen import PlainScreen
from resolvers.context import Context
from resolvers.freshness import Freshness
from tests.differential.questions import FACETS, Asked, Questions, World
from tests.requests.harness import served
from tests.search.engines import cluster, emptied

pytestmark = [pytest.mark.servers, pytest.mark.slow]
PHOTOS = int(os.environ.get("DIFFERENTIAL_PHOTOS", "20000"))
QUESTIONS = int(os.environ.get("DIFFERENTIAL_QUESTIONS", "500"))
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "11"))
NAME = f"differential-{os.getpid()}"
CUSTOMERS = ("ana", "kenji", "priya")


class Stacks:
    """The same sources twice, but for the index; one clock."""

    def __init__(self, embedded: Sources, opensearch: Sources) -> None:
        now = embedded.now_ms()
        self.both = [replace(sources, now_ms=lambda: now) for sources in (embedded, opensearch)]

    async def answers(self, customer: str | None, document: str, variables: dict[str, Any]) -> list[Any]:
        """What each stack says."""
        return [await self._answer(sources, customer, document, variables) for sources in self.both]

    async def _answer(self, sources: Sources, customer: str | None, document: str, variables: dict[str, Any]) -> Any:
        viewer = Viewer(ViewerKind.CUSTOMER, str(customer), customer=sources.ids.local_id("customer", str(customer)))
        _, documents, runner = served()
        context = Context(sources, Freshness(), viewer, ("en",), public_url="http://gateway.test")
        try:
            answer = await runner.execute(documents.prepare(document), variables, context)
        except RequestError as e:
            return {"refused": str(e)}
        finally:
            await context.aclose()
        for error in answer.get("errors", ()):
            error["extensions"].pop("id", None)  # of the occurrence, not of the error
        return {name: part for name, part in answer.items() if name in {"data", "errors"}}

    async def world(self, customer: str) -> World:
        """What can be asked for, from the facets of the whole library."""
        facets = " ".join(f"{by}: facet(by: {by}, first: 200) {{ buckets {{ key }} }}" for by in FACETS)
        document = f"{{ photos(first: 0, library: ALL) {{ {facets} }} }}"
        told, other = await self.answers(customer, document, {})
        assert told == other
        values = {by: [b["key"] for b in told["data"]["photos"][by]["buckets"]] for by in FACETS}
        places = [*values["COUNTRY"], *values["REGION"], *values["CITY"]]
        ids = {"people": values["PERSON"], "labels": values["LABEL"], "albums": values["ALBUM"], "places": places}
        return World({name: found or ["bm9uZQ"] for name, found in ids.items()}, {by: v for by, v in values.items() if v} | {
            by: values[by] for by in ("KEYWORD", "CAMERA")})  # fmt: skip


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Stacks]]:
    folder: Path = tmp_path_factory.mktemp("differential")
    with asyncio.Runner() as runner:
        held = whole(folder, "tests")
        sources = runner.run(held.__aenter__())
        runner.run(load_demo(sources, folder, PlainScreen(io.StringIO()), demo_library(photos=PHOTOS)))
        runner.run(emptied(NAME))
        other = replace(sources, index=OpenSearchIndex.connect(cluster(), NAME))
        assert runner.run(rebuild(other)) == PHOTOS
        try:
            yield runner, Stacks(sources, other)
        finally:
            runner.run(other.index.close())
            runner.run(held.__aexit__(None, None, None))


async def walked(stacks: Stacks, asked: Asked, seen: Counter[str]) -> str | None:
    """Every page of one question; how the stacks differ, if they do."""
    document, variables = asked.first, dict(asked.variables)
    while True:
        told, other = await stacks.answers(asked.customer, document, variables)
        if told != other:
            return f"{asked.customer} {document}\n{variables}\n{str(told)[:600]}\n{str(other)[:600]}"
        page = (told.get("data") or {}).get("list")
        seen["pages"] += 1
        wrong = told.get("refused") or (told["errors"][0]["message"] if "errors" in told else None)
        seen["errors"] += wrong is not None
        if page is None:
            return None
        seen["hits"] += len(page["edges"])
        seen["buckets"] += sum(len(part["buckets"]) for part in page.values() if isinstance(part, dict) and "buckets" in part)
        if not page["edges"] or not page["pageInfo"]["hasNextPage"]:
            return None
        document, variables["a"] = asked.later, page["pageInfo"]["endCursor"]


def test_five_hundred_questions_are_answered_alike(stacks) -> None:
    runner, both = stacks
    worlds = {customer: runner.run(both.world(customer)) for customer in CUSTOMERS}
    questions = Questions(SEED, worlds)
    seen: Counter[str] = Counter()
    differing = [d for _ in range(QUESTIONS) if (d := runner.run(walked(both, questions.one(), seen)))]
    print(dict(seen))  # noqa: T201 - shown with -s
    assert differing == []
    assert seen["hits"] > 50 * QUESTIONS
    assert seen["buckets"] > 3 * QUESTIONS
    assert seen["errors"] >= QUESTIONS // 50


def test_a_difference_would_be_seen(stacks) -> None:
    """One photo less in one of the indices."""
    runner, both = stacks
    _, sources = both.both
    first = "{ list: photos(first: 0, filter: {any: [{}]}) { total { count } edges { node { id } } pageInfo { hasNextPage endCursor } } }"
    everything = Asked("ana", first, first, {})
    assert runner.run(walked(both, everything, Counter())) is None
    owner = sources.ids.local_id("customer", "ana")
    page = "{ list: photos(first: 1, filter: {hasPeople: true}) { edges { node { id } } } }"
    told = runner.run(both.answers("ana", page, {}))[0]
    local = sources.ids.decode(told["data"]["list"]["edges"][0]["node"]["id"]).local
    runner.run(_lose(sources, owner, local))
    assert runner.run(walked(both, everything, Counter())) is not None


async def _lose(sources: Sources, owner: str, local: str) -> None:
    from datasources.photo_key import PhotoKey
    from datasources.search.port import Removal

    versions = await sources.index.versions(owner)
    await sources.index.write([Removal(PhotoKey(owner, local), versions[local] + 1)])
    await sources.index.refresh()
