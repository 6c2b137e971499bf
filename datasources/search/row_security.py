"""Row-level security of searches: rewrites a search request for a scope before an engine runs it.

The result contains only plain conditions, so all engines apply the same rules. A condition on a field that a share does
not show matches no row of that share (docs/decisions/002-conditions-are-rewritten-per-leaf.md); sorts and facets treat
such rows as having no value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from access.classes import DataClass
from access.grants import Grants
from access.policy import OWNER_VISIBILITY, Use, Visibility
from access.precision import LocationPrecision, TimePrecision
from access.scope import Scope, ServiceAccess
from datasources.search.boolean_conditions import and_, not_, or_
from datasources.search.columns import SortKey
from datasources.search.conditions import (
    All,
    Any_,
    AnyOf,
    Between,
    Condition,
    Everything,
    Field,
    FileNamePart,
    HasWord,
    Not,
    Nothing,
    WithinBox,
    WithinCircle,
)
from datasources.search.granted_albums import in_granted_albums, of_others, owners_and_albums
from datasources.search.port import Clause, FacetRequest, Order, SearchRequest, TextQuery

_LEVELS = tuple(sorted(LocationPrecision, reverse=True))[:-1]


@dataclass(frozen=True, slots=True)
class SortPartition:
    """Rows with a common sort column. The partitions of a request are disjoint; merging them gives the full order."""

    rows: Condition
    key: SortKey


@dataclass(frozen=True, slots=True)
class FacetPartition:
    """Rows on which a facet may read its field. `values`: only these values (None: all). `newest`: sort column for covers."""

    rows: Condition
    newest: SortKey
    values: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class BoundFacet:
    """A facet with disjoint partitions; `unreadable` rows count as having no value."""

    field: Field
    condition: Condition
    slices: tuple[FacetPartition, ...]
    unreadable: Condition
    covers: bool


@dataclass(frozen=True, slots=True)
class ScopedQuery:
    """A request as an engine runs it. `rows`: all rows that the scope may read, part of every query."""

    rows: Condition
    condition: Condition
    text: TextQuery | None
    parts: tuple[SortPartition, ...]
    facets: tuple[BoundFacet, ...]


class RowSecurityRewriter:
    """Rewrites requests for one scope."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own = scope.own
        self._shared = of_others(scope)
        groups = self._shared.by_precision.items()
        access = scope.service_access
        self._groups: tuple[tuple[Grants | ServiceAccess, Visibility], ...] = (
            *((grants, Visibility(scope.relation, location, time)) for (location, time), grants in groups),
            *([(access, access.visibility)] if access else []),
        )
        others = and_(AnyOf(Field.STATE, ("ACTIVE",)), self._rows_of_groups([g for g, _ in self._groups]))
        self.rows = or_(self._own_rows(), others)

    def bind(self, request: SearchRequest) -> ScopedQuery:
        """Rewrite a request for this scope."""
        return ScopedQuery(
            rows=self.rows,
            condition=self.rewrite(request.condition),
            text=request.text and self._text(request.text),
            parts=self.parts(request.order),
            facets=tuple(self._facet(f) for f in request.facets),
        )

    def with_vectors(self, condition: Condition) -> Condition:
        """The rows of a condition whose vectors may be compared; vectors derive from image content, like labels."""
        return and_(self.readable(Field.LABEL, Use.SEARCH), self.rewrite(condition))

    def rewrite(self, condition: Condition, use: Use = Use.FILTER) -> Condition:  # noqa: PLR0911 - one case a condition
        """The condition, where each leaf matches only rows whose share shows its field."""
        match condition:
            case Everything() | Nothing():
                return condition
            case All(of):
                return and_(*(self.rewrite(c, use) for c in of))
            case Any_(of):
                return or_(*(self.rewrite(c, use) for c in of))
            case Not(of):
                return not_(self.rewrite(of, use))
            case WithinBox() | WithinCircle():
                return self._within(condition, use)
            case HasWord():
                return and_(self.readable(Field.TEXT, use), condition)
            case FileNamePart():
                return and_(self.readable(Field.FILE_NAME, use), condition)
            case AnyOf(Field.ALBUM, values):
                return and_(self.readable(Field.ALBUM, use), self._in_albums(values))
            case AnyOf(field) | Between(field):
                return and_(self.readable(field, use), condition)

    def parts(self, order: Order) -> tuple[SortPartition, ...]:
        """The partitions of the rows by the sort column that this scope may use."""
        found: dict[SortKey, list[Condition]] = {}
        for level in sorted(TimePrecision, reverse=True):
            rows = and_(self._where(_sorted_by(int.__eq__, level)), not_(self._where(_sorted_by(int.__gt__, level))))
            if not isinstance(rows, Nothing):
                found.setdefault(_SORTS[order][level], []).append(rows)
        parts = [SortPartition(or_(*rows), key) for key, rows in found.items()]
        return (SortPartition(Everything(), parts[0].key),) if len(parts) == 1 else tuple(parts)

    def readable(self, field: Field, use: Use) -> Condition:
        """The rows on which the field may be used this way. A row in two shared albums has the wider permission of each class."""
        least = field.least
        if field is Field.FILE_NAME:
            rows = self._where(lambda s: replace(s, time=_T.EXACT, location=LocationPrecision.EXACT).may(field.data_class, use))
            return and_(rows, self._where(lambda s: s.clock_time), self._where(lambda s: s.location is LocationPrecision.EXACT))
        if isinstance(least, LocationPrecision):
            rows = self._where(lambda s: s.may(field.data_class, use) and s.location_precision(field.data_class) >= least)
        elif isinstance(least, TimePrecision):
            rows = self._where(lambda s: s.may(field.data_class, use) and s.time >= least)
        else:
            rows = self._where(lambda s: s.may(field.data_class, use))
        # An instant and a local time together give the UTC offset, which reveals the location about as precisely as the city.
        return and_(rows, self._where(lambda s: s.location >= LocationPrecision.CITY)) if field is Field.INSTANT else rows

    def _where(self, shows: Callable[[Visibility], bool]) -> Condition:
        """The rows whose visibility satisfies `shows`. Inside a home zone every visibility but the owner's is narrower."""
        shown = [(g, shows(visibility.at_home())) for g, visibility in self._groups if shows(visibility)]
        anywhere = [g for g, also_at_home in shown if also_at_home]
        outside = [g for g, also_at_home in shown if not also_at_home]
        own = self._own is not None and shows(OWNER_VISIBILITY)
        if len(anywhere) == len(self._groups) and own == (self._own is not None):
            return Everything() if own or anywhere else Nothing()
        outside_home = and_(self._outside_home(), self._rows_of_groups(outside)) if outside else Nothing()
        return or_(self._own_rows() if own else Nothing(), self._rows_of_groups(anywhere), outside_home)

    def _outside_home(self) -> Condition:
        """Rows outside home zones; none of customers whose zones are being re-applied."""
        settling = tuple(sorted(self._scope.pending_zones))
        unsettled = Not(AnyOf(Field.OWNER, settling)) if settling else Everything()
        return and_(AnyOf(Field.HOME, ("false",)), unsettled)

    def _exactly(self, level: int, of: Callable[[Visibility], int]) -> Condition:
        return and_(self._where(lambda s: of(s) >= level), not_(self._where(lambda s: of(s) > level)))

    def _within(self, area: WithinBox | WithinCircle, use: Use) -> Condition:
        """Match each row by the point that its share shows, at most at the precision of the condition."""
        found: dict[LocationPrecision, list[Condition]] = {}
        for level in _LEVELS:
            rows = self._exactly(level, lambda s: s.location if s.may(DataClass.LOCATION, use) else LocationPrecision.NONE)
            found.setdefault(min(level, area.level), []).append(rows)
        found.pop(LocationPrecision.NONE, None)
        return or_(*(and_(or_(*rows), replace(area, level=level)) for level, rows in found.items()))

    def _in_albums(self, values: tuple[str, ...]) -> Condition:
        """A share shows only its own album of a photo; service access shows all of them."""
        unrestricted = or_(self._own_rows(), self._rows_of_groups([g for g, _ in self._groups if isinstance(g, ServiceAccess)]))
        shared = Grants(g for g in self._shared if g.album in values)
        return or_(and_(unrestricted, AnyOf(Field.ALBUM, values)), in_granted_albums(shared))

    def _own_rows(self) -> Condition:
        return Nothing() if self._own is None else AnyOf(Field.OWNER, (self._own,))

    def _rows_of_groups(self, groups: Sequence[Grants | ServiceAccess]) -> Condition:
        accesses = (g for g in groups if isinstance(g, ServiceAccess))
        owned = (Everything() if r.owners is None else AnyOf(Field.OWNER, tuple(sorted(r.owners))) for r in accesses)
        granted = [g for g in groups if isinstance(g, Grants)]
        shared = self._shared if len(granted) == len(self._shared.by_precision) else Grants(chain.from_iterable(granted))
        return or_(*owned, in_granted_albums(shared))

    def _text(self, text: TextQuery) -> TextQuery:
        rewritten = [
            tuple(Clause(self.rewrite(c.condition, Use.SEARCH), c.weight) for c in of) for of in (text.clauses, text.boosts)
        ]
        return TextQuery(rewritten[0], text.required, rewritten[1])

    def _facet(self, facet: FacetRequest) -> BoundFacet:
        readable = self.readable(facet.field, Use.FACET)
        parts = self.parts(Order.TAKEN_DESC) if facet.covers else (SortPartition(Everything(), SortKey.NONE),)
        slices = [FacetPartition(and_(readable, part.rows), part.key) for part in parts]
        if facet.field is Field.ALBUM and self._shared:
            slices = [by_owner for s in slices for by_owner in self._partitions_by_owner(s)]
        return BoundFacet(
            field=facet.field,
            condition=self.rewrite(facet.condition),
            slices=tuple(s for s in slices if not isinstance(s.rows, Nothing)),
            unreadable=not_(readable),
            covers=facet.covers,
        )

    def _partitions_by_owner(self, partition: FacetPartition) -> list[FacetPartition]:
        slices = [replace(partition, rows=and_(self._own_rows(), partition.rows))]
        for owners, albums in owners_and_albums(self._shared):
            rows = and_(AnyOf(Field.OWNER, owners), partition.rows)
            slices.append(FacetPartition(rows, partition.newest, frozenset(albums)))
        return slices


_T = TimePrecision
_TAKEN = {_T.EXACT: SortKey.TAKEN, _T.DAY: SortKey.DAY, _T.NONE: SortKey.NONE}
_ADDED = {_T.EXACT: SortKey.ADDED, _T.DAY: SortKey.UNADDED, _T.NONE: SortKey.UNADDED}
_SORTS = {
    Order.TAKEN_DESC: _TAKEN,
    Order.TAKEN_ASC: _TAKEN,
    Order.ADDED_DESC: _ADDED,
    Order.ADDED_ASC: _ADDED,
    Order.RELEVANCE: {_T.EXACT: SortKey.DAY, _T.DAY: SortKey.DAY, _T.NONE: SortKey.NONE},
}


def _sorted_by(compared: Callable[[int, int], bool], level: TimePrecision) -> Callable[[Visibility], bool]:
    """Whether the precision of times in a sort order compares so with a level. A home zone does not change it."""

    def shows(visibility: Visibility) -> bool:
        time = visibility.time if visibility.may(DataClass.TIME, Use.SORT) else TimePrecision.NONE
        return compared(time, level)

    return shows
