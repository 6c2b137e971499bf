"""Decides, before execution, which callers may read the schema and use the federation fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from access.viewer import Viewer, ViewerKind
from execution.document_cache import Prepared
from execution.errors import RequestError
from resolvers.context import Context

DEVELOPER: Final = "photos:develop"
"""The scope that allows reading the schema in production."""
ROUTER: Final = "federation:resolve"
"""The scope of a router's own token, which it sends in addition to the token of the user."""


@dataclass(frozen=True, slots=True)
class IntrospectionPolicy:
    """Access to the schema. `open_schema` allows introspection, SDL and entities for every valid token, as in development."""

    open_schema: bool = True

    def check(self, context: Context, prepared: Prepared[Any]) -> None:
        """Raises FORBIDDEN if the caller may not send this operation."""
        if self.open_schema:
            return
        developer = _developer(context.viewer)
        outputs = prepared.coordinates.outputs
        if prepared.coordinates.introspects and not developer:
            raise _forbidden(f"Introspection needs the scope {DEVELOPER}.", "INTROSPECTION")
        if "Query._service" in outputs and not (developer or context.router):
            raise _forbidden(f"`_service` needs the credential of a router or the scope {DEVELOPER}.", "INTROSPECTION")
        if "Query._entities" in outputs and not context.router:
            raise _forbidden("`_entities` needs the credential of a router in the header `router-authorization`.", "ROUTER")

    def may_trace(self, viewer: Viewer) -> bool:
        """Whether the caller may see the calls to data sources; their timings depend on data that the caller may not see."""
        return self.open_schema or _developer(viewer)


def _developer(viewer: Viewer) -> bool:
    return DEVELOPER in viewer.scopes and viewer.kind is not ViewerKind.GUEST


def is_router(viewer: Viewer) -> bool:
    """Whether the token belongs to a router: a service with the scope `federation:resolve`."""
    return viewer.kind is ViewerKind.SERVICE and ROUTER in viewer.scopes


def _forbidden(message: str, reason: str) -> RequestError:
    return RequestError("FORBIDDEN", message, reason=reason)
