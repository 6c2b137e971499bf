"""The small routes beside `/graphql`: a guest's token, the demo's identities, and whether we live and are ready."""

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
from access.viewer import GuestOf, Viewer, ViewerKind
from datasources import Sources
from datasources.errors import SourceError
from datasources.search.port import SearchRequest
from datasources.tables.customers import CUSTOMERS
from datasources.tables.grants import link_grantee
from datasources.tables.store import Key
from demo.identities import Caller
from identity.issuer import LocalIssuer
from identity.verifier import LIFETIME_S

_MOST_BYTES: Final = 2_048
_LONGEST_SECRET: Final = 200
_READY_S: Final = 2.0
Ready = Callable[[], Awaitable[str | None]]


def guest_route(sources: Sources, links: LocalIssuer) -> Route:
    """POST swaps a link's secret for a guest's token of an hour; unknown and ended links get the same answer."""

    async def answer(request: Request) -> Response:
        if request.method != "POST":
            return JSONResponse({"hint": 'POST {"secret": "..."}: what stands behind the # of the link'})
        secret = await _secret(request)
        if secret is None:
            return JSONResponse({"error": "BAD_USER_INPUT"}, 400)
        now = links.now_s() * 1_000
        grants = [g for g in await sources.grants.of_grantee(link_grantee(secret)) if (g.expires_at_ms or now + 1) > now]
        if not grants:
            return JSONResponse({"error": "NOT_FOUND"}, 404)
        grant, until = grants[0], min((now + LIFETIME_S * 1_000, *(g.expires_at_ms for g in grants if g.expires_at_ms)))
        token = links.guest(GuestOf(grant.owner, grant.album, grant.grantee), until_s=until / 1_000)
        return JSONResponse({"token": token, "expiresAt": rfc3339(until / 1_000)})

    return Route("/guest", answer, methods=["GET", "POST"])


async def _secret(request: Request) -> str | None:
    """JSON only: browsers ask before they send it from elsewhere."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            return None
    try:
        given = orjson.loads(bytes(body))
    except orjson.JSONDecodeError:
        return None
    secret = given.get("secret") if isinstance(given, dict) else None
    return secret if isinstance(secret, str) and 0 < len(secret) <= _LONGEST_SECRET else None


def identities_route(callers: Callable[[], list[Caller]]) -> Route:
    """The demo's callers with fresh tokens, for a page in a browser on this machine and nobody else."""

    async def answer(request: Request) -> Response:
        if not from_here(request):
            return JSONResponse({"error": "NOT_FOUND"}, 404)
        return JSONResponse([c.shown() for c in callers()])

    return Route("/demo/identities", answer, methods=["GET"])


def from_here(request: Request) -> bool:
    """By address and by name: a foreign site can make its own name point to this machine, but not change `Host`."""
    client = request.client.host if request.client else ""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return _loopback(client) and (host == "localhost" or _loopback(host))


def _loopback(text: str) -> bool:
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return False


def health_routes(ready: Ready) -> list[Route]:
    """`/livez`: the loop turns. `/readyz`: send us requests."""

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def readiness(_: Request) -> Response:
        why = await ready()
        return JSONResponse({"ready": True} if why is None else {"ready": False, "reason": why}, 200 if why is None else 503)

    return [Route("/livez", live, methods=["GET"]), Route("/readyz", readiness, methods=["GET"])]


async def sources_answer(sources: Sources) -> str | None:
    """Why not, in one word: the source that does not answer."""
    nobody = Scope(Viewer(ViewerKind.SERVICE, "readyz"), own="0" * 32)
    asked = {
        "tables": sources.store.get_many(CUSTOMERS, [Key("readyz", "readyz")]),
        "search": sources.index.search(nobody, SearchRequest(total=True)),
        "locations": sources.locations.by_ids(["IT"]),
    }
    try:
        async with asyncio.timeout(_READY_S):
            for done in asked.values():
                await done
    except SourceError as e:
        return e.source
    except TimeoutError:
        return "slow"
    finally:
        for left in asked.values():
            left.close()
    return None


def rfc3339(seconds: float) -> str:
    """An instant for clients."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")
