"""Who may see which class of personal data, and how finely: one table, read by every gate.

Rows are relations between a viewer and a record, columns are classes. Nothing else in the house decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from access.classes import DataClass
from access.precision import LocationPrecision, TimePrecision
from access.viewer import Viewer, ViewerKind

POLICY_VERSION = 1
"""Part of every cursor: a cursor made under another policy is refused."""


class Relation(Enum):
    """What a viewer is to a record."""

    OWNER = "OWNER"
    SHARED = "SHARED"
    NONE = "NONE"


class Rule(Enum):
    """What a relation may do with a class: read it, filter, sort, count and search by it, or none of these."""

    YES = "YES"
    BY_TIME = "BY_TIME"
    """As finely as the share tells times."""
    BY_PLACE = "BY_PLACE"
    """As finely as the share tells places."""
    NO = "NO"


_D = DataClass
MATRIX: Mapping[Relation, Mapping[DataClass, Rule]] = MappingProxyType({
    Relation.OWNER: MappingProxyType(dict.fromkeys(DataClass, Rule.YES)),
    Relation.SHARED: MappingProxyType({
        _D.PUBLIC: Rule.YES,
        _D.OPERATIONAL: Rule.YES,
        _D.TIME: Rule.BY_TIME,
        _D.PLACE: Rule.BY_PLACE,
        _D.LOCATION: Rule.BY_PLACE,
        _D.CONTENT: Rule.YES,
        _D.PICTURE: Rule.YES,
        _D.IDENTITY: Rule.YES,
        _D.OWNER_STATE: Rule.NO,
        _D.BIOMETRIC: Rule.NO,
    }),
    Relation.NONE: MappingProxyType({c: Rule.YES if c is _D.PUBLIC else Rule.NO for c in DataClass}),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sight:
    """What one viewer may see of one record: the relation, and the precision that a share gives."""

    relation: Relation
    location: LocationPrecision = LocationPrecision.EXACT
    time: TimePrecision = TimePrecision.EXACT
    originals: bool = True

    def may(self, data_class: DataClass) -> bool:
        """Whether anything of the class may be read here, and so also filtered, sorted, counted and searched by."""
        match MATRIX[self.relation][data_class]:
            case Rule.YES:
                return True
            case Rule.BY_TIME:
                return self.time > TimePrecision.NONE
            case Rule.BY_PLACE:
                return self.location > LocationPrecision.NONE
            case Rule.NO:
                return False

    @property
    def owner(self) -> bool:
        """Whether the record is the viewer's own."""
        return self.relation is Relation.OWNER

    @property
    def clock_time(self) -> bool:
        """Whether the wall clock may be told, and not the day only."""
        return self.time is TimePrecision.EXACT

    @property
    def offset(self) -> bool:
        """Whether the offset from UTC may be told: it tells the place, about as finely as a city does."""
        return self.clock_time and self.location >= LocationPrecision.CITY


OWNER_SIGHT = Sight(Relation.OWNER)
"""An owner's sight of their own record."""


def withheld(sight: Sight) -> tuple[DataClass, ...]:
    """The classes kept from this viewer, in the order of the enum: by relation only, never by what the record holds."""
    return tuple(c for c in DataClass if not sight.may(c))


def ever(viewer: Viewer) -> frozenset[DataClass]:
    """The classes that this kind of caller can see on any record at all: what is outside is denied before running."""
    relations = {
        ViewerKind.CUSTOMER: (Relation.OWNER, Relation.SHARED),
        ViewerKind.GUEST: (Relation.SHARED,),
        ViewerKind.SERVICE: (Relation.NONE,),
    }[viewer.kind]
    return frozenset(c for c in DataClass for r in relations if MATRIX[r][c] is not Rule.NO)
