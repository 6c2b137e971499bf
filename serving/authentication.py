"""Who asks: from the headers of a request, or a WebSocket's `connection_init`, to a verified viewer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from starlette.requests import HTTPConnection

from access.viewer import Viewer
from datasources import Sources
from datasources.tables.keys import Destroyed
from execution.errors import GraphQLProblem
from identity.verifier import KeysUnavailable, Unauthenticated, Verifier, bearer
from schema.endpoint import BY_ROUTER
from schema.introspection import is_router

ROUTER_HEADER: Final = "router-authorization"
_ARRIVED: Final = 100_000


@dataclass
class Authenticator:
    """Who asks: verified tokens to viewers. A customer's first verified token makes the customer (DECISIONS 6)."""

    sources: Sources
    verifier: Verifier
    _arrived: OrderedDict[str, None] = field(default_factory=OrderedDict)

    async def identify(self, connection: HTTPConnection, payload: Mapping[str, Any] | None) -> Viewer:
        """The viewer of a request or of a WebSocket's `connection_init`; raises `GraphQLProblem` UNAUTHENTICATED."""
        viewer = await self._verified(_authorization(connection, payload))
        state = connection.scope.setdefault("state", {})
        state["viewer"] = viewer.kind.value
        state[BY_ROUTER] = await self._by_router(connection, viewer)
        return viewer if viewer.customer is None else await self._arrives(viewer, viewer.customer)

    async def _arrives(self, viewer: Viewer, customer: str) -> Viewer:
        """An erased one is not made again. Keys are looked at each time, and cached: who has none may have been erased."""
        if customer in self._arrived and await self.sources.keys.keys_of([customer]):
            return viewer
        try:
            await self.sources.customers.ensure(customer, viewer.subject, now_ms=self.sources.now_ms())
        except Destroyed:
            self._arrived.pop(customer, None)
            return replace(viewer, erased=True)
        self._arrived[customer] = None
        if len(self._arrived) > _ARRIVED:
            self._arrived.popitem(last=False)
        return viewer

    async def _verified(self, header: str | None) -> Viewer:
        try:
            return await self.verifier.identify(bearer(header))
        except KeysUnavailable as e:
            raise GraphQLProblem("UNAVAILABLE", "The issuer of the token does not answer: try again.", reason=e.reason) from e
        except Unauthenticated as e:
            raise GraphQLProblem("UNAUTHENTICATED", "A valid bearer token is needed.", reason=e.reason) from e

    async def _by_router(self, connection: HTTPConnection, viewer: Viewer) -> bool:
        """Whether a router asks: for itself, or for the user whose token it forwards, with its own beside.

        A credential that is given must be good. No other header says who somebody is.
        """
        header = connection.headers.get(ROUTER_HEADER)
        return is_router(viewer if header is None else await self._verified(header))


def _authorization(connection: HTTPConnection, payload: Mapping[str, Any] | None) -> str | None:
    header = connection.headers.get("authorization")
    if header is not None or payload is None:
        return header
    given = next((v for k, v in payload.items() if k.lower() == "authorization"), None)
    return given if isinstance(given, str) else None
