"""The policy: who may see which class of personal data, with which precision and for which use.

Rows are classes, columns are relations between a viewer and a record, cells are rules. Every permission check uses this
table. `docs/access.md` contains it as Markdown, and a test compares both.
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

POLICY_VERSION = 5
"""Part of every cursor: a cursor of another policy version is rejected."""


class Relation(Enum):
    """The relation of a viewer to a record. For a viewer with none of these the record does not exist."""

    OWNER = "OWNER"
    SHARED = "SHARED"
    """A customer who has access to an album that contains the record."""
    LINK = "LINK"
    """A guest who uses the link of an album that contains the record."""
    SERVICE = "SERVICE"
    """A service whose token has scopes and a purpose."""
    SUPPORT = "SUPPORT"
    """A support agent with an open ticket, which the owner can see."""


class Use(Enum):
    """How a value is used. A filter, an order or a count reveals a value as reading it does."""

    READ = "READ"
    FILTER = "FILTER"
    SORT = "SORT"
    FACET = "FACET"
    SEARCH = "SEARCH"


class Precision(Enum):
    """The precision with which values of a class are returned."""

    EXACT = "exact"
    SHARE_TIME = "time precision of the share"
    SHARE_PLACE = "location precision of the share"
    WHOLE = "needs CONTENT, and exact times and places"
    CITY = "city at most"
    DAY = "day"


class Rule(NamedTuple):
    """What one relation may do with one class. `scope`: the scope that a service's token needs; a ticket names classes."""

    precision: Precision
    uses: frozenset[Use]
    scope: str | None = None


_D = DataClass
_READ = frozenset({Use.READ})
_COUNT = frozenset({Use.READ, Use.FILTER, Use.FACET})
_SORT = _COUNT | {Use.SORT}
_FIND = _COUNT | {Use.SEARCH}
_ALL = frozenset(Use)


def _to(uses: frozenset[Use], precision: Precision = Precision.EXACT, scope: str | None = None) -> Rule:
    return Rule(precision, uses, scope)


def _by(scope: str, uses: frozenset[Use], precision: Precision = Precision.EXACT) -> Rule:
    return Rule(precision, uses, f"photos:{scope}")


class Row(NamedTuple):
    """The rules of one class by relation; None: no access."""

    owner: Rule
    shared: Rule | None
    link: Rule | None
    service: Rule | None
    support: Rule | None

    def of(self, relation: Relation) -> Rule | None:
        """Returns the rule of one relation."""
        rule: Rule | None = getattr(self, relation.value.lower())
        return rule


_T, _P, _C, _Y, _W = Precision.SHARE_TIME, Precision.SHARE_PLACE, Precision.CITY, Precision.DAY, Precision.WHOLE
MATRIX: Mapping[DataClass, Row] = MappingProxyType({
    #                   owner        shared album      guest of a link   service, by scope             support, by ticket
    _D.PUBLIC:      Row(_to(_ALL),   _to(_ALL),        _to(_ALL),        _to(_ALL),                    _to(_ALL)),
    _D.OPERATIONAL: Row(_to(_ALL),   _to(_ALL),        _to(_ALL),        _by("read", _ALL),            _to(_SORT)),
    _D.TIME:        Row(_to(_ALL),   _to(_ALL, _T),    _to(_ALL, _T),    _by("time", _ALL),            _to(_SORT, _Y)),
    _D.PLACE:       Row(_to(_FIND),  _to(_FIND, _P),   _to(_FIND, _P),   _by("place", _FIND, _C),      None),
    _D.LOCATION:    Row(_to(_COUNT), _to(_COUNT, _P),  _to(_COUNT, _P),  _by("location", _COUNT),      None),
    _D.CONTENT:     Row(_to(_ALL),   _to(_ALL),        _to(_ALL),        _by("content", _ALL),         None),
    _D.FILE_NAME:   Row(_to(_FIND),  _to(_FIND, _W),   _to(_FIND, _W),   _by("content", _FIND, _W),    None),
    _D.OWNER_STATE: Row(_to(_FIND),  None,             None,             None,                         None),
    _D.PICTURE:     Row(_to(_READ),  _to(_READ),       _to(_READ),       _by("picture", _READ),        None),
    _D.BIOMETRIC:   Row(_to(_ALL),   None,             None,             _by("people", _READ | {Use.SORT}), None),
    _D.IDENTITY:    Row(_to(_ALL),   _to(_READ),       None,             None,                         None),
})  # fmt: skip

CLASSES_IN_ORIGINALS = frozenset({_D.OPERATIONAL, _D.TIME, _D.PLACE, _D.LOCATION, _D.CONTENT, _D.PICTURE, _D.BIOMETRIC})
"""The classes that the metadata inside a file can contain: camera, clock, GPS, captions, faces with names.

A service may download an original only with the scopes of all of these. A share allows it if its owner chose so.
"""

SMALLEST_GROUP = 5
"""Where a service counts the photos of many customers, groups and totals smaller than this are not returned."""

