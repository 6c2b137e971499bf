"""Who may see which class of personal data, how finely, and what for: one table, read by every gate.

Rows are classes, columns are relations between a viewer and a record, cells are rules. Nothing else in the house
decides; `docs/access.md` is this table for people, and a test holds it to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from access.classes import DataClass
from access.precision import LocationPrecision, TimePrecision
from access.viewer import Viewer, ViewerKind

POLICY_VERSION = 3
"""Part of every cursor: a cursor made under another policy is refused."""


class Relation(Enum):
    """What a viewer is to a record. Whoever is none of these cannot tell the record from one that does not exist."""

    OWNER = "OWNER"
    SHARED = "SHARED"
    """A customer with whom an album is shared that the record lies in."""
    LINK = "LINK"
    """A guest who came by an album's link."""
    SERVICE = "SERVICE"
    """A service whose token names scopes and a purpose."""
    SUPPORT = "SUPPORT"
    """Support, with an open ticket that the owner sees."""


class Use(Enum):
    """What a value is wanted for. To filter by a value tells it as surely as to read it does."""

    READ = "READ"
    FILTER = "FILTER"
    SORT = "SORT"
    FACET = "FACET"
    SEARCH = "SEARCH"


class Precision(Enum):
    """How finely a class is told."""

    EXACT = "as recorded"
    SHARE_TIME = "as the share tells times"
    SHARE_PLACE = "as the share tells places"
    CITY = "no finer than the city"
    DAY = "the day"


class Rule(NamedTuple):
    """What one relation may do with one class. `scope`: what a service's token must name; a ticket names the class itself."""

    fineness: Precision
    uses: frozenset[Use]
    scope: str | None = None


_D = DataClass
_READ = frozenset({Use.READ})
_COUNT = frozenset({Use.READ, Use.FILTER, Use.FACET})
_SORT = _COUNT | {Use.SORT}
_FIND = _COUNT | {Use.SEARCH}
_ALL = frozenset(Use)


def _to(uses: frozenset[Use], fineness: Precision = Precision.EXACT, scope: str | None = None) -> Rule:
    return Rule(fineness, uses, scope)


def _by(scope: str, uses: frozenset[Use], fineness: Precision = Precision.EXACT) -> Rule:
    return Rule(fineness, uses, f"photos:{scope}")


class Row(NamedTuple):
    """A class: the rule of each relation, None where it gets nothing."""

    owner: Rule
    shared: Rule | None
    link: Rule | None
    service: Rule | None
    support: Rule | None

    def of(self, relation: Relation) -> Rule | None:
        """The rule of one relation."""
        rule: Rule | None = getattr(self, relation.value.lower())
        return rule


_T, _P, _C, _Y = Precision.SHARE_TIME, Precision.SHARE_PLACE, Precision.CITY, Precision.DAY
MATRIX: Mapping[DataClass, Row] = MappingProxyType({
    #                   owner        shared album      guest of a link   service, by scope             support, by ticket
    _D.PUBLIC:      Row(_to(_ALL),   _to(_ALL),        _to(_ALL),        _to(_ALL),                    _to(_ALL)),
    _D.OPERATIONAL: Row(_to(_ALL),   _to(_ALL),        _to(_ALL),        _by("read", _ALL),            _to(_SORT)),
    _D.TIME:        Row(_to(_SORT),  _to(_SORT, _T),   _to(_SORT, _T),   _by("time", _SORT),           _to(_SORT, _Y)),
    _D.PLACE:       Row(_to(_FIND),  _to(_FIND, _P),   _to(_FIND, _P),   _by("place", _FIND, _C),      None),
    _D.LOCATION:    Row(_to(_COUNT), _to(_COUNT, _P),  _to(_COUNT, _P),  _by("location", _COUNT),      None),
    _D.CONTENT:     Row(_to(_ALL),   _to(_ALL),        _to(_ALL),        _by("content", _ALL),         None),
    _D.OWNER_STATE: Row(_to(_COUNT), None,             None,             None,                         None),
    _D.PICTURE:     Row(_to(_READ),  _to(_READ),       _to(_READ),       _by("picture", _READ),        None),
    _D.BIOMETRIC:   Row(_to(_ALL),   None,             None,             _by("people", _READ | {Use.SORT}), None),
    _D.IDENTITY:    Row(_to(_ALL),   _to(_READ),       _to(_READ),       None,                         None),
})  # fmt: skip

TOLD_BY_ORIGINALS = frozenset({_D.OPERATIONAL, _D.TIME, _D.PLACE, _D.LOCATION, _D.CONTENT, _D.PICTURE, _D.BIOMETRIC})
"""What the metadata inside a file can tell besides the picture: camera, clock, GPS, captions, faces with their names.

A service gets an original only with the scopes of all of these. A share gives it by its owner's own word.
"""

SMALLEST_GROUP = 5
"""Where a service counts over many customers, groups smaller than this are not told, totals included."""

