"""What a scope makes of a question, before any engine sees it: the one place where access meets the index.

The result holds plain conditions only, so engines are alike by construction. A leaf about a class that a row's share
does not show holds for no such row (DECISIONS 26a); so do sorts and facets treat such a row as having no value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from access.policy import OWNER_SIGHT, Relation, Sight
from access.precision import LocationPrecision, TimePrecision
from access.scope import Grant, Scope
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
from datasources.search.port import Clause, FacetQuestion, Order, Question, TextQuery

_LEVELS = tuple(sorted(LocationPrecision, reverse=True))[:-1]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that are sorted by one number. Parts of a question share no row; merged, they are its order."""

    rows: Condition
    key: SortKey


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows on which a facet's field may be read; `values`: only these of them, None: all. `newest` chooses covers."""

    rows: Condition
    newest: SortKey
    values: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class BoundFacet:
    """A facet: its slices share no row; `unreadable` rows have no value."""

    field: Field
    condition: Condition
    slices: tuple[Slice, ...]
    unreadable: Condition
    covers: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """A question as an engine runs it. `rows` is what the scope can reach at all: a part of every single query."""

    rows: Condition
    condition: Condition
    text: TextQuery | None
    parts: tuple[Part, ...]
    facets: tuple[BoundFacet, ...]


