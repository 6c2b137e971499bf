"""What a scope makes of a question, before any engine sees it: the one place where access meets the index.

The result holds plain conditions only, so engines are alike by construction. A leaf about a class that a row's share
does not show holds for no such row (DECISIONS 26a); so do sorts and facets treat such a row as having no value.
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
from datasources.search.port import Clause, FacetQuestion, Order, SearchRequest, TextQuery

_LEVELS = tuple(sorted(LocationPrecision, reverse=True))[:-1]


@dataclass(frozen=True, slots=True)
class SortPartition:
    """Rows that are sorted by one number. Parts of a question share no row; merged, they are its order."""

    rows: Condition
    key: SortKey


@dataclass(frozen=True, slots=True)
class FacetPartition:
    """Rows on which a facet's field may be read; `values`: only these of them, None: all. `newest` chooses covers."""

    rows: Condition
    newest: SortKey
    values: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class BoundFacet:
    """A facet: its slices share no row; `unreadable` rows have no value."""

    field: Field
    condition: Condition
    slices: tuple[FacetPartition, ...]
    unreadable: Condition
    covers: bool


@dataclass(frozen=True, slots=True)
class ScopedQuery:
    """A question as an engine runs it. `rows` is what the scope can reach at all: a part of every single query."""

    rows: Condition
    condition: Condition
    text: TextQuery | None
    parts: tuple[SortPartition, ...]
    facets: tuple[BoundFacet, ...]


