"""From settings to what may be asked, how much of it, and what is shown of the schema."""

from __future__ import annotations

from dataclasses import replace

from execution import graphiql
from execution.analysis import PERSISTED, Sanity
from execution.http import WireSettings
from execution.persisted import Safelist
from execution.rate import Rate
from execution.websocket import SocketSettings
from schema.endpoint import Gates
from schema.exposure import Exposure
from settings import Settings


def gates_of(settings: Settings, safelist: Safelist) -> Gates:
    """The limits of the operations."""
    shared = {
        "depth": settings.max_depth,
        "aliases": settings.max_aliases,
        "root_fields": settings.max_root_fields,
    }
    return Gates(
        exposure=Exposure(open_schema=settings.development),
        sanity=_bounds(Sanity(), settings.max_tokens, shared),
        trusted=_bounds(PERSISTED, settings.max_listed_tokens, shared),
        most_cost=settings.max_cost,
        rate=Rate(*settings.rate),
        safelist=safelist,
        ad_hoc=settings.ad_hoc,
        hide_suggestions=not settings.development,
    )


def _bounds(bounds: Sanity, tokens: int, shared: dict[str, int]) -> Sanity:
    """Longer documents may take more steps and characters, in proportion."""
    longer = max(tokens / bounds.tokens, 1.0)
    scaled = {name: int(getattr(bounds, name) * longer) for name in ("characters", "steps", "selections")}
    return replace(bounds, tokens=tokens, **scaled, **shared)


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
