"""Authentication of HTTP requests and of WebSocket `connection_init` messages."""

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
from identity.verifier import KeysUnavailable, Unauthenticated, Verifier, bearer_token
from schema.endpoint import ROUTER_STATE_KEY
from schema.introspection import is_router

ROUTER_HEADER: Final = "router-authorization"
_MAX_SEEN_CUSTOMERS: Final = 100_000


@dataclass
class Authenticator:
    """Verifies tokens and returns their viewers. The first verified token of a customer creates the customer."""

    sources: Sources
    verifier: Verifier
    _seen_customers: OrderedDict[str, None] = field(default_factory=OrderedDict)

    async def identify(self, connection: HTTPConnection, payload: Mapping[str, Any] | None) -> Viewer:
        """The viewer of a request or of a WebSocket's `connection_init`; raises `GraphQLProblem` UNAUTHENTICATED."""
        viewer = await self._verified(_authorization(connection, payload))
        state = connection.scope.setdefault("state", {})
        state["viewer"] = viewer.kind.value
        state[ROUTER_STATE_KEY] = await self._by_router(connection, viewer)
        return viewer if viewer.customer is None else await self._with_customer(viewer, viewer.customer)

    async def _with_customer(self, viewer: Viewer, customer: str) -> Viewer:
        """Creates a new customer, but not an erased one. A customer without data keys may have been erased."""
        if customer in self._seen_customers and await self.sources.keys.keys_of([customer]):
            return viewer
        try:
            await self.sources.customers.ensure(customer, viewer.subject, now_ms=self.sources.now_ms())
        except Destroyed:
            self._seen_customers.pop(customer, None)
            return replace(viewer, erased=True)
        self._seen_customers[customer] = None
        if len(self._seen_customers) > _MAX_SEEN_CUSTOMERS:
            self._seen_customers.popitem(last=False)
        return viewer

    async def _verified(self, header: str | None) -> Viewer:
        try:
            return await self.verifier.identify(bearer_token(header))
        except KeysUnavailable as e:
            raise GraphQLProblem(
                "UNAVAILABLE", "The keys of the token issuer are not available: retry later.", reason=e.reason
            ) from e
        except Unauthenticated as e:
            raise GraphQLProblem("UNAUTHENTICATED", "The request needs a valid bearer token.", reason=e.reason) from e

    async def _by_router(self, connection: HTTPConnection, viewer: Viewer) -> bool:
        """Whether the request comes from a router, either for itself or with its own token in `Router-Authorization`.

        An invalid router token is an error, even with a valid user token.
        """
        header = connection.headers.get(ROUTER_HEADER)
        return is_router(viewer if header is None else await self._verified(header))


def _authorization(connection: HTTPConnection, payload: Mapping[str, Any] | None) -> str | None:
    header = connection.headers.get("authorization")
    if header is not None or payload is None:
        return header
    value = next((v for k, v in payload.items() if k.lower() == "authorization"), None)
    return value if isinstance(value, str) else None
