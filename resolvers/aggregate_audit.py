"""What a question to the index tells of others' photos, for the audit: a count, a bucket or a hit tells what it was asked by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from access.access_log import EVERYBODY, AccessLogBuffer
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


def note_asked(readings: AccessLogBuffer, scope: Scope, questions: Sequence[SearchRequest]) -> None:
    """Notes what was used of whom, as far as the viewer may: what they may not, counts as no value and tells nothing.

    Whether anything was found makes no difference: that nothing was tells as much.
    """
    used = {u for q in questions for u in _uses(q)}
    for owner in scope.owners - {scope.own} | ({EVERYBODY} if scope.unbounded else set()):
        sight = scope.service_access.sight if scope.unbounded and scope.service_access else _widest(scope, owner)
        for data_class, use in used:
            if sight is not None and sight.may(data_class, use):
                readings.note(owner, sight.relation, data_class)


def _widest(scope: Scope, owner: str) -> Visibility | None:
    return scope.sight(owner, [g.album for g in scope.grants if g.owner == owner])


def _uses(question: SearchRequest) -> Iterator[Used]:
    yield from ((c, Use.FILTER) for c in _classes(question.condition))
    for facet in question.facets:
        yield facet.field.data_class, Use.FACET
        yield from ((c, Use.FILTER) for c in _classes(facet.condition))
    for clause in question.text.clauses if question.text else ():
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
        case HasWord() | FileNamePart():
            yield DataClass.CONTENT
        case Everything() | Nothing():
            return
