"""Row-level security of searches: rewrites a search request for a scope before an engine runs it.

The result contains only plain conditions, so all engines apply the same rules. A condition on a field that a share does
not show matches no row of that share (docs/decisions/002-conditions-are-rewritten-per-leaf.md); sorts and facets treat
such rows as having no value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from access.classes import DataClass
from access.policy import OWNER_VISIBILITY, Use, Visibility
from access.precision import LocationPrecision, TimePrecision
from access.scope import Grant, Scope, ServiceAccess
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
        grants = tuple((g, Visibility(scope.relation, g.location, g.time)) for g in scope.grants if g.owner != scope.own)
        access = scope.service_access
        self._grants: tuple[tuple[Grant | ServiceAccess, Visibility], ...] = (
            *grants,
            *([(access, access.visibility)] if access else []),
        )
        others = and_(AnyOf(Field.STATE, ("ACTIVE",)), self._rows_of_grants([g for g, _ in self._grants]))
        self.rows = or_(self._own_rows(), others)

    def bind(self, request: SearchRequest) -> ScopedQuery:
        """Rewrite a request for this scope."""
        return ScopedQuery(
            rows=self.rows,
            condition=self.rewrite(request.condition),
            text=self._text(request.text),
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
            rows = self._exactly(level, lambda s: s.time if s.may(DataClass.TIME, Use.SORT) else TimePrecision.NONE)
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
        anywhere = [g for g, visibility in self._grants if shows(visibility) and shows(visibility.at_home())]
        outside = [g for g, visibility in self._grants if shows(visibility) and g not in anywhere]
        own = self._own is not None and shows(OWNER_VISIBILITY)
        if len(anywhere) == len(self._grants) and own == (self._own is not None):
            return Everything() if own or anywhere else Nothing()
        outside_home = and_(self._outside_home(), self._rows_of_grants(outside)) if outside else Nothing()
        return or_(self._own_rows() if own else Nothing(), self._rows_of_grants(anywhere), outside_home)

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
        unrestricted = or_(self._own_rows(), self._rows_of_grants([g for g, _ in self._grants if isinstance(g, ServiceAccess)]))
        shared = [g for g, _ in self._grants if isinstance(g, Grant) and g.album in values]
        return or_(and_(unrestricted, AnyOf(Field.ALBUM, values)), self._rows_of_grants(shared))

    def _own_rows(self) -> Condition:
        return Nothing() if self._own is None else AnyOf(Field.OWNER, (self._own,))

    def _rows_of_grants(self, rights: Sequence[Grant | ServiceAccess]) -> Condition:
        accesses = (r for r in rights if isinstance(r, ServiceAccess))
        owned = (Everything() if r.owners is None else AnyOf(Field.OWNER, tuple(sorted(r.owners))) for r in accesses)
        return or_(*owned, _in_granted_albums([r for r in rights if isinstance(r, Grant)]))

    def _text(self, text: TextQuery | None) -> TextQuery | None:
        if text is None:
            return None
        clauses = tuple(Clause(self.rewrite(c.condition, Use.SEARCH), c.weight) for c in text.clauses)
        return TextQuery(clauses, text.required)

    def _facet(self, facet: FacetRequest) -> BoundFacet:
        readable = self.readable(facet.field, Use.FACET)
        parts = self.parts(Order.TAKEN_DESC) if facet.covers else (SortPartition(Everything(), SortKey.NONE),)
        slices = [FacetPartition(and_(readable, part.rows), part.key) for part in parts]
        if facet.field is Field.ALBUM and any(isinstance(g, Grant) for g, _ in self._grants):
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
        for owner, grants in _by_owner([g for g, _ in self._grants if isinstance(g, Grant)]).items():
            albums = frozenset(g.album for g in grants)
            slices.append(FacetPartition(and_(AnyOf(Field.OWNER, (owner,)), partition.rows), partition.newest, albums))
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


def _by_owner(grants: Sequence[Grant]) -> dict[str, list[Grant]]:
    found: dict[str, list[Grant]] = {}
    for grant in grants:
        found.setdefault(grant.owner, []).append(grant)
    return found


def _in_granted_albums(grants: Sequence[Grant]) -> Condition:
    return or_(
        *(
            All((AnyOf(Field.OWNER, (owner,)), AnyOf(Field.ALBUM, tuple(dict.fromkeys(g.album for g in of)))))
            for owner, of in _by_owner(grants).items()
        )
    )
