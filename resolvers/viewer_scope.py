"""Loads the scope of a verified viewer, for API requests and signed URLs."""

from __future__ import annotations

from access.scope import Scope
from access.viewer import Viewer
from datasources import Sources


def own_scope_of(sources: Sources, viewer: Viewer) -> Scope:
    """The scope of a viewer's own library only; it needs no grants, so its cost does not depend on shares."""
    return Scope.of(viewer, (), now_ms=sources.now_ms())


async def scope_of(sources: Sources, viewer: Viewer) -> Scope:
    """The viewer's scope from grants, an open support ticket, and home zones that are being applied."""
    grants = await sources.grants.of_viewer(viewer)
    now_ms = sources.now_ms()
    ticket = await sources.tickets.of_viewer(viewer, now_ms=now_ms) if viewer.ticket else None
    scope = Scope.of(viewer, grants, now_ms=now_ms, ticket=ticket)
    if not (scope.grants or scope.service_access):
        return scope
    return scope.with_pending_zones(await sources.zones.settling())