class RowSecurityRewriter:
    """One scope's view of the rows."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own = scope.own
        grants = tuple((g, Visibility(scope.relation, g.location, g.time)) for g in scope.grants if g.owner != scope.own)
        leave = scope.service_access
        self._grants: tuple[tuple[Grant | ServiceAccess, Visibility], ...] = (*grants, *([(leave, leave.sight)] if leave else []))
        others = and_(AnyOf(Field.STATE, ("ACTIVE",)), self._opened_by([g for g, _ in self._grants]))
        self.rows = or_(self._mine(), others)

    def bind(self, question: SearchRequest) -> ScopedQuery:
        """The question, inside this scope."""
        return ScopedQuery(
            rows=self.rows,
            condition=self.rewrite(question.condition),
            text=self._text(question.text),
            parts=self.parts(question.order),
            facets=tuple(self._facet(f) for f in question.facets),
        )

    def with_vectors(self, condition: Condition) -> Condition:
        """The rows of a condition whose vectors may be compared: they are made of what a photo shows."""
        return and_(self.readable(Field.LABEL, Use.SEARCH), self.rewrite(condition))

    def rewrite(self, condition: Condition, use: Use = Use.FILTER) -> Condition:  # noqa: PLR0911 - one case a condition
        """The same condition, in which a leaf holds only on rows whose share shows what it tells."""
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
        """The rows by the number that this scope may sort them by."""
        found: dict[SortKey, list[Condition]] = {}
        for level in sorted(TimePrecision, reverse=True):
            rows = self._exactly(level, lambda s: s.time if s.may(DataClass.TIME, Use.SORT) else TimePrecision.NONE)
            if not isinstance(rows, Nothing):
                found.setdefault(_SORTS[order][level], []).append(rows)
        parts = [SortPartition(or_(*rows), key) for key, rows in found.items()]
        return (SortPartition(Everything(), parts[0].key),) if len(parts) == 1 else tuple(parts)

    def readable(self, field: Field, use: Use) -> Condition:
        """The rows on which the field may be used so. A row in two albums has the wider of each class."""
        least = field.least
        if isinstance(least, LocationPrecision):
            rows = self._where(lambda s: s.may(field.data_class, use) and s.level(field.data_class) >= least)
        elif isinstance(least, TimePrecision):
            rows = self._where(lambda s: s.may(field.data_class, use) and s.time >= least)
        else:
            rows = self._where(lambda s: s.may(field.data_class, use))
        # An instant beside a wall clock is an offset, which tells the place about as finely as a city does.
        return and_(rows, self._where(lambda s: s.location >= LocationPrecision.CITY)) if field is Field.INSTANT else rows

    def _where(self, shows: Callable[[Visibility], bool]) -> Condition:
        """The rows on which a sight shows something. Inside a home zone every sight but the owner's is narrower."""
        anywhere = [g for g, sight in self._grants if shows(sight) and shows(sight.at_home())]
        outside = [g for g, sight in self._grants if shows(sight) and g not in anywhere]
        own = self._own is not None and shows(OWNER_VISIBILITY)
        if len(anywhere) == len(self._grants) and own == (self._own is not None):
            return Everything() if own or anywhere else Nothing()
        away = and_(self._away(), self._opened_by(outside)) if outside else Nothing()
        return or_(self._mine() if own else Nothing(), self._opened_by(anywhere), away)

    def _away(self) -> Condition:
        """Rows outside home zones; of customers whose zones have just changed, none."""
        settling = tuple(sorted(self._scope.settling))
        unsettled = Not(AnyOf(Field.OWNER, settling)) if settling else Everything()
        return and_(AnyOf(Field.HOME, ("false",)), unsettled)

    def _exactly(self, level: int, of: Callable[[Visibility], int]) -> Condition:
        return and_(self._where(lambda s: of(s) >= level), not_(self._where(lambda s: of(s) > level)))

    def _within(self, area: WithinBox | WithinCircle, use: Use) -> Condition:
        """Each row by the point that its share shows, never by a finer one than asked."""
        found: dict[LocationPrecision, list[Condition]] = {}
        for level in _LEVELS:
            rows = self._exactly(level, lambda s: s.location if s.may(DataClass.LOCATION, use) else LocationPrecision.NONE)
            found.setdefault(min(level, area.level), []).append(rows)
        found.pop(LocationPrecision.NONE, None)
        return or_(*(and_(or_(*rows), replace(area, level=level)) for level, rows in found.items()))

    def _in_albums(self, values: tuple[str, ...]) -> Condition:
        """A share shows its own album of a photo, not in which others it lies; a leave shows all of them."""
        whole = or_(self._mine(), self._opened_by([g for g, _ in self._grants if isinstance(g, ServiceAccess)]))
        shared = [g for g, _ in self._grants if isinstance(g, Grant) and g.album in values]
        return or_(and_(whole, AnyOf(Field.ALBUM, values)), self._opened_by(shared))

    def _mine(self) -> Condition:
        return Nothing() if self._own is None else AnyOf(Field.OWNER, (self._own,))

    def _opened_by(self, rights: Sequence[Grant | ServiceAccess]) -> Condition:
        left = (r for r in rights if isinstance(r, ServiceAccess))
        whole = (Everything() if r.owners is None else AnyOf(Field.OWNER, tuple(sorted(r.owners))) for r in left)
        return or_(*whole, _lying_in([r for r in rights if isinstance(r, Grant)]))

    def _text(self, text: TextQuery | None) -> TextQuery | None:
        if text is None:
            return None
        clauses = tuple(Clause(self.rewrite(c.condition, Use.SEARCH), c.weight) for c in text.clauses)
        return TextQuery(clauses, text.required)

    def _facet(self, facet: FacetQuestion) -> BoundFacet:
        readable = self.readable(facet.field, Use.FACET)
        parts = self.parts(Order.TAKEN_DESC) if facet.covers else (SortPartition(Everything(), SortKey.NONE),)
        slices = [FacetPartition(and_(readable, part.rows), part.key) for part in parts]
        if facet.field is Field.ALBUM and any(isinstance(g, Grant) for g, _ in self._grants):
            slices = [by_owner for s in slices for by_owner in self._album_slices(s)]
        return BoundFacet(
            field=facet.field,
            condition=self.rewrite(facet.condition),
            slices=tuple(s for s in slices if not isinstance(s.rows, Nothing)),
            unreadable=not_(readable),
            covers=facet.covers,
        )

    def _album_slices(self, whole: FacetPartition) -> list[FacetPartition]:
        slices = [replace(whole, rows=and_(self._mine(), whole.rows))]
        for owner, grants in _by_owner([g for g, _ in self._grants if isinstance(g, Grant)]).items():
            albums = frozenset(g.album for g in grants)
            slices.append(FacetPartition(and_(AnyOf(Field.OWNER, (owner,)), whole.rows), whole.newest, albums))
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


def _lying_in(grants: Sequence[Grant]) -> Condition:
    return or_(
        *(
            All((AnyOf(Field.OWNER, (owner,)), AnyOf(Field.ALBUM, tuple(dict.fromkeys(g.album for g in of)))))
            for owner, of in _by_owner(grants).items()
        )
    )
