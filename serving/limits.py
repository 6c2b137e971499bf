"""The limits of operations and connections, from the settings."""

from __future__ import annotations

from dataclasses import replace

from execution import graphiql
from execution.analysis import PERSISTED, QueryLimits
from execution.http import HttpSettings
from execution.persisted import Safelist
from execution.rate_limit import Rate
from execution.websocket import SocketSettings
from schema.endpoint import OperationLimits
from schema.introspection import IntrospectionPolicy
from settings import Settings


def operation_limits_of(settings: Settings, safelist: Safelist) -> OperationLimits:
    """The limits of the operations."""
    return OperationLimits(
        introspection=IntrospectionPolicy(open_schema=settings.development),
        query_limits=_scaled(QueryLimits(), settings.max_tokens, settings),
        persisted_limits=persisted_limits_of(settings),
        max_cost=settings.max_cost,
        rate=Rate(*settings.rate),
        safelist=safelist,
        allow_ad_hoc=settings.ad_hoc,
        hide_suggestions=not settings.development,
    )


def persisted_limits_of(settings: Settings) -> QueryLimits:
    """The limits of documents on the safelist."""
    return _scaled(PERSISTED, settings.max_listed_tokens, settings)


def _scaled(limits: QueryLimits, tokens: int, settings: Settings) -> QueryLimits:
    """The limits for documents of `tokens` tokens: steps, characters and selections grow in proportion."""
    factor = max(tokens / limits.tokens, 1.0)
    scaled = {name: int(getattr(limits, name) * factor) for name in ("characters", "steps", "selections")}
    common = {"depth": settings.max_depth, "aliases": settings.max_aliases, "root_fields": settings.max_root_fields}
    return replace(limits, tokens=tokens, **scaled, **common)


def http_settings_of(settings: Settings) -> HttpSettings:
    """The limits of HTTP."""
    return HttpSettings(
        max_body_bytes=settings.max_body_bytes,
        deadline_s=settings.deadline_s,
        get_ad_hoc=settings.development,
        max_response_bytes=settings.max_answer_bytes,
        page=graphiql.page() if settings.development else None,
    )


def socket_settings_of(settings: Settings) -> SocketSettings:
    """The limits of WebSocket connections."""
    return SocketSettings(
        origins=settings.allowed_origins, deadline_s=settings.deadline_s, max_response_bytes=settings.max_answer_bytes
    )
