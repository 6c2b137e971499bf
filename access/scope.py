"""Whose records a viewer may reach. Every method of a source that touches customers' data takes a `Scope` first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from access.classes import DataClass
from access.policy import OWNER_VISIBILITY, Relation, Visibility, service_visibility, support_visibility
from access.precision import LocationPrecision, TimePrecision
from access.viewer import Viewer, ViewerKind


@dataclass(frozen=True, slots=True)
class Grant:
    """A right to one album: who gave it, and how much it shows. `expires_at` is in milliseconds since 1970."""

    owner: str
    album: str
    location: LocationPrecision
    time: TimePrecision
    originals: bool = False
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """What a service's scopes or a support ticket open: of these customers, or of every one (None), and how much."""

    sight: Visibility
    owners: frozenset[str] | None = None

    def covers(self, owner: str) -> bool:
        """Whether it opens records of this customer."""
        return self.owners is None or owner in self.owners


@dataclass(frozen=True, slots=True)
class Scope:
    """What one request of one viewer may touch: their own library, the albums granted to them, or what they have leave for.

    `settling`: customers whose new home zones have not reached every photo yet; till then all of theirs count as at home.
    """

    viewer: Viewer
    own: str | None = None
    grants: tuple[Grant, ...] = ()
    service_access: ServiceAccess | None = None
    settling: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        viewer: Viewer,
        grants: Iterable[Grant],
        *,
        now_ms: int,
        ticket: frozenset[DataClass] | None = None,
    ) -> Scope:
        """The scope of a verified viewer; grants that have ended are left out. `ticket`: the classes of an open one."""
        live = tuple(g for g in grants if g.expires_at is None or g.expires_at > now_ms)
        return cls(viewer, viewer.customer, live, _leave(viewer, ticket))

    def while_settling(self, owners: frozenset[str]) -> Scope:
        """The same while new home zones of these customers are on their way to their photos."""
        return replace(self, settling=frozenset(o for o in owners if self.reaches(o)))

    def mine(self) -> Scope:
        """Only the viewer's own."""
        return replace(self, grants=(), service_access=None)

    def shared(self) -> Scope:
        """Only what others share."""
        return replace(self, own=None, service_access=None)

    def of_owner(self, owner: str) -> Scope:
        """Only what belongs to one customer."""
        own = self.own if self.own == owner else None
        leave = (
            replace(self.service_access, owners=frozenset({owner}))
            if self.service_access and self.service_access.covers(owner)
            else None
        )
        return replace(self, own=own, grants=tuple(g for g in self.grants if g.owner == owner), service_access=leave)

    @property
    def owners(self) -> frozenset[str]:
        """Every customer of whom something may be seen, as far as they can be named."""
        left = (self.service_access.owners if self.service_access else None) or frozenset()
        return frozenset({g.owner for g in self.grants} | ({self.own} if self.own else set())) | left

    @property
    def unbounded(self) -> bool:
        """Whether it reaches customers who are not named: then there are counts, but neither pages nor small groups."""
        return self.service_access is not None and self.service_access.owners is None

    @property
    def empty(self) -> bool:
        """Whether nothing at all can be reached."""
        return self.own is None and not self.grants and self.service_access is None

    @property
    def profile(self) -> tuple[object, ...]:
        """What of a scope shapes a list: cursors are bound to it, so that one made at another precision is refused."""
        grants = sorted((g.owner, g.album, g.location.value, g.time.value) for g in self.grants)
        leave = self.service_access
        seen = None if leave is None else (leave.sight.location, leave.sight.time, sorted(c.value for c in leave.sight.classes))
        return (
            self.own,
            tuple(grants),
            None if leave is None else (sorted(leave.owners or ()), seen),
            tuple(sorted(self.settling)),
        )

    def reaches(self, owner: str) -> bool:
        """Whether anything of this customer may be seen."""
        return owner in self.owners or (self.service_access is not None and self.service_access.covers(owner))

    def sight(self, owner: str, albums: Collection[str], *, active: bool = True, home: bool = False) -> Visibility | None:
        """What may be seen of a record that lies in these albums of this owner; None: it does not exist for this viewer.

        In two granted albums the wider value counts, class by class (DECISIONS 24). Non-owners see active ones only, and
        of what lies inside a home zone no more than the city.
        """
        if owner == self.own:
            return OWNER_VISIBILITY
        seen = self._others(owner, albums) if active else None
        return seen.at_home() if seen is not None and (home or owner in self.settling) else seen

    def _others(self, owner: str, albums: Collection[str]) -> Visibility | None:
        if self.service_access is not None and self.service_access.covers(owner):
            return self.service_access.sight
        granted = [g for g in self.grants if g.owner == owner and g.album in albums]
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
        """What the viewer is to whoever granted something."""
        return Relation.LINK if self.viewer.kind is ViewerKind.GUEST else Relation.SHARED

    def library_sight(self, owner: str) -> Visibility | None:
        """What may be seen of a customer's whole library (their people), and not only of what they share."""
        if owner == self.own:
            return OWNER_VISIBILITY
        return self.service_access.sight if self.service_access is not None and self.service_access.covers(owner) else None

    def album_sight(self, owner: str, album: str) -> Visibility | None:
        """What may be seen of an album itself."""
        return self.sight(owner, (album,))


def _leave(viewer: Viewer, ticket: frozenset[DataClass] | None) -> ServiceAccess | None:
    if viewer.kind is ViewerKind.SERVICE:
        sight = service_visibility(viewer)
        return None if sight is None else ServiceAccess(sight)
    if viewer.kind is ViewerKind.SUPPORT and viewer.ticket is not None and ticket is not None:
        return ServiceAccess(support_visibility(ticket), frozenset({viewer.ticket.owner}))
    return None
