"""Serves the schema over HTTP and WebSocket: creates the context of each request and configures `execution`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from access.classes import DataClass
from access.viewer import Viewer
from datasources import Sources
from datasources.instrumentation.call_stats import RequestStats, count_calls_of_request
from execution.analysis import PERSISTED, QueryLimits
from execution.document_cache import MAX_COST, DocumentCache
from execution.http import GraphQLEndpoint, HttpSettings
from execution.persisted import PersistedDocuments, Safelist
from execution.rate_limit import Rate, RateLimiter, TokenBuckets
from execution.runner import Runner
from execution.websocket import GraphQLSocket, SocketSettings
from indexing.index_lag import IndexLag
from resolvers.context import Context
from schema.after_execution import after_execution
from schema.build import Gateway, denied_coordinates
from schema.introspection import IntrospectionPolicy

Identify = Callable[[HTTPConnection, Mapping[str, Any] | None], Awaitable[Viewer]]
"""Identifies the caller by the headers or the payload of `connection_init`; raises `GraphQLProblem` UNAUTHENTICATED."""

ROUTER_STATE_KEY = "router"
"""The key in the connection's state that `Identify` sets if the request carries the credential of a router."""
TRACE_HEADER = "x-trace"
"""The header that requests `extensions.trace`, the calls to each data source."""
MAX_LANGUAGES = 10
DEFAULT_LANGUAGE = "en"
_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class OperationLimits:
    """The limits of operations: introspection, size, cost, rate and safelist."""

    introspection: IntrospectionPolicy = field(default_factory=IntrospectionPolicy)
    query_limits: QueryLimits = field(default_factory=QueryLimits)
    persisted_limits: QueryLimits = PERSISTED
    max_cost: float = MAX_COST
    rate: Rate | None = None
    safelist: Safelist | None = None
    allow_ad_hoc: bool = True
    hide_suggestions: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The HTTP and WebSocket applications of `/graphql`."""

    http: ASGIApp
    socket: ASGIApp


def create_endpoint(
    gateway: Gateway,
    sources: Sources,
    index_lag: IndexLag,
    identify: Identify,
    *,
    public_url: str,
    wire: HttpSettings,
    socket: SocketSettings,
    limits: OperationLimits | None = None,
) -> Endpoint:
    """Creates the applications of `/graphql` for these data sources."""
    limits = limits or OperationLimits()
    schema, hide = gateway.graphql_schema, limits.hide_suggestions
    documents: DocumentCache[DataClass] = DocumentCache(
        schema,
        classify=gateway.classify,
        limits=limits.query_limits,
        trusted_limits=limits.persisted_limits,
        pricing=gateway.pricing,
        max_cost=limits.max_cost,
        hide_suggestions=hide,
    )
    rate_limiter = RateLimiter(TokenBuckets(limits.rate, lambda: sources.now_ms() / 1_000) if limits.rate is not None else None)
    persisted = PersistedDocuments(documents, safelist=limits.safelist, ad_hoc=limits.allow_ad_hoc, rate_limiter=rate_limiter)
    runner: Runner[DataClass] = Runner(
        schema,
        decide=denied_coordinates,
        admit=limits.introspection.check,
        after_execution=after_execution,
        rate_limiter=rate_limiter,
        hide_suggestions=hide,
    )

    async def make_context(connection: HTTPConnection, payload: Mapping[str, Any] | None) -> Context:
        viewer = await identify(connection, payload)
        languages = accepted_languages(connection.headers.get("accept-language"))
        context = Context(sources, index_lag, viewer, languages, public_url=public_url)
        context.router = bool(connection.scope.get("state", {}).get(ROUTER_STATE_KEY))
        context.remaining_s = viewer.expires_at - sources.now_ms() / 1_000 if viewer.expires_at else None
        if limits.introspection.may_trace(viewer) and connection.headers.get(TRACE_HEADER) == "1":
            context.request_stats = RequestStats()
        count_calls_of_request(sources.meter, context.request_stats)
        await context.prefer_customer_languages()
        return context

    return Endpoint(
        GraphQLEndpoint(documents, runner, make_context, persisted=persisted, settings=wire),
        GraphQLSocket(documents, runner, make_context, persisted=persisted, settings=socket),
    )


def accepted_languages(header: str | None) -> tuple[str, ...]:
    """Returns at most ten languages of `Accept-Language`, most preferred first; English if there are none (RFC 9110, 12.5.4)."""
    ranked: list[tuple[float, str]] = []
    for part in (header or "")[:1_000].split(","):
        found = _RANGE.fullmatch(part)
        quality = float(found[2] or 1) if found else 0.0
        if found and quality > 0:
            ranked.append((-quality, found[1]))
    chosen = [tag for _, tag in sorted(ranked, key=lambda r: r[0])][:MAX_LANGUAGES]
    return tuple(dict.fromkeys(chosen)) or (DEFAULT_LANGUAGE,)
