"""Access log entries of searches in other customers' photos: a hit, count or bucket reveals the values it was selected by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from access.access_log import ALL_OWNERS, NON_PERSONAL, AccessLogBuffer
from access.classes import DataClass
from access.policy import Use, Visibility
from access.scope import Scope
from datasources.search.conditions import (
    All,
    Any_,
    AnyOf,
    Between,
    Condition,
    Everything,
    FileNamePart,
    HasWord,
    Not,
    Nothing,
    WithinBox,
    WithinCircle,
)
from datasources.search.port import SearchRequest

Used = tuple[DataClass, Use]


def record_aggregate_reads(access_log: AccessLogBuffer, scope: Scope, requests: Sequence[SearchRequest]) -> None:
    """Records which data classes of which owners the searches used, whether they found anything or not.

    Classes that the viewer may not use are left out, because the index treats them as absent values.
    """
    used = {u for r in requests for u in _uses(r) if u[0] not in NON_PERSONAL}
    if not used:
        return
    for owner in scope.owners - {scope.own} | ({ALL_OWNERS} if scope.unbounded else set()):
        visibility = (
            scope.service_access.visibility if scope.unbounded and scope.service_access else _widest_visibility(scope, owner)
        )
        for data_class, use in used:
            if visibility is not None and visibility.may(data_class, use):
                access_log.note(owner, visibility.relation, data_class)


def _widest_visibility(scope: Scope, owner: str) -> Visibility | None:
    return scope.visibility(owner, [g.album for g in scope.indexed.by_owner.get(owner, ())])


def _uses(request: SearchRequest) -> Iterator[Used]:
    yield from ((c, Use.FILTER) for c in _classes(request.condition))
    for facet in request.facets:
        yield facet.field.data_class, Use.FACET
        yield from ((c, Use.FILTER) for c in _classes(facet.condition))
    for clause in request.text.clauses if request.text else ():
        yield from ((c, Use.SEARCH) for c in _classes(clause.condition))


def _classes(condition: Condition) -> Iterator[DataClass]:
    match condition:
        case All(of) | Any_(of):
            for each in of:
                yield from _classes(each)
        case Not(of):
            yield from _classes(of)
        case AnyOf(field) | Between(field):
            yield field.data_class
        case WithinBox() | WithinCircle():
            yield DataClass.LOCATION
        case HasWord():
            yield DataClass.CONTENT
        case FileNamePart():
            yield DataClass.FILE_NAME
        case Everything() | Nothing():
            return
