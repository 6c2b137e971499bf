"""From settings to what may be asked, how much of it, and what is shown of the schema."""

from __future__ import annotations

from dataclasses import replace

from execution import graphiql
from execution.analysis import PERSISTED, QueryLimits
from execution.http import WireSettings
from execution.persisted import Safelist
from execution.rate_limit import Rate
from execution.websocket import SocketSettings
from schema.endpoint import OperationLimits
from schema.introspection import IntrospectionPolicy
from settings import Settings


def operation_limits_of(settings: Settings, safelist: Safelist) -> OperationLimits:
    """The limits of the operations."""
    return OperationLimits(
        exposure=IntrospectionPolicy(open_schema=settings.development),
        sanity=_bounds(QueryLimits(), settings.max_tokens, settings),
        trusted=trusted_of(settings),
        most_cost=settings.max_cost,
        rate=Rate(*settings.rate),
        safelist=safelist,
        ad_hoc=settings.ad_hoc,
        hide_suggestions=not settings.development,
    )


def trusted_of(settings: Settings) -> QueryLimits:
    """The bounds of documents on the safelist."""
    return _bounds(PERSISTED, settings.max_listed_tokens, settings)


def _bounds(bounds: QueryLimits, tokens: int, settings: Settings) -> QueryLimits:
    """Longer documents may take more steps and characters, in proportion."""
    longer = max(tokens / bounds.tokens, 1.0)
    scaled = {name: int(getattr(bounds, name) * longer) for name in ("characters", "steps", "selections")}
    of_all = {"depth": settings.max_depth, "aliases": settings.max_aliases, "root_fields": settings.max_root_fields}
    return replace(bounds, tokens=tokens, **scaled, **of_all)


def wire_of(settings: Settings) -> WireSettings:
    """The limits of HTTP."""
    return WireSettings(
        most_bytes=settings.max_body_bytes,
        deadline_s=settings.deadline_s,
        get_ad_hoc=settings.development,
        most_answer_bytes=settings.max_answer_bytes,
        page=graphiql.page() if settings.development else None,
    )


def socket_of(settings: Settings) -> SocketSettings:
    """The limits of WebSocket connections."""
    return SocketSettings(
        origins=settings.allowed_origins, deadline_s=settings.deadline_s, most_answer_bytes=settings.max_answer_bytes
    )
