"""Whose records a viewer may reach. Every method of a source that touches customers' data takes a `Scope` first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from access.policy import OWNER_SIGHT, Relation, Sight
from access.precision import LocationPrecision, TimePrecision
from access.viewer import Viewer


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
class Scope:
    """What one request of one viewer may touch: their own library and the albums granted to them."""

    viewer: Viewer
    own: str | None = None
    grants: tuple[Grant, ...] = ()

    @classmethod
    def of(cls, viewer: Viewer, grants: Iterable[Grant], *, now_ms: int) -> Scope:
        """The scope of a verified viewer; grants that have ended are left out."""
        live = tuple(g for g in grants if g.expires_at is None or g.expires_at > now_ms)
        return cls(viewer, viewer.customer, live)

    def mine(self) -> Scope:
        """Only the viewer's own."""
        return replace(self, grants=())

    def shared(self) -> Scope:
        """Only what others share."""
        return replace(self, own=None)

    def of_owner(self, owner: str) -> Scope:
        """Only what belongs to one customer."""
        own = self.own if self.own == owner else None
        return replace(self, own=own, grants=tuple(g for g in self.grants if g.owner == owner))

    @property
    def owners(self) -> frozenset[str]:
        """Every customer of whom something may be seen."""
        return frozenset({g.owner for g in self.grants} | ({self.own} if self.own else set()))

    @property
    def empty(self) -> bool:
        """Whether nothing at all can be reached."""
        return self.own is None and not self.grants

    def sight(self, owner: str, albums: Collection[str], *, active: bool = True) -> Sight | None:
        """What may be seen of a record that lies in these albums of this owner; None: it does not exist for this viewer.

        In two granted albums the wider value counts, class by class (DECISIONS 24). Non-owners see active ones only.
        """
        if owner == self.own:
            return OWNER_SIGHT
        granted = [g for g in self.grants if g.owner == owner and g.album in albums] if active else []
        if not granted:
            return None
        return Sight(
            Relation.SHARED,
            max(g.location for g in granted),
            max(g.time for g in granted),
            any(g.originals for g in granted),
        )

    def album_sight(self, owner: str, album: str) -> Sight | None:
        """What may be seen of an album itself."""
        return self.sight(owner, (album,))
