"""Behaviour that needs a real server: missing shards, missing aliases and rejected documents."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from datasources.errors import Unavailable
from datasources.search.conditions import AnyOf, Field, HasWord
from datasources.search.opensearch.index import OpenSearchIndex
from datasources.search.opensearch.indices import IndexShape, Indices
from datasources.search.opensearch.schema import routing
from datasources.search.opensearch.transport import Transport
from datasources.search.opensearch.writer import _batches
from datasources.search.port import Clause, FacetRequest, Order, SearchRequest, TextQuery, Unwritable
from tests.http_fault_proxy import CUT, Faults, faults
from tests.search.engines import cluster, dropped, emptied
from tests.search.makers import ANA, fill, found, photo, scope_of

pytestmark = pytest.mark.servers
NAME = f"server-{os.getpid()}"


@asynccontextmanager
async def behind_proxy() -> AsyncIterator[tuple[Faults, OpenSearchIndex]]:
    """The real server behind a proxy."""
    await emptied(NAME)
    async with faults(cluster().url) as proxy:
        index = OpenSearchIndex.connect(cluster(proxy.url), NAME)
        try:
            yield proxy, index
        finally:
            await index.close()


async def test_six_facets_a_total_and_a_page_are_one_round_trip() -> None:
    async with behind_proxy() as (proxy, index):
        await fill(index, *(photo(n, text=("beach",), labels=("a",)) for n in range(30)))
        proxy.seen.clear()
        facets = tuple(FacetRequest(f, covers=True) for f in (Field.LABEL, Field.PERSON, Field.CITY, Field.YEAR, Field.CAMERA))
        text = TextQuery((Clause(HasWord("beach"), 1.5),))
        request = SearchRequest(
            limit=10, total=True, text=text, order=Order.RELEVANCE, facets=(*facets, FacetRequest(Field.STATE))
        )
        answer = await index.search(ANA, request)
        assert (len(answer.hits), answer.total, answer.facets[0].buckets[0].count) == (10, 30, 30)
        assert [line.split()[1] for line, _ in proxy.seen] == [f"/{NAME}/_msearch"]
        await index.search_many(ANA, [request] * 20)
        await index.document_frequencies(ANA, [HasWord("beach")] * 24)
        assert len(proxy.seen) == 3


async def test_only_the_shards_of_the_owners_are_requested() -> None:
    async with behind_proxy() as (proxy, index):
        await fill(index, photo(1))
        proxy.seen.clear()
        await index.search(ANA, SearchRequest(total=True))
        header = json.loads(proxy.seen[0][1].split(b"\n")[0])
        assert header["routing"] == routing("ana")
        response = await index._transport.call("GET", f"/{NAME}/_search_shards", routing=header["routing"])
        assert len(response["shards"]) == 1


async def test_an_answer_that_breaks_off_is_requested_for_again_and_then_unavailable() -> None:
    async with behind_proxy() as (proxy, index):
        await fill(index, photo(1))
        proxy.next = [CUT]
        assert (await index.search(ANA, SearchRequest(total=True))).total == 1
        proxy.always = CUT
        with pytest.raises(Unavailable):
            await index.search(ANA, SearchRequest(total=True))


async def test_a_write_whose_answer_was_lost_is_written_once() -> None:
    async with behind_proxy() as (proxy, index):
        proxy.next = [CUT]
        await fill(index, photo(1, version=3))
        assert await index.versions("ana") == {photo(1).key.id: 3}


async def test_a_write_to_a_name_that_is_none_makes_no_index() -> None:
    index = OpenSearchIndex.connect(cluster(), f"nothing-{NAME}")
    with pytest.raises(Unavailable, match="does not exist"):
        await index.write([photo(1)])
    for request in (index.search(ANA, SearchRequest(total=True)), index.refresh(), index.versions("ana")):
        with pytest.raises(Unavailable, match="does not exist"):
            await request
    assert await index._transport.call("GET", f"/nothing-{NAME}") is None
    await index.close()


async def test_a_document_beyond_the_engines_bounds_costs_itself_alone() -> None:
    async with behind_proxy() as (_, index):
        with pytest.raises(Unwritable) as raised:
            await index.write([photo(1), photo(2, keywords=("x" * 40_000,)), photo(3)])
        await index.refresh()
        assert raised.value.keys == (photo(2).key,)
        assert await found(index) == {1, 3}


@asynccontextmanager
async def half_an_index() -> AsyncIterator[tuple[OpenSearchIndex, dict[bool, str]]]:
    """An index with two shards of which only one is allocated, and an owner in that shard."""
    name = f"half-{os.getpid()}"
    wire = Transport(cluster(deadline_s=20.0))
    indices = Indices(wire, name, IndexShape(shards=2, replicas=0))
    template = indices.template()
    template["template"]["settings"]["index"] |= {"routing.allocation.total_shards_per_node": 1}
    try:
        await wire.call("PUT", f"/_index_template/{name}", template)
        await wire.call("PUT", f"/{name}-000001", {"aliases": {name: {}}}, wait_for_active_shards="0")
        await wire.call("GET", f"/_cluster/health/{name}", wait_for_no_initializing_shards="true")
        index = OpenSearchIndex(wire, name)
        owners: dict[bool, str] = {}
        for n in range(40):
            response: Any = await wire.call("GET", f"/{name}/_search_shards", routing=routing(f"owner{n}"))
            owners[any(copies for copies in response["shards"])] = f"owner{n}"
        yield index, owners
    finally:
        await wire.close()
        dropped(name)


async def test_of_a_red_index_owners_in_the_whole_part_have_all_and_others_are_reported() -> None:
    async with half_an_index() as (index, owners):
        assert set(owners) == {True, False}
        here, lost = scope_of(owners[True]), scope_of(owners[False])
        # A refresh of all would wait for the part that is lost; one of what is written does not.
        for lines in _batches([photo(1, owners[True])], (index._name,)):
            await index._transport.call("POST", "/_bulk", b"".join(line for _, _, line in lines), refresh="true")
        assert (await index.search(here, SearchRequest(total=True))).total == 1
        with pytest.raises(Unavailable):
            await index.search(lost, SearchRequest(total=True, facets=(FacetRequest(Field.LABEL),)))
        with pytest.raises(Unavailable):
            await index.document_frequencies(lost, [AnyOf(Field.LABEL, ("a",))])
        with pytest.raises(Unavailable):
            await index.versions(owners[False])
