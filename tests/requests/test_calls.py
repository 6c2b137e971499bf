"""Number of source calls per query: one call for each source and level, independent of the page."""

from __future__ import annotations

import pytest

PAGE = """edges { cursor node { id takenAt takenAtLocal caption location { latitude longitude }
  place { name country { name } } people { id name } albums { id title } labels { confidence label { key name } } owner { id } } }
  pageInfo { hasNextPage endCursor }"""

COSTS = {
    "the timeline page": (
        f"query($n: Int) {{ photos(first: $n) {{ {PAGE} }} }}",
        {
            "photos.timeline": 1, "photos.by_ids": 1, "people.by_ids": 1, "albums.by_ids": 1,
            "customers.by_ids": 1, "locations.by_ids": 2, "locations.names": 2, "translations.words": 1,
        },
    ),
    "a filtered page with total, six facets and a histogram": (
        f"""query($n: Int) {{ photos(first: $n, filter: {{hasPeople: true}}) {{ {PAGE} total {{ count }}
          a: facet(by: COUNTRY) {{ buckets {{ name }} }} b: facet(by: PERSON) {{ buckets {{ name }} }}
          c: facet(by: LABEL) {{ buckets {{ name }} }} d: facet(by: YEAR) {{ buckets {{ name }} }}
          e: facet(by: CAMERA) {{ buckets {{ name }} }} f: facet(by: FAVORITE) {{ buckets {{ name }} }}
          histogram(by: MONTH) {{ buckets {{ start count }} missingCount }} }} }}""",
        {"index.search_many": 1, "photos.by_ids": 1},
    ),
    "a search page with six facets": (
        f"""query($n: Int) {{ searchPhotos(query: "Roma", first: $n) {{ {PAGE} total {{ count }}
          a: facet(by: COUNTRY) {{ buckets {{ name }} }} b: facet(by: PERSON) {{ buckets {{ name }} }}
          c: facet(by: LABEL) {{ buckets {{ name }} }} d: facet(by: YEAR) {{ buckets {{ name }} }}
          e: facet(by: CAMERA) {{ buckets {{ name }} }} f: facet(by: FAVORITE) {{ buckets {{ name }} }} }} }}""",
        {"index.search_many": 1, "index.document_frequencies": 1, "photos.by_ids": 1},
    ),
    "people with counts and covers": (
        "query($n: Int) { people(first: $n) { nodes { name photoCount cover { id } } } }",
        {"people.all": 1, "index.search_many": 1, "photos.by_ids": 1},
    ),
    "albums with counts, covers, shares and their first photos": (
        """query($n: Int) { albums(first: $n) { nodes { title photoCount cover { id } shares { id customer { displayName } }
          photos(first: 3) { total { count } nodes { id place { name } } } } } }""",
        {"albums.all": 1, "grants.of_albums": 1, "customers.grantees": 1, "index.search_many": 2, "locations.names": 1},
    ),
    "neighbours of every photo of a page": (
        "query($n: Int) { photos(first: $n) { nodes { neighbors { previous { id } next { id } } } } }",
        {"index.positions": 1, "index.search_many": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COSTS)
def test_the_number_of_calls_does_not_depend_on_the_page_size(demo_gateway, name) -> None:
    query, pinned = COSTS[name]
    for size in (3, 30, 100):
        demo_gateway.ask(query, {"n": size})
        dearer = {k: n for k, n in demo_gateway.calls.items() if k in pinned and n > pinned[k]}
        assert dearer == {}, size
    assert {k: n for k, n in demo_gateway.calls.items() if k in pinned} == pinned


def test_a_timeline_page_reads_only_its_table(demo_gateway) -> None:
    query, pinned = COSTS["the timeline page"]
    demo_gateway.ask(query, {"n": 100})
    assert dict(demo_gateway.calls) == pinned


def test_a_total_reads_no_photo(demo_gateway) -> None:
    demo_gateway.ask("{ photos(first: 0) { total { count } histogram(by: YEAR) { missingCount } } }")
    assert dict(demo_gateway.calls) == {"index.search_many": 1}


def test_one_hundred_references_are_one_batch_per_source(demo_gateway) -> None:
    nodes = demo_gateway.ask("{ photos(first: 100) { nodes { id } } }")["photos"]["nodes"]
    found = demo_gateway.ask(
        "query($r: [_Any!]!) { _entities(representations: $r) { ... on Photo { id takenOn place { name } people { name } } } }",
        {"r": [{"__typename": "Photo", "id": n["id"]} for n in nodes] * 2},
    )["_entities"]
    assert [e["id"] for e in found] == [n["id"] for n in nodes] * 2
    assert dict(demo_gateway.calls) == {
        "photos.by_ids": 1,
        "people.by_ids": 1,
        "locations.by_ids": 1,
        "locations.names": 1,
    }
