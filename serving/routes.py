"""Routes for guest tokens (`/guest`) and health checks (`/livez`, `/readyz`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from access.scope import Scope
from access.viewer import GuestLink, Viewer, ViewerKind
from datasources import Sources
from datasources.errors import SourceError
from datasources.search.port import SearchRequest
from datasources.tables.customers import CUSTOMERS
from datasources.tables.grants import link_grantee
from datasources.tables.store import Key
from identity.issuer import LocalIssuer
from identity.verifier import LIFETIME_S

_MAX_BODY_BYTES: Final = 2_048
_MAX_SECRET_LENGTH: Final = 200
_READY_S: Final = 2.0
Ready = Callable[[], Awaitable[str | None]]


def guest_route(sources: Sources, links: LocalIssuer) -> Route:
    """`POST /guest` exchanges the secret of a share link for a guest token of one hour; unknown and expired links return 404."""

    async def answer(request: Request) -> Response:
        if request.method != "POST":
            return JSONResponse({"hint": 'POST {"secret": "..."}: the part of the link after #'})
        secret = await _secret(request)
        if secret is None:
            return JSONResponse({"error": "BAD_USER_INPUT"}, 400)
        now = links.now_s() * 1_000
        grants = [g for g in await sources.grants.of_grantee(link_grantee(secret)) if (g.expires_at_ms or now + 1) > now]
        if not grants:
            return JSONResponse({"error": "NOT_FOUND"}, 404)
        grant, until = grants[0], min((now + LIFETIME_S * 1_000, *(g.expires_at_ms for g in grants if g.expires_at_ms)))
        token = links.guest(GuestLink(grant.owner, grant.album, grant.grantee), until_s=until / 1_000)
        return JSONResponse({"token": token, "expiresAt": rfc3339(until / 1_000)})

    return Route("/guest", answer, methods=["GET", "POST"])


async def _secret(request: Request) -> str | None:
    """The secret in a JSON body. Other media types are refused: browsers send those across origins without a preflight."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            return None
    try:
        given = orjson.loads(bytes(body))
    except orjson.JSONDecodeError:
        return None
    secret = given.get("secret") if isinstance(given, dict) else None
    return secret if isinstance(secret, str) and 0 < len(secret) <= _MAX_SECRET_LENGTH else None


def from_loopback(request: Request) -> bool:
    """Whether the client and the `Host` header are both loopback; the header protects against DNS rebinding."""
    client = request.client.host if request.client else ""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return _loopback(client) and (host == "localhost" or _loopback(host))


def _loopback(text: str) -> bool:
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return False


def health_routes(ready: Ready) -> list[Route]:
    """`/livez`: the event loop runs. `/readyz`: the server accepts requests."""

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def readiness(_: Request) -> Response:
        reason = await ready()
        if reason is None:
            return JSONResponse({"ready": True})
        return JSONResponse({"ready": False, "reason": reason}, 503)

    return [Route("/livez", live, methods=["GET"]), Route("/readyz", readiness, methods=["GET"])]


async def unavailable_source(sources: Sources) -> str | None:
    """The name of a source that does not respond (`slow` after two seconds without an error); None if all respond."""
    no_rows = Scope(Viewer(ViewerKind.SERVICE, "readyz"), own="0" * 32)
    requests = {
        "tables": sources.store.get_many(CUSTOMERS, [Key("readyz", "readyz")]),
        "search": sources.index.search(no_rows, SearchRequest(total=True)),
        "locations": sources.locations.by_ids(["IT"]),
    }
    try:
        async with asyncio.timeout(_READY_S):
            for request in requests.values():
                await request
    except SourceError as e:
        return e.source
    except TimeoutError:
        return "slow"
    finally:
        for unused in requests.values():
            unused.close()
    return None


def rfc3339(seconds: float) -> str:
    """An instant in UTC, to the second."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")
