"""What a profile shows of the schema itself, and to whom (DECISIONS 5). Decided before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from access.viewer import Viewer, ViewerKind
from execution.document_cache import Prepared
from execution.errors import RequestError
from resolvers.context import Context

DEVELOPER: Final = "photos:develop"
"""The scope of whoever may see the schema in production."""
ROUTER: Final = "federation:resolve"
"""The scope of a router's own credential: a token of kind SERVICE, beside the token of the user that it forwards."""


@dataclass(frozen=True, slots=True)
class IntrospectionPolicy:
    """`open_schema`: introspection, SDL and references for any valid token, as in development."""

    open_schema: bool = True

    def admit(self, context: Context, prepared: Prepared[Any]) -> None:
        """Raises FORBIDDEN where the caller may not ask such an operation."""
        if self.open_schema:
            return
        developer = _developer(context.viewer)
        outputs = prepared.coordinates.outputs
        if prepared.coordinates.introspects and not developer:
            raise _refused("The schema is shown to developers only.", "INTROSPECTION")
        if "Query._service" in outputs and not (developer or context.router):
            raise _refused("The schema is shown to routers and developers only.", "INTROSPECTION")
        if "Query._entities" in outputs and not context.router:
            raise _refused("References are answered for a router only; its credential is missing.", "ROUTER")

    def may_trace(self, viewer: Viewer) -> bool:
        """Whether the caller may see what a request cost each source: times tell of data that is not the caller's."""
        return self.open_schema or _developer(viewer)


def _developer(viewer: Viewer) -> bool:
    return DEVELOPER in viewer.scopes and viewer.kind is not ViewerKind.GUEST


def is_router(viewer: Viewer) -> bool:
    """Whether a token is a router's own: a service's with the scope. A person's never is."""
    return viewer.kind is ViewerKind.SERVICE and ROUTER in viewer.scopes


def _refused(message: str, reason: str) -> RequestError:
    return RequestError("FORBIDDEN", message, reason=reason)