class Scoping:
    """One scope's view of the rows."""

    def __init__(self, scope: Scope) -> None:
        self._own = scope.own
        self._grants = tuple((g, Sight(Relation.SHARED, g.location, g.time)) for g in scope.grants if g.owner != scope.own)
        own = [AnyOf(Field.OWNER, (scope.own,))] if scope.own is not None else []
        shared = both(AnyOf(Field.STATE, ("ACTIVE",)), _lying_in([g for g, _ in self._grants]))
        self.rows = either(*own, shared)

    def bind(self, question: Question) -> Bound:
        """The question, inside this scope."""
        return Bound(
            rows=self.rows,
            condition=self.rewrite(question.condition),
            text=self._text(question.text),
            parts=self.parts(question.order),
            facets=tuple(self._facet(f) for f in question.facets),
        )

    def rewrite(self, condition: Condition) -> Condition:  # noqa: PLR0911 - one case a condition
        """The same condition, in which a leaf holds only on rows whose share shows what it tells."""
        match condition:
            case Everything() | Nothing():
                return condition
            case All(of):
                return both(*map(self.rewrite, of))
            case Any_(of):
                return either(*map(self.rewrite, of))
            case Not(of):
                return opposite(self.rewrite(of))
            case WithinBox() | WithinCircle():
                return self._within(condition)
            case HasWord():
                return both(self.readable(Field.TEXT), condition)
            case FileNamePart():
                return both(self.readable(Field.FILE_NAME), condition)
            case AnyOf(Field.ALBUM, values):
                return self._in_albums(values)
            case AnyOf(field) | Between(field):
                return both(self.readable(field), condition)

    def parts(self, order: Order) -> tuple[Part, ...]:
        """The rows by the number that this scope may sort them by."""
        found: dict[SortKey, list[Condition]] = {}
        for level in sorted(TimePrecision, reverse=True):
            rows = self._exactly(level, lambda sight: sight.time)
            if not isinstance(rows, Nothing):
                found.setdefault(_SORTS[order][level], []).append(rows)
        parts = [Part(either(*rows), key) for key, rows in found.items()]
        return (Part(Everything(), parts[0].key),) if len(parts) == 1 else tuple(parts)

    def readable(self, field: Field) -> Condition:
        """The rows on which the field may be read. Classes are judged one by one: a row in two albums has the wider of each."""
        least = field.least
        if isinstance(least, LocationPrecision):
            rows = self._where(lambda s: s.may(field.data_class) and s.location >= least)
        elif isinstance(least, TimePrecision):
            rows = self._where(lambda s: s.may(field.data_class) and s.time >= least)
        else:
            rows = self._where(lambda s: s.may(field.data_class))
        # An instant beside a wall clock is an offset, which tells the place about as finely as a city does.
        return both(rows, self._where(lambda s: s.location >= LocationPrecision.CITY)) if field is Field.INSTANT else rows

    def _where(self, shows: Callable[[Sight], bool]) -> Condition:
        passing = [g for g, sight in self._grants if shows(sight)]
        own = self._own is not None and shows(OWNER_SIGHT)
        if len(passing) == len(self._grants) and own == (self._own is not None):
            return Everything() if own or passing else Nothing()
        mine = [AnyOf(Field.OWNER, (self._own,))] if own and self._own is not None else []
        return either(*mine, _lying_in(passing))

    def _exactly(self, level: int, of: Callable[[Sight], int]) -> Condition:
        return both(self._where(lambda s: of(s) >= level), opposite(self._where(lambda s: of(s) > level)))

    def _within(self, area: WithinBox | WithinCircle) -> Condition:
        """Each row by the point that its share shows, never by a finer one than asked."""
        found: dict[LocationPrecision, list[Condition]] = {}
        for level in _LEVELS:
            rows = self._exactly(level, lambda sight: sight.location)
            found.setdefault(min(level, area.level), []).append(rows)
        found.pop(LocationPrecision.NONE, None)
        return either(*(both(either(*rows), replace(area, level=level)) for level, rows in found.items()))

    def _in_albums(self, values: tuple[str, ...]) -> Condition:
        """A share shows its own album of a photo, not in which others it lies."""
        mine = both(self._mine(), AnyOf(Field.ALBUM, values))
        return either(mine, _lying_in([g for g, _ in self._grants if g.album in values]))

    def _mine(self) -> Condition:
        return Nothing() if self._own is None else AnyOf(Field.OWNER, (self._own,))

    def _text(self, text: TextQuery | None) -> TextQuery | None:
        if text is None:
            return None
        clauses = tuple(Clause(self.rewrite(c.condition), c.weight) for c in text.clauses)
        return TextQuery(clauses, text.required)

    def _facet(self, facet: FacetQuestion) -> BoundFacet:
        readable = self.readable(facet.field)
        parts = self.parts(Order.TAKEN_DESC) if facet.covers else (Part(Everything(), SortKey.NONE),)
        slices = [Slice(both(readable, part.rows), part.key) for part in parts]
        if facet.field is Field.ALBUM and self._grants:
            slices = [by_owner for s in slices for by_owner in self._album_slices(s)]
        return BoundFacet(
            field=facet.field,
            condition=self.rewrite(facet.condition),
            slices=tuple(s for s in slices if not isinstance(s.rows, Nothing)),
            unreadable=opposite(readable),
            covers=facet.covers,
        )

    def _album_slices(self, whole: Slice) -> list[Slice]:
        slices = [replace(whole, rows=both(self._mine(), whole.rows))]
        for owner, grants in _by_owner([g for g, _ in self._grants]).items():
            albums = frozenset(g.album for g in grants)
            slices.append(Slice(both(AnyOf(Field.OWNER, (owner,)), whole.rows), whole.newest, albums))
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
    return either(
        *(
            All((AnyOf(Field.OWNER, (owner,)), AnyOf(Field.ALBUM, tuple(dict.fromkeys(g.album for g in of)))))
            for owner, of in _by_owner(grants).items()
        )
    )


def both(*conditions: Condition) -> Condition:
    """All of them, told as shortly as possible."""
    if any(isinstance(c, Nothing) for c in conditions):
        return Nothing()
    kept = tuple(c for c in conditions if not isinstance(c, Everything))
    return kept[0] if len(kept) == 1 else All(kept) if kept else Everything()


def either(*conditions: Condition) -> Condition:
    """Any of them, told as shortly as possible."""
    if any(isinstance(c, Everything) for c in conditions):
        return Everything()
    kept = tuple(c for c in conditions if not isinstance(c, Nothing))
    return kept[0] if len(kept) == 1 else Any_(kept) if kept else Nothing()


def opposite(condition: Condition) -> Condition:
    """Not that."""
    match condition:
        case Everything():
            return Nothing()
        case Nothing():
            return Everything()
        case _:
            return Not(condition)
