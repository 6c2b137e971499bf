"""Guaranteed numbers of source calls, measured by the instrumentation of the ports."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from access.viewer import Viewer, ViewerKind
from datasources.audit.port import AuditLog
from datasources.errors import Conflict, Unavailable
from datasources.instrumentation.call_stats import BATCH_SIZES, CallKey, Meter, RequestStats, count_calls_of_request
from datasources.instrumentation.instrumented import PORTS, instrumented
from datasources.tables.photos import PHOTOS
from datasources.tables.store import ItemStore, Key
from schema.introspection import IntrospectionPolicy
from tests.requests.harness import Gateway, opened
from tests.requests.test_opensearch import SIX_FACETS
from tests.stack.stacks import gateway_on, made, stack_of

TIMELINE = """{ photos(first: 100) { nodes { id caption takenAt people { name } albums { title } owner { id } } } }"""
SEARCH = f"""query($a: String) {{ searchPhotos(query: "dog beach", first: 20, after: $a) {{ nodes {{ id caption }}
  total {{ count }} pageInfo {{ endCursor }} {SIX_FACETS} }} }}"""


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.servers)])
async def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with AsyncExitStack() as held:
        if request.param == "embedded":
            yield await held.enter_async_context(opened(tmp_path, around_store=lambda store: store))
        else:
            stack = await held.enter_async_context(made(stack_of()))
            yield await held.enter_async_context(gateway_on(stack))


async def spent(
    gateway: Gateway, query: str, viewer: Viewer, variables: dict[str, Any] | None = None
) -> tuple[Any, Counter[str]]:
    """The response, and the calls by source."""
    stats = RequestStats()
    count_calls_of_request(gateway.sources.meter, stats)
    answer = await gateway.answer(query, variables, as_=viewer)
    count_calls_of_request(gateway.sources.meter, None)
    return answer, Counter({str(t["source"]): int(str(t["calls"])) for t in stats.to_list()})


async def test_a_timeline_page_is_one_query_and_at_most_one_batch_get_for_each_table(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    ids = await gateway.photos("ana", *(f"p{n}" for n in range(110)), caption="dog on a beach")
    await gateway.album(ana, "Trip", *ids[:50])
    answer, calls = await spent(gateway, TIMELINE, ana)
    assert len(answer["photos"]["nodes"]) == 100
    assert calls["tables.photos.timeline"] == 1
    assert calls["tables.photos"] == 1
    assert all(n == 1 for source, n in calls.items() if source.startswith("tables.")), calls
    assert "search" not in calls


async def test_a_search_page_with_six_facets_is_one_round_trip_plus_one_for_cameras_and_one_for_frequencies_on_the_first(
    gateway: Gateway,
) -> None:
    ana = await gateway.customer("ana")
    await gateway.photos("ana", *(f"p{n}" for n in range(30)), caption="dog on a beach")
    first, calls = await spent(gateway, SEARCH, ana)
    assert (calls["search"], calls["tables.photos"]) == (3, 1)
    second, calls = await spent(gateway, SEARCH, ana, {"a": first["searchPhotos"]["pageInfo"]["endCursor"]})
    assert (calls["search"], calls["tables.photos"]) == (2, 1)
    assert (len(first["searchPhotos"]["nodes"]), len(second["searchPhotos"]["nodes"])) == (20, 10)


def test_every_asynchronous_port_method_is_counted() -> None:
    uncounted = {"close", "flush", "links", "checkpoints", "append_later", "reload"}
    for port, (_, measures) in PORTS.items():
        named: Any = port
        calls = {n for n in named.__abstractmethods__ if not isinstance(getattr(port, n), property)}
        assert calls - uncounted == set(measures), port
    assert AuditLog in PORTS


class Failing:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        async def call(*_: Any, **__: Any) -> Any:
            raise self._error

        return call


@pytest.mark.parametrize(("error", "failures"), [(Unavailable("tables", "x"), 1), (Conflict("tables", "x"), 0)])
async def test_failures_are_counted_by_kind_without_failed_conditions(error: Exception, failures: int) -> None:
    meter = Meter()
    inner: Any = Failing(error)
    store = instrumented(ItemStore, inner, meter, clock=iter(range(9)).__next__)
    with pytest.raises(type(error)):
        await store.get_many(PHOTOS, [Key("a", "b"), Key("a", "c")])
    calls = meter.calls[CallKey("tables", "photos", "get_many")]
    assert (calls.calls, calls.keys, calls.seconds) == (1, 2, 1)
    assert sum(meter.failures.values()) == failures


def test_batch_sizes_are_counted_in_buckets() -> None:
    meter = Meter()
    for size in (1, 2, 3, 100, 5_000):
        meter.add_batch(size)
    assert dict(zip((*BATCH_SIZES, None), meter.batches, strict=True)) | {1: 1, 2: 1, 5: 1, 100: 1, None: 1} == dict(
        zip((*BATCH_SIZES, None), meter.batches, strict=True)
    )
    assert (sum(meter.batches), meter.batched_keys) == (5, 5_106)


@pytest.mark.parametrize(
    ("kind", "scopes", "allowed"),
    [
        (ViewerKind.CUSTOMER, (), False),
        (ViewerKind.SERVICE, ("photos:read",), False),
        (ViewerKind.SERVICE, ("photos:develop",), True),
        (ViewerKind.GUEST, ("photos:develop",), False),
    ],
)
def test_in_production_only_developers_may_trace(kind: ViewerKind, scopes: tuple[str, ...], allowed: bool) -> None:
    viewer = Viewer(kind, "x", scopes=frozenset(scopes))
    assert IntrospectionPolicy(open_schema=False).may_trace(viewer) is allowed
    assert IntrospectionPolicy(open_schema=True).may_trace(viewer)
