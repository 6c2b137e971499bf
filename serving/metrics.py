"""`/metrics` for Prometheus: requests, errors, calls to sources, batch sizes and the lag of the index.

Labels contain no values and no ids of customers, and their numbers are bounded. The route is for callers on this machine or,
if the settings have a token, for callers with that token.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterator, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from datasources import Sources
from datasources.errors import SourceError
from datasources.instrumentation.call_stats import BATCH_SIZES, Meter
from identity.verifier import Unauthenticated, bearer_token
from indexing.documents import CONSUMER
from serving.routes import from_loopback

MAX_DOCUMENTS: Final = 500
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LAG_S: Final = 2.0
_SOURCE_COUNTERS: Final = {
    "calls": "Calls to sources",
    "keys": "Keys that calls requested",
    "seconds": "Seconds of all calls; concurrent calls are added up",
    "bytes": "Bytes that sources returned, where they return bytes",
}
_SOURCE_LABELS: Final = ("source", "part", "operation")


class Metrics:
    """The metrics of one application."""

    def __init__(self, token: str | None = None) -> None:
        self._token = token
        self._documents: set[str] = set()
        self._sources: Sources | None = None
        self._follows = False
        registry = self._registry = CollectorRegistry()
        self._requests = Counter("photos_requests", "GraphQL requests", ["operation", "outcome", "status"], registry=registry)
        self._seconds = Histogram(
            "photos_request_seconds", "Seconds until the response", ["operation"], buckets=_SECONDS, registry=registry
        )
        self._refused = Counter("photos_refusals", "Requests refused before execution, by code", ["code"], registry=registry)
        self._listed = Counter("photos_documents", "Requests by document of the safelist", ["document"], registry=registry)
        self._lag = Gauge("photos_index_lag_changes", "Changes that the index does not contain yet", registry=registry)

    def watch(self, sources: Sources, *, follows: bool) -> None:
        """Adds the metrics of the sources; `follows`: whether this process updates the index from the change feed."""
        self._sources, self._follows = sources, follows
        self._registry.register(_SourceCollector(sources.meter, sources))

    def observe(self, route: str, status: int, seconds: float, state: Mapping[str, Any]) -> None:
        """Counts a request."""
        if route != "/graphql":
            return
        operation = state.get("operation", "none")
        self._requests.labels(operation, state.get("outcome", "none"), str(status)).inc()
        self._seconds.labels(operation).observe(seconds)
        if "code" in state:
            self._refused.labels(state["code"]).inc()
        if "document" in state:
            self._listed.labels(self._document(state)).inc()

    def _document(self, state: Mapping[str, Any]) -> str:
        """The label of a document: only documents of the safelist have one, at most `MAX_DOCUMENTS`."""
        name = str(state["document"])
        if not state.get("listed"):
            return "unlisted"
        if name not in self._documents and len(self._documents) >= MAX_DOCUMENTS:
            return "other"
        self._documents.add(name)
        return name

    def route(self) -> Route:
        """The route `GET /metrics`, which is 404 for other callers."""

        async def answer(request: Request) -> Response:
            if not self._is_allowed(request):
                return JSONResponse({"error": "NOT_FOUND"}, 404)
            await self._update_lag()
            return Response(generate_latest(self._registry), headers={"content-type": CONTENT_TYPE_LATEST})

        return Route("/metrics", answer, methods=["GET"])

    def _is_allowed(self, request: Request) -> bool:
        if self._token is None:
            return from_loopback(request)
        try:
            sent = bearer_token(request.headers.get("authorization"))
        except Unauthenticated:
            return False
        return hmac.compare_digest(sent.encode(), self._token.encode())

    async def _update_lag(self) -> None:
        if self._sources is None or not self._follows:
            return
        try:
            async with asyncio.timeout(_LAG_S):
                self._lag.set(await self._sources.feed.lag(CONSUMER))
        except (SourceError, TimeoutError):
            self._lag.set(float("nan"))


class _SourceCollector(Collector):
    """The statistics of calls to sources in the format of Prometheus."""

    def __init__(self, meter: Meter, sources: Sources) -> None:
        self._meter = meter
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """All metrics of the sources."""
        meter = self._meter
        calls = sorted(meter.calls.items())
        for name, words in _SOURCE_COUNTERS.items():
            values: dict[tuple[str, ...], float] = {tuple(labels): float(getattr(s, name)) for labels, s in calls}
            yield _family(f"photos_source_{name}", words, _SOURCE_LABELS, values)
        failures: dict[tuple[str, ...], float] = {key: float(n) for key, n in sorted(meter.failures.items())}
        yield _family("photos_source_failures", "Calls that failed, by kind", ("source", "kind"), failures)
        failed = float(self._sources.audit.failures)
        yield _family("photos_audit_failures", "Groups of audit records that could not be written", (), {(): failed})
        sizes = HistogramMetricFamily("photos_loader_batch_keys", "Keys in a batch of a loader")
        sizes.add_metric([], list(_cumulative(meter)), meter.batched_keys)
        yield sizes


def _family(name: str, words: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, words, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _cumulative(meter: Meter) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip((*map(float, BATCH_SIZES), float("inf")), meter.batches, strict=True):
        total += count
        yield ("+Inf" if bound == float("inf") else str(bound)), total