REACHED_BY: Mapping[Relation, str] = MappingProxyType(
    {
        Relation.OWNER: "`photos-gateway import --owner`, then a customer's token",
        Relation.SHARED: "the mutation `shareAlbum` with `customerId`",
        Relation.LINK: "the mutation `shareAlbum` with `link: true`, then `POST /guest`",
        Relation.SERVICE: "`photos-gateway token --service --scopes --purpose`",
        Relation.SUPPORT: "`photos-gateway support open`",
    }
)
"""How a relation begins, by public calls."""


@dataclass(frozen=True, slots=True)
class Visibility:
    """What one viewer may see of one record: the relation, and the precision that a share, scope or ticket gives.

    `originals`: whether files may be had as they were given, with all that they tell (`TOLD_BY_ORIGINALS`).
    `classes`: which ones a service's scopes or a support ticket name; not looked at for other relations.
    """

    relation: Relation
    location: LocationPrecision = LocationPrecision.EXACT
    time: TimePrecision = TimePrecision.EXACT
    originals: bool = True
    classes: frozenset[DataClass] = frozenset()

    def may(self, data_class: DataClass, use: Use = Use.READ) -> bool:
        """Whether the class may be used so here, at the precision of this sight; to read it unless told."""
        rule = MATRIX[data_class].of(self.relation)
        if rule is None or use not in rule.uses:
            return False
        if self.relation in _NAMED and data_class not in self.classes:
            return False
        match rule.fineness:
            case Precision.SHARE_TIME:
                return self.time > TimePrecision.NONE
            case Precision.SHARE_PLACE:
                return self.location > LocationPrecision.NONE
            case _:
                return True

    def level(self, data_class: DataClass) -> LocationPrecision:
        """How finely places of this class are told: PLACE by names, LOCATION by coordinates."""
        rule = MATRIX[data_class].of(self.relation)
        if rule is not None and rule.fineness is Precision.CITY:
            return min(self.location, LocationPrecision.CITY)
        return self.location

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

    def at_home(self) -> Visibility:
        """The same of a record inside its owner's home zone: nobody else learns more than the city.

        An original tells the coordinates that its file holds, so there is none.
        """
        if self.owner:
            return self
        return replace(self, location=min(self.location, LocationPrecision.CITY), originals=False)


_NAMED = frozenset({Relation.SERVICE, Relation.SUPPORT})

OWNER_VISIBILITY = Visibility(Relation.OWNER)
"""An owner's sight of their own record."""


def service_visibility(viewer: Viewer) -> Visibility | None:
    """What a service sees of customers' records: the classes of its scopes. Without a purpose nothing."""
    if not viewer.purpose or not viewer.purpose.strip():
        return None
    rules = {c: row.service for c, row in MATRIX.items()}
    named = frozenset(c for c, rule in rules.items() if rule is not None and rule.scope in viewer.scopes)
    if not named:
        return None
    place = LocationPrecision.CITY if _D.PLACE in named else LocationPrecision.NONE
    return Visibility(
        Relation.SERVICE,
        LocationPrecision.EXACT if _D.LOCATION in named else place,
        TimePrecision.EXACT if _D.TIME in named else TimePrecision.NONE,
        originals=named >= TOLD_BY_ORIGINALS,
        classes=named | {_D.PUBLIC},
    )


SUPPORTABLE = tuple(c for c, row in MATRIX.items() if row.support is not None and c is not _D.PUBLIC)
"""The classes that a ticket may name."""


def support_visibility(classes: Iterable[DataClass]) -> Visibility:
    """What support sees with a ticket that names these classes; never more than the matrix says."""
    named = frozenset(classes) & frozenset(SUPPORTABLE)
    time = TimePrecision.DAY if _D.TIME in named else TimePrecision.NONE
    return Visibility(Relation.SUPPORT, LocationPrecision.NONE, time, originals=False, classes=named | {_D.PUBLIC})


def withheld(sight: Visibility) -> tuple[DataClass, ...]:
    """The classes kept from this viewer, in the order of the enum: by relation only, never by what the record holds."""
    return tuple(c for c in DataClass if not sight.may(c))


def ever(viewer: Viewer, use: Use = Use.READ) -> frozenset[DataClass]:
    """The classes that this caller can use so on any record at all: what is outside is denied before running."""
    match viewer.kind:
        case ViewerKind.SERVICE:
            sight = service_visibility(viewer)
            return frozenset(c for c in DataClass if sight.may(c, use)) if sight else frozenset({_D.PUBLIC})
        case ViewerKind.SUPPORT:
            relations: tuple[Relation, ...] = (Relation.SUPPORT,)
        case ViewerKind.GUEST:
            relations = (Relation.LINK,)
        case ViewerKind.CUSTOMER:
            relations = (Relation.OWNER, Relation.SHARED)
    rules = ((c, row.of(r)) for c, row in MATRIX.items() for r in relations)
    return frozenset(c for c, rule in rules if rule is not None and use in rule.uses)
