"""The verified caller of a request. Only the token verifier creates a `Viewer` (and tests)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ViewerKind(Enum):
    """Kinds of callers."""

    CUSTOMER = "CUSTOMER"
    GUEST = "GUEST"
    SERVICE = "SERVICE"
    SUPPORT = "SUPPORT"


@dataclass(frozen=True, slots=True)
class GuestLink:
    """The link that a guest uses: its owner, its album, and its grantee key."""

    owner: str
    album: str
    grantee: str


@dataclass(frozen=True, slots=True)
class TicketRef:
    """The support ticket that an agent uses: the customer, and the ticket's sort key."""

    owner: str
    slot: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """A verified caller.

    `subject` is the token's `sub`; `customer` is the local id if the caller is a customer. `expires_at` is the expiry of the
    token and `signed_in_at` the time of authentication, both in seconds since 1970. `erased`: the customer was erased.
    """

    kind: ViewerKind
    subject: str
    customer: str | None = None
    guest_of: GuestLink | None = None
    scopes: frozenset[str] = frozenset()
    purpose: str | None = None
    expires_at: int = 0
    ticket: TicketRef | None = None
    signed_in_at: int = 0
    erased: bool = False

    @property
    def key(self) -> str:
        """A string that is unique for each caller; cursors, idempotency keys and the rate limiter use it."""
        if self.guest_of is not None:
            return f"GUEST:{self.guest_of.owner}:{self.guest_of.album}:{self.guest_of.grantee}"
        if self.ticket is not None:
            return f"SUPPORT:{self.ticket.owner}:{self.ticket.slot}:{self.subject}"
        return f"{self.kind.value}:{self.customer or self.subject}"
