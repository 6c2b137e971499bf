"""Who is asking. A `Viewer` is made only by the verifier of tokens (and by makers in tests)."""

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
class GuestOf:
    """The link share a guest came by: its owner, its album, and the grantee key of the link."""

    owner: str
    album: str
    grantee: str


@dataclass(frozen=True, slots=True)
class TicketOf:
    """The ticket that support works with: whose data, and its place among the customer's tickets."""

    owner: str
    slot: str


@dataclass(frozen=True, slots=True)
class Viewer:
    """A verified caller.

    `subject` is the token's `sub`; `customer` the customer's local id when the caller is one. `expires_at` is the
    token's end in seconds since 1970, `signed_in_at` when the person showed who they are. `erased`: of this customer
    nothing is left.
    """

    kind: ViewerKind
    subject: str
    customer: str | None = None
    guest_of: GuestOf | None = None
    scopes: frozenset[str] = frozenset()
    purpose: str | None = None
    expires_at: int = 0
    ticket: TicketOf | None = None
    signed_in_at: int = 0
    erased: bool = False

    @property
    def key(self) -> str:
        """A text that is different for different callers: what cursors and repeats are bound to."""
        if self.guest_of is not None:
            return f"GUEST:{self.guest_of.owner}:{self.guest_of.album}:{self.guest_of.grantee}"
        if self.ticket is not None:
            return f"SUPPORT:{self.ticket.owner}:{self.ticket.slot}:{self.subject}"
        return f"{self.kind.value}:{self.customer or self.subject}"
