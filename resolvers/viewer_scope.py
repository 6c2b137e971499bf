"""What a verified viewer may touch now: one way to find out, for requests and for whatever is served by a signed address."""

from __future__ import annotations

from access.scope import Scope
from access.viewer import Viewer
from datasources import Sources


async def scope_of(sources: Sources, viewer: Viewer) -> Scope:
    """Grants, an open ticket, and home zones that are still on their way, read from the tables."""
    grants = await sources.grants.of_viewer(viewer)
    now_ms = sources.now_ms()
    ticket = await sources.tickets.of_viewer(viewer, now_ms=now_ms) if viewer.ticket else None
    scope = Scope.of(viewer, grants, now_ms=now_ms, ticket=ticket)
    if not (scope.grants or scope.service_access):
        return scope
    return scope.while_settling(await sources.zones.settling())
