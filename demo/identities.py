"""The demo's callers: who may try what, with fresh tokens, and the card that `make run` prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from access.viewer import GuestOf
from demo.load import Demo
from identity.issuer import LocalIssuer
from identity.verifier import LIFETIME_S

SERVICE = "demo-service"
_QUERY = "{ photos(first: 3) { nodes { takenAt place { name } } } }"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody to be."""

    name: str
    description: str
    token: str
    expires_at: int

    def shown(self) -> dict[str, str]:
        """As the page reads it."""
        end = datetime.fromtimestamp(self.expires_at, UTC).isoformat().replace("+00:00", "Z")
        return {"name": self.name, "description": self.description, "token": self.token, "expiresAt": end}


def callers(demo: Demo, issuer: LocalIssuer, links: LocalIssuer) -> list[Caller]:
    """Two customers, the one with the large library first; a guest of the shared album; a service."""
    end = int(issuer.now_s()) + LIFETIME_S
    first, second = sorted(demo.customers, key=lambda c: -c.photos)[:2]
    guest = demo.guest
    of = GuestOf(guest.owner, guest.album, guest.grantee)
    service = issuer.service(SERVICE, ("photos:read",), "demo")
    return [
        *(
            Caller(c.display_name, f"customer {c.external_id}, {c.photos:,} photos", issuer.customer(c.external_id), end)
            for c in (first, second)
        ),
        Caller("Guest", f"has the link to the album “{guest.title}”", links.guest(of), end),
        Caller("Service", f"{SERVICE}, scope photos:read", service, end),
    ]


def card(url: str, known: list[Caller]) -> str:
    """What to open, who to be, and a line to try in a terminal."""
    lines = ["", f"Photos Data Gateway is ready. GraphiQL: {url}/graphql", ""]
    if not known:
        lines += ["No demo library here. A token: photos-gateway token --customer ID", ""]
        return "\n".join(lines)
    lines += ["Bearer tokens, good for an hour (photos-gateway token --help makes more):", ""]
    for caller in known:
        lines += [f"{caller.name} ({caller.description}):", caller.token, ""]
    body = '{"query": "' + _QUERY + '"}'
    lines += [
        "Try:",
        f"curl -s {url}/graphql -H 'content-type: application/json' -H 'authorization: Bearer {known[0].token}' -d '{body}'",
        "",
    ]
    return "\n".join(lines)