HOW_A_RELATION_BEGINS: Mapping[Relation, str] = MappingProxyType(
    {
        Relation.OWNER: "`photos-gateway import --owner`, then a customer's token",
        Relation.SHARED: "the mutation `shareAlbum` with `customerId`, then `acceptShare` by that customer",
        Relation.LINK: "the mutation `shareAlbum` with `link: true`, then `POST /guest`",
        Relation.SERVICE: "`photos-gateway token --service --scopes --purpose`",
        Relation.SUPPORT: "`photos-gateway support open`",
    }
)
"""The public call that starts each relation."""


@dataclass(frozen=True, slots=True)
class Visibility:
    """What one viewer may see of one record: the relation, and the precision given by a share, scopes or a ticket.

    `originals`: whether original files may be downloaded, with their metadata (`CLASSES_IN_ORIGINALS`).
    `classes`: those that a service's scopes or a support ticket name; unused for other relations.
    """

    relation: Relation
    location: LocationPrecision = LocationPrecision.EXACT
    time: TimePrecision = TimePrecision.EXACT
    originals: bool = True
    classes: frozenset[DataClass] = frozenset()

    def may(self, data_class: DataClass, use: Use = Use.READ) -> bool:
        """Whether the viewer may use the class in this way, at the precision of this visibility."""
        rule = MATRIX[data_class].of(self.relation)
        if rule is None or use not in rule.uses:
            return False
        if data_class is not _D.PUBLIC and self.relation in _NAMED and data_class not in self.classes:
            return False
        match rule.precision:
            case Precision.SHARE_TIME:
                return self.time > TimePrecision.NONE
            case Precision.SHARE_PLACE:
                return self.location > LocationPrecision.NONE
            case Precision.WHOLE:
                return self.clock_time and self.location is LocationPrecision.EXACT and self.may(_D.CONTENT)
            case _:
                return True

    def location_precision(self, data_class: DataClass) -> LocationPrecision:
        """The precision of this class: PLACE for names of places, LOCATION for coordinates."""
        rule = MATRIX[data_class].of(self.relation)
        if rule is not None and rule.precision is Precision.CITY:
            return min(self.location, LocationPrecision.CITY)
        return self.location

    @property
    def owner(self) -> bool:
        """Whether the viewer owns the record."""
        return self.relation is Relation.OWNER

    @property
    def clock_time(self) -> bool:
        """Whether the time of day is visible, and not only the day."""
        return self.time is TimePrecision.EXACT

    @property
    def offset(self) -> bool:
        """Whether the offset from UTC is visible. It reveals the place, so it needs city precision."""
        return self.clock_time and self.location >= LocationPrecision.CITY

    def at_home(self) -> Visibility:
        """Returns the visibility of a record inside its owner's home zone: for other viewers city precision at most.

        Originals are excluded, because their metadata may contain coordinates.
        """
        if self.owner:
            return self
        return replace(self, location=min(self.location, LocationPrecision.CITY), originals=False)


INVITATION_VISIBILITY = Visibility(Relation.SHARED, LocationPrecision.NONE, TimePrecision.NONE, originals=False)
"""What a recipient sees before they accept: only the name of the sender and the title of the album, as a share shows them."""


_NAMED = frozenset({Relation.SERVICE, Relation.SUPPORT})

OWNER_VISIBILITY = Visibility(Relation.OWNER)
"""The visibility of an owner's own records."""


def service_visibility(viewer: Viewer) -> Visibility | None:
    """Returns the visibility given by a service's scopes; None without scopes or without a purpose."""
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
        originals=named >= CLASSES_IN_ORIGINALS,
        classes=named | {_D.PUBLIC},
    )


SUPPORT_CLASSES = tuple(c for c, row in MATRIX.items() if row.support is not None and c is not _D.PUBLIC)
"""The classes that a ticket may name."""


def support_visibility(classes: Iterable[DataClass]) -> Visibility:
    """Returns the visibility given by a support ticket with these classes; never more than the policy allows."""
    named = frozenset(classes) & frozenset(SUPPORT_CLASSES)
    time = TimePrecision.DAY if _D.TIME in named else TimePrecision.NONE
    return Visibility(Relation.SUPPORT, LocationPrecision.NONE, time, originals=False, classes=named | {_D.PUBLIC})


def withheld(visibility: Visibility) -> tuple[DataClass, ...]:
    """Returns the classes the viewer may not read, whatever the values are; for guests also TIME if the instant is hidden."""
    instant = visibility.offset or visibility.relation is not Relation.LINK
    return tuple(c for c in DataClass if not visibility.may(c) or (c is _D.TIME and not instant))


def usable_classes(viewer: Viewer, use: Use = Use.READ) -> frozenset[DataClass]:
    """Returns the classes that the viewer can use on any record; operations that use others are rejected before execution."""
    match viewer.kind:
        case ViewerKind.SERVICE:
            granted = service_visibility(viewer)
            return frozenset(c for c in DataClass if granted.may(c, use)) if granted else frozenset({_D.PUBLIC})
        case ViewerKind.SUPPORT:
            relations: tuple[Relation, ...] = (Relation.SUPPORT,)
        case ViewerKind.GUEST:
            relations = (Relation.LINK,)
        case ViewerKind.CUSTOMER:
            relations = (Relation.OWNER, Relation.SHARED)
    rules = ((c, row.of(r)) for c, row in MATRIX.items() for r in relations)
    return frozenset(c for c, rule in rules if rule is not None and use in rule.uses)
