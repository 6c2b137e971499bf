"""`/metrics` for Prometheus: requests, refusals, what sources cost and how they failed, batches, the index's lag.

No values and no ids of customers; every label is of a closed or a bounded list. For callers on this machine, or for whoever
brings the token of the settings.
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
from datasources.instrumentation.call_stats import BATCHES, Meter
from identity.verifier import Unauthenticated, bearer
from indexing.documents import CONSUMER
from serving.routes import from_here

MOST_DOCUMENTS: Final = 500
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LAG_S: Final = 2.0
_SPENT: Final = {
    "calls": "Calls to sources",
    "keys": "Keys that calls asked for",
    "seconds": "Seconds that calls took, side by side added up",
    "bytes": "Bytes that sources handed over, where they hand over bytes",
}
_ASKED: Final = ("source", "part", "operation")


class Metrics:
    """One registry for one application."""

    def __init__(self, token: str | None = None) -> None:
        self._token = token
        self._documents: set[str] = set()
        self._sources: Sources | None = None
        self._follows = False
        made = self._registry = CollectorRegistry()
        self._requests = Counter("photos_requests", "GraphQL requests", ["operation", "outcome", "status"], registry=made)
        self._seconds = Histogram(
            "photos_request_seconds", "Seconds until the answer", ["operation"], buckets=_SECONDS, registry=made
        )
        self._refused = Counter("photos_refusals", "Requests refused whole, by code", ["code"], registry=made)
        self._listed = Counter("photos_documents", "Requests by document of the safelist", ["document"], registry=made)
        self._lag = Gauge("photos_index_lag_changes", "Changes that the index has still before it", registry=made)

    def watch(self, sources: Sources, *, follows: bool) -> None:
        """From now on these sources are told of; `follows`: whether this process brings the index up."""
        self._sources, self._follows = sources, follows
        self._registry.register(_Asked(sources.meter, sources))

    def observe(self, route: str, status: int, seconds: float, known: Mapping[str, Any]) -> None:
        """A request was answered."""
        if route != "/graphql":
            return
        operation = known.get("operation", "none")
        self._requests.labels(operation, known.get("outcome", "none"), str(status)).inc()
        self._seconds.labels(operation).observe(seconds)
        if "code" in known:
            self._refused.labels(known["code"]).inc()
        if "document" in known:
            self._listed.labels(self._document(known)).inc()

    def _document(self, known: Mapping[str, Any]) -> str:
        """Anybody may send new documents, so only those of the safelist have a name, and not too many."""
        name = str(known["document"])
        if not known.get("listed"):
            return "unlisted"
        if name not in self._documents and len(self._documents) >= MOST_DOCUMENTS:
            return "other"
        self._documents.add(name)
        return name

    def route(self) -> Route:
        """Where it is read; for everybody else there is nothing here."""

        async def answer(request: Request) -> Response:
            if not self._admits(request):
                return JSONResponse({"error": "NOT_FOUND"}, 404)
            await self._look()
            return Response(generate_latest(self._registry), headers={"content-type": CONTENT_TYPE_LATEST})

        return Route("/metrics", answer, methods=["GET"])

    def _admits(self, request: Request) -> bool:
        if self._token is None:
            return from_here(request)
        try:
            given = bearer(request.headers.get("authorization"))
        except Unauthenticated:
            return False
        return hmac.compare_digest(given.encode(), self._token.encode())

    async def _look(self) -> None:
        if self._sources is None or not self._follows:
            return
        try:
            async with asyncio.timeout(_LAG_S):
                self._lag.set(await self._sources.feed.lag(CONSUMER))
        except (SourceError, TimeoutError):
            self._lag.set(float("nan"))


class _Asked(Collector):
    """What the meter says, in Prometheus' forms."""

    def __init__(self, meter: Meter, sources: Sources) -> None:
        self._meter = meter
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """All of it."""
        meter = self._meter
        spent = sorted(meter.spent.items())
        for name, words in _SPENT.items():
            values: dict[tuple[str, ...], float] = {tuple(asked): float(getattr(s, name)) for asked, s in spent}
            yield _family(f"photos_source_{name}", words, _ASKED, values)
        failures: dict[tuple[str, ...], float] = {key: float(n) for key, n in sorted(meter.failures.items())}
        yield _family("photos_source_failures", "Calls that failed, by kind", ("source", "kind"), failures)
        failed = float(self._sources.audit.failures)
        yield _family("photos_audit_failures", "Groups of the audit that could not be written", (), {(): failed})
        sizes = HistogramMetricFamily("photos_loader_batch_keys", "Keys that a loader asked for at once")
        sizes.add_metric([], list(_cumulative(meter)), meter.batched_keys)
        yield sizes


def _family(name: str, words: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, words, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _cumulative(meter: Meter) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip((*map(float, BATCHES), float("inf")), meter.batches, strict=True):
        total += count
        yield ("+Inf" if bound == float("inf") else str(bound)), total
