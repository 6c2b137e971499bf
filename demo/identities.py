"""The callers of the demo with their tokens: the start message of the server, and the route that GraphiQL reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from access.viewer import GuestLink
from demo.load import Demo
from identity.issuer import LocalIssuer
from identity.verifier import LIFETIME_S
from serving.routes import from_loopback

SERVICE = "demo-service"
_QUERY = "{ photos(first: 3) { nodes { takenAt place { name } } } }"


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller of the demo, with a token that expires at `expires_at` (seconds since 1970)."""

    name: str
    description: str
    token: str
    expires_at: int

    def to_json(self) -> dict[str, str]:
        """The JSON object that the GraphiQL page reads."""
        end = datetime.fromtimestamp(self.expires_at, UTC).isoformat().replace("+00:00", "Z")
        return {"name": self.name, "description": self.description, "token": self.token, "expiresAt": end}


def callers(demo: Demo, issuer: LocalIssuer, links: LocalIssuer) -> list[Caller]:
    """The two customers with the largest libraries, a guest of the shared album, and a service, with new tokens."""
    end = int(issuer.now_s()) + LIFETIME_S
    first, second = sorted(demo.customers, key=lambda c: -c.photos)[:2]
    guest = demo.guest
    link = GuestLink(guest.owner, guest.album, guest.grantee)
    service = issuer.service(SERVICE, ("photos:read",), "demo")
    return [
        *(
            Caller(c.display_name, f"customer {c.external_id}, {c.photos:,} photos", issuer.customer(c.external_id), end)
            for c in (first, second)
        ),
        Caller("Guest", f"has the link to the album “{guest.title}”", links.guest(link), end),
        Caller("Service", f"{SERVICE}, scope photos:read", service, end),
    ]


def identities_route(callers: Callable[[], list[Caller]]) -> Route:
    """`GET /demo/identities`: the callers with new tokens, only for a browser on this machine."""

    async def answer(request: Request) -> Response:
        if not from_loopback(request):
            return JSONResponse({"error": "NOT_FOUND"}, 404)
        return JSONResponse([caller.to_json() for caller in callers()])

    return Route("/demo/identities", answer, methods=["GET"])


def start_message(url: str, callers: list[Caller]) -> str:
    """The address of GraphiQL, the callers with their tokens, and a curl command."""
    lines = ["", f"Photos Data Gateway is ready. GraphiQL: {url}/graphql", ""]
    if not callers:
        lines += ["This data folder has no demo library. `photos-gateway token --customer ID` makes a token.", ""]
        return "\n".join(lines)
    lines += ["Bearer tokens, valid for one hour (`photos-gateway token` makes others):", ""]
    for caller in callers:
        lines += [f"{caller.name} ({caller.description}):", caller.token, ""]
    body = '{"query": "' + _QUERY + '"}'
    lines += [
        "Try:",
        f"curl -s {url}/graphql -H 'content-type: application/json' -H 'authorization: Bearer {callers[0].token}' -d '{body}'",
        "",
    ]
    return "\n".join(lines)
