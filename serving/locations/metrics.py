"""Metrics of the location service for Prometheus: requests, durations and numbers of points."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0)


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("locations_requests", "Requests", ["route", "status"], registry=self._registry)
        self._seconds = Histogram(
            "locations_request_seconds", "Seconds until the response", ["route"], buckets=_SECONDS, registry=self._registry
        )
        self._points = Counter("locations_points", "Points resolved", registry=self._registry)

    @contextmanager
    def timed(self, route: str) -> Iterator[Callable[[int], None]]:
        """Measures a request; the yielded function takes the status of its response."""
        start_s = time.perf_counter()

        def count(status: int) -> None:
            self._requests.labels(route, str(status)).inc()

        yield count
        self._seconds.labels(route).observe(time.perf_counter() - start_s)

    def resolved(self, points: int) -> None:
        """Counts resolved points."""
        self._points.inc(points)

    async def answer(self, _: Request) -> Response:
        """The metrics in the text format of Prometheus."""
        return Response(generate_latest(self._registry), headers={"content-type": CONTENT_TYPE_LATEST})
