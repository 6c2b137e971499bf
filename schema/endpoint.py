"""The schema behind HTTP and WebSocket: a request becomes a context, everything else is `execution`'s."""

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
from datasources.instrumentation.call_stats import RequestStats, counting
from execution.analysis import PERSISTED, QueryLimits
from execution.document_cache import MOST_COST, DocumentCache
from execution.http import GraphQLEndpoint, WireSettings
from execution.persisted import Persisted, Safelist
from execution.rate_limit import Buckets, Rate, RateLimiter
from execution.runner import Runner
from execution.websocket import GraphQLSocket, SocketSettings
from indexing.index_lag import IndexLag
from resolvers.context import Context
from schema.after_execution import after_execution
from schema.build import Gateway, decide
from schema.introspection import IntrospectionPolicy

Identify = Callable[[HTTPConnection, Mapping[str, Any] | None], Awaitable[Viewer]]
"""Who asks, from the request's headers or a WebSocket's `connection_init`; raises `GraphQLProblem` UNAUTHENTICATED."""

BY_ROUTER = "router"
"""Where `Identify` leaves in a connection's state that a router's credential came with it."""
TRACE = "x-trace"
"""The header that asks for `extensions.trace`: what the request cost each source."""
MOST_LANGUAGES = 10
FALLBACK = "en"
_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class OperationLimits:
    """What may be asked at all, and how much of it."""

    exposure: IntrospectionPolicy = field(default_factory=IntrospectionPolicy)
    sanity: QueryLimits = field(default_factory=QueryLimits)
    trusted: QueryLimits = PERSISTED
    most_cost: float = MOST_COST
    rate: Rate | None = None
    safelist: Safelist | None = None
    ad_hoc: bool = True
    hide_suggestions: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The two doors of `/graphql`."""

    http: ASGIApp
    socket: ASGIApp


def endpoint(
    gateway: Gateway,
    sources: Sources,
    freshness: IndexLag,
    identify: Identify,
    *,
    public_url: str,
    wire: WireSettings,
    socket: SocketSettings,
    gates: OperationLimits | None = None,
) -> Endpoint:
    """`/graphql` over these sources."""
    gates = gates or OperationLimits()
    schema, hide = gateway.graphql_schema, gates.hide_suggestions
    documents: DocumentCache[DataClass] = DocumentCache(
        schema,
        classify=gateway.classify,
        sanity=gates.sanity,
        trusted=gates.trusted,
        pricing=gateway.pricing,
        most_cost=gates.most_cost,
        hide_suggestions=hide,
    )
    toll = RateLimiter(Buckets(gates.rate, lambda: sources.now_ms() / 1_000) if gates.rate is not None else None)
    persisted = Persisted(documents, safelist=gates.safelist, ad_hoc=gates.ad_hoc, toll=toll)
    runner: Runner[DataClass] = Runner(
        schema, decide=decide, admit=gates.exposure.admit, finish=after_execution, toll=toll, hide_suggestions=hide
    )

    async def make_context(connection: HTTPConnection, payload: Mapping[str, Any] | None) -> Context:
        viewer = await identify(connection, payload)
        languages = accepted_languages(connection.headers.get("accept-language"))
        context = Context(sources, freshness, viewer, languages, public_url=public_url)
        context.router = bool(connection.scope.get("state", {}).get(BY_ROUTER))
        context.remaining_s = viewer.expires_at - sources.now_ms() / 1_000 if viewer.expires_at else None
        if gates.exposure.may_trace(viewer) and connection.headers.get(TRACE) == "1":
            context.ledger = RequestStats()
        counting(sources.meter, context.ledger)
        await context.speak_own_languages()
        return context

    return Endpoint(
        GraphQLEndpoint(documents, runner, make_context, persisted=persisted, settings=wire),
        GraphQLSocket(documents, runner, make_context, persisted=persisted, settings=socket),
    )


def accepted_languages(header: str | None) -> tuple[str, ...]:
    """The languages of `Accept-Language`, best first, at most ten; English where it names none (RFC 9110, 12.5.4)."""
    ranked: list[tuple[float, str]] = []
    for part in (header or "")[:1_000].split(","):
        found = _RANGE.fullmatch(part)
        quality = float(found[2] or 1) if found else 0.0
        if found and quality > 0:
            ranked.append((-quality, found[1]))
    chosen = [tag for _, tag in sorted(ranked, key=lambda r: r[0])][:MOST_LANGUAGES]
    return tuple(dict.fromkeys(chosen)) or (FALLBACK,)
