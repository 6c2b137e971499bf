"""The grants of a scope, indexed by owner and album, so that the work for one record does not grow with their number."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from access.precision import LocationPrecision, TimePrecision


@dataclass(frozen=True, slots=True)
class Grant:
    """Access to one album: its owner and the precision. `expires_at` is in milliseconds since 1970."""

    owner: str
    album: str
    location: LocationPrecision
    time: TimePrecision
    originals: bool = False
    expires_at: int | None = None


class Grants(tuple[Grant, ...]):  # noqa: SLOT001 - its indexes are cached in its dictionary
    """An immutable sequence of grants that computes its hash and its indexes once."""

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return super().__hash__()

    @cached_property
    def by_owner(self) -> dict[str, Grants]:
        """The grants of each owner."""
        found: dict[str, list[Grant]] = {}
        for grant in self:
            found.setdefault(grant.owner, []).append(grant)
        return {owner: Grants(grants) for owner, grants in found.items()}

    @cached_property
    def _by_album(self) -> dict[tuple[str, str], list[Grant]]:
        found: dict[tuple[str, str], list[Grant]] = {}
        for grant in self:
            found.setdefault((grant.owner, grant.album), []).append(grant)
        return found

    @cached_property
    def first_end(self) -> int | None:
        """The earliest expiry."""
        return min((g.expires_at for g in self if g.expires_at is not None), default=None)

    @cached_property
    def digest(self) -> str:
        """A digest of the owner, album and precision of each grant, independent of their order."""
        precisions = sorted((g.owner, g.album, g.location.value, g.time.value) for g in self)
        return hashlib.blake2b(repr(precisions).encode(), digest_size=16).hexdigest()

    @cached_property
    def by_precision(self) -> dict[tuple[LocationPrecision, TimePrecision], Grants]:
        """The grants of each combination of precisions; there are few combinations."""
        found: dict[tuple[LocationPrecision, TimePrecision], list[Grant]] = {}
        for grant in self:
            found.setdefault((grant.location, grant.time), []).append(grant)
        return {precision: Grants(grants) for precision, grants in found.items()}

    def of(self, owner: str, albums: Collection[str]) -> Sequence[Grant]:
        """The grants of an owner for these albums."""
        if owner not in self.by_owner:
            return ()
        return [grant for album in albums for grant in self._by_album.get((owner, album), ())]

    def live(self, now_ms: int) -> Grants:
        """The grants without expired ones."""
        if self.first_end is None or self.first_end > now_ms:
            return self
        return Grants(g for g in self if g.expires_at is None or g.expires_at > now_ms)


def grants_of(grants: Iterable[Grant]) -> Grants:
    """The same grants with indexes."""
    return grants if isinstance(grants, Grants) else Grants(grants)
