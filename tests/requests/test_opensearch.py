"""Requests with OpenSearch: round trips per page, and responses while the index is unavailable."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from datasources.search.opensearch.index import OpenSearchIndex
from datasources.search.opensearch.transport import Cluster
from tests.http_fault_proxy import Faults, faults, garbage
from tests.requests.harness import Gateway, opened
from tests.search.engines import cluster, emptied

NAME = f"requests-{os.getpid()}"
SIX_FACETS = """a: facet(by: COUNTRY) { buckets { key } } b: facet(by: PERSON) { buckets { key } } c: facet(by: LABEL) { buckets { key } }
  d: facet(by: MEDIA_TYPE) { buckets { key } } e: facet(by: CAMERA) { buckets { key } } f: facet(by: FAVORITE) { buckets { key } }"""


@pytest.fixture
async def proxied(tmp_path: Path) -> AsyncIterator[tuple[Gateway, Faults]]:
    await emptied(NAME)
    async with faults(cluster().url) as proxy:
        index = OpenSearchIndex.connect(cluster(proxy.url), NAME)
        async with opened(tmp_path, around_index=lambda _: index) as gateway:
            yield gateway, proxy
        await index.close()


@pytest.mark.servers
async def test_a_search_page_with_six_facets_is_one_round_trip_plus_one_for_frequencies_on_the_first(
    proxied: tuple[Gateway, Faults],
) -> None:
    gateway, proxy = proxied
    ana = await gateway.customer("ana")
    await gateway.photos("ana", *(f"p{n}" for n in range(12)), caption="dog on a beach")
    query = f"""query($a: String) {{ searchPhotos(query: "dog beach", first: 5, after: $a) {{ edges {{ node {{ id caption }} }}
      total {{ count }} pageInfo {{ endCursor }} {SIX_FACETS} }} }}"""
    proxy.seen.clear()
    first = (await gateway.answer(query, as_=ana))["searchPhotos"]
    assert (len(first["edges"]), first["total"]["count"], len(proxy.seen)) == (5, 12, 3)
    proxy.seen.clear()
    await gateway.answer(query, {"a": first["pageInfo"]["endCursor"]}, as_=ana)
    assert [line.split()[1] for line, _ in proxy.seen] == [f"/{NAME}/_msearch"] * 2  # cameras and lenses, then the page
    proxy.seen.clear()
    filtered = (
        f"{{ photos(first: 5, filter: {{hasCaption: true}}) {{ edges {{ node {{ id }} }} total {{ count }} {SIX_FACETS} }} }}"
    )
    assert (await gateway.answer(filtered, as_=ana))["photos"]["total"]["count"] == 12
    assert len(proxy.seen) == 1
    proxy.seen.clear()
    await gateway.answer("{ photos(first: 5) { nodes { id caption } } }", as_=ana)
    assert proxy.seen == []


@pytest.mark.parametrize("how", ["down", "garbage"])
async def test_a_failing_index_affects_only_its_fields_and_is_reported(tmp_path: Path, how: str) -> None:
    async with faults() as proxy:
        proxy.always = garbage
        url = proxy.url if how == "garbage" else "http://127.0.0.1:1"
        index = OpenSearchIndex.connect(Cluster(url, deadline_s=5.0))
        async with opened(tmp_path, around_index=lambda _: index) as gateway:
            ana = await gateway.customer("ana")
            for n in range(3):
                await gateway.photo("ana", f"p{n}", indexed=False, caption="dog")
            query = """{ photos(first: 2) { nodes { caption } total { count } c: facet(by: LABEL) { buckets { key } } }
              searchPhotos(query: "dog", first: 2) { nodes { id } } }"""
            answer = await gateway.execute(query, as_=ana)
        await index.close()
    assert answer["data"]["photos"] == {"nodes": [{"caption": "dog"}] * 2, "total": None, "c": None}
    assert answer["data"]["searchPhotos"] is None
    assert {tuple(e["path"]) for e in answer["errors"]} == {("photos", "total"), ("photos", "c"), ("searchPhotos",)}
    assert {e["extensions"].get("source", "search") for e in answer["errors"]} == {"search"}
    assert "dog" not in str(answer["errors"])
