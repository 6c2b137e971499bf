"""Which records a viewer may read. Every method that reads customer data takes a `Scope` as its first argument."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from access.classes import DataClass
from access.grants import Grant, Grants, grants_of
from access.policy import OWNER_VISIBILITY, Relation, Visibility, service_visibility, support_visibility
from access.viewer import Viewer, ViewerKind

__all__ = ["Grant", "Scope", "ServiceAccess"]


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """Access given by service scopes or a support ticket. `owners=None` means all customers."""

    visibility: Visibility
    owners: frozenset[str] | None = None

    def covers(self, owner: str) -> bool:
        """Whether the access includes this customer's records."""
        return self.owners is None or owner in self.owners


@dataclass(frozen=True, slots=True)
class Scope:
    """The records that one viewer may read: their own library, albums granted to them, or those of a service or ticket.

    `pending_zones`: customers whose changed home zones are not applied to every photo yet. Until then all their photos
    are treated as inside a home zone.
    """

    viewer: Viewer
    own: str | None = None
    grants: tuple[Grant, ...] = Grants()
    service_access: ServiceAccess | None = None
    pending_zones: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Gives the grants their indexes."""
        if not isinstance(self.grants, Grants):
            object.__setattr__(self, "grants", Grants(self.grants))

    @property
    def indexed(self) -> Grants:
        """The grants with their indexes."""
        return grants_of(self.grants)

    @classmethod
    def of(
        cls,
        viewer: Viewer,
        grants: Iterable[Grant],
        *,
        now_ms: int,
        ticket: frozenset[DataClass] | None = None,
    ) -> Scope:
        """Returns the scope of a verified viewer without expired grants. `ticket`: the classes of an open ticket."""
        return cls(viewer, viewer.customer, grants_of(grants).live(now_ms), _service_access(viewer, ticket))

    def with_pending_zones(self, owners: frozenset[str]) -> Scope:
        """Returns the scope with pending home zones of these customers."""
        return replace(self, pending_zones=frozenset(o for o in owners if self.reaches(o)))

    def own_only(self) -> Scope:
        """Returns the scope restricted to the viewer's own library."""
        return replace(self, grants=(), service_access=None)

    def shared_only(self) -> Scope:
        """Returns the scope restricted to albums that others share."""
        return replace(self, own=None, service_access=None)

    def of_owner(self, owner: str) -> Scope:
        """Returns the scope restricted to one customer's records."""
        own = self.own if self.own == owner else None
        access = (
            replace(self.service_access, owners=frozenset({owner}))
            if self.service_access and self.service_access.covers(owner)
            else None
        )
        return replace(self, own=own, grants=self.indexed.by_owner.get(owner, Grants()), service_access=access)

    @property
    def owners(self) -> frozenset[str]:
        """The customers whose records are included; empty for access to all customers."""
        served = (self.service_access.owners if self.service_access else None) or frozenset()
        return frozenset(self.indexed.by_owner) | ({self.own} if self.own else frozenset()) | served

    @property
    def unbounded(self) -> bool:
        """Whether all customers are included. Such a scope returns counts, but neither pages nor small groups."""
        return self.service_access is not None and self.service_access.owners is None

    @property
    def empty(self) -> bool:
        """Whether no record is included."""
        return self.own is None and not self.grants and self.service_access is None

    @property
    def profile(self) -> tuple[object, ...]:
        """The parts that determine a list. Cursors are bound to it, so a cursor of another precision is rejected."""
        access = self.service_access
        seen = (
            None
            if access is None
            else (access.visibility.location, access.visibility.time, sorted(c.value for c in access.visibility.classes))
        )
        return (
            self.own,
            self.indexed.digest,
            None if access is None else (sorted(access.owners or ()), seen),
            tuple(sorted(self.pending_zones)),
        )

    def reaches(self, owner: str) -> bool:
        """Whether any record of this customer is included."""
        return (
            owner == self.own
            or owner in self.indexed.by_owner
            or (self.service_access is not None and self.service_access.covers(owner))
        )

    def visibility(self, owner: str, albums: Collection[str], *, active: bool = True, home: bool = False) -> Visibility | None:
        """Returns the visibility of a record in these albums of the owner; None: it does not exist for this viewer.

        In several granted albums the highest precision counts, separately for times and places. Viewers other than the
        owner see active records only, and records inside a home zone with city precision at most.
        """
        if owner == self.own:
            return OWNER_VISIBILITY
        seen = self._others(owner, albums) if active else None
        return seen.at_home() if seen is not None and (home or owner in self.pending_zones) else seen

    def _others(self, owner: str, albums: Collection[str]) -> Visibility | None:
        if self.service_access is not None and self.service_access.covers(owner):
            return self.service_access.visibility
        granted = self.indexed.of(owner, albums)
        if not granted:
            return None
        return Visibility(
            self.relation,
            max(g.location for g in granted),
            max(g.time for g in granted),
            any(g.originals for g in granted),
        )

    @property
    def relation(self) -> Relation:
        """The viewer's relation to records of granted albums."""
        return Relation.LINK if self.viewer.kind is ViewerKind.GUEST else Relation.SHARED

    def library_visibility(self, owner: str) -> Visibility | None:
        """Returns the visibility of a customer's library, for example of their people; None if only albums are shared."""
        if owner == self.own:
            return OWNER_VISIBILITY
        return self.service_access.visibility if self.service_access is not None and self.service_access.covers(owner) else None

    def album_visibility(self, owner: str, album: str) -> Visibility | None:
        """Returns the visibility of an album."""
        return self.visibility(owner, (album,))


def _service_access(viewer: Viewer, ticket: frozenset[DataClass] | None) -> ServiceAccess | None:
    if viewer.kind is ViewerKind.SERVICE:
        visibility = service_visibility(viewer)
        return None if visibility is None else ServiceAccess(visibility)
    if viewer.kind is ViewerKind.SUPPORT and viewer.ticket is not None and ticket is not None:
        return ServiceAccess(support_visibility(ticket), frozenset({viewer.ticket.owner}))
    return None
