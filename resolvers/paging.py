"""Relay's arguments, checked, and cursors that hide where a page ended."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from access.ids import BadId, Cursors
from access.policy import POLICY_VERSION
from datasources.search.port import Position
from resolvers.errors import BadInput, StaleCursor

DEFAULT = 50
MOST = 200
CURSOR_LIFE_S = 7 * 86_400
T = TypeVar("T")


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor holds: until when it is good, the place in the order, and weights of a text query's first page."""

    expires_s: int
    score: float
    key: int
    id: str
    weights: tuple[float, ...] = ()

    @property
    def position(self) -> Position:
        """As the index knows it."""
        return Position(self.score, self.key, self.id)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """How many, from where, in which direction."""

    limit: int
    cursor: str | None
    backwards: bool


def page_request(
    *, first: int | None, after: str | None, last: int | None = None, before: str | None = None, most: int = MOST
) -> PageRequest:
    """Relay's four arguments as one request; raises `BadInput` for what does not go together."""
    if first is not None and last is not None:
        raise BadInput("say `first` or `last`, not both", "PAGE_ARGUMENTS")
    backwards = last is not None or (before is not None and first is None)
    if (backwards and after is not None) or (not backwards and before is not None):
        raise BadInput("`after` goes with `first`, `before` with `last`", "PAGE_ARGUMENTS")
    size = last if backwards else first
    size = DEFAULT if size is None else size
    if not 0 <= size <= most:
        raise BadInput(f"`{'last' if backwards else 'first'}` goes from 0 to {most}", "PAGE_SIZE")
    return PageRequest(size, before if backwards else after, backwards)


class PageMarks:
    """Cursors of one list: bound to its viewer and to the question, so that they fit nowhere else."""

    def __init__(self, cursors: Cursors, viewer_key: str, question: object, now_s: Callable[[], int]) -> None:
        digest = hashlib.blake2b(repr(question).encode(), digest_size=16).digest()
        self._bound = (viewer_key.encode(), digest, str(POLICY_VERSION).encode())
        self._cursors = cursors
        self._now_s = now_s

    def read(self, cursor: str | None) -> Mark | None:
        """The mark in a cursor; raises `StaleCursor` when it is not one of this list, or too old."""
        if cursor is None:
            return None
        try:
            mark = msgspec.msgpack.decode(self._cursors.decode(cursor, self._bound), type=Mark)
        except (BadId, msgspec.MsgspecError) as e:
            raise StaleCursor from e
        if mark.expires_s < self._now_s():
            raise StaleCursor
        return mark

    def write(self, position: Position, weights: tuple[float, ...] = ()) -> str:
        """The cursor of a place in the order. Good for at least a week; the same text for a day, so pages can be cached."""
        day = 86_400
        expires = (self._now_s() // day + 1) * day + CURSOR_LIFE_S
        mark = Mark(expires, position.score, position.key, position.id, weights)
        return self._cursors.encode(msgspec.msgpack.encode(mark), self._bound)


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """A page cut out of a list that is in memory: items with their cursors."""

    items: Sequence[tuple[str, T]]
    has_next: bool
    has_previous: bool
    total: int
    whole: bool = True
    """Whether the list was all there is: else there are at least so many."""


def cut(items: Sequence[T], request: PageRequest, marks: PageMarks, key: Callable[[T], tuple[int, str]]) -> Slice[T]:
    """A page of a sorted list. `key` gives a number and an id that grow along the list; a cursor's own item may be gone."""
    mark = marks.read(request.cursor)
    keys = [key(i) for i in items]
    edge = None if mark is None else (mark.key, mark.id)
    if request.backwards:
        end = len(items) if edge is None else next((i for i, k in enumerate(keys) if k >= edge), len(items))
        start = max(0, end - request.limit)
    else:
        start = 0 if edge is None else next((i for i, k in enumerate(keys) if k > edge), len(items))
        end = min(len(items), start + request.limit)
    chosen = [(marks.write(Position(0.0, *keys[i])), items[i]) for i in range(start, end)]
    return Slice(chosen, end < len(items), start > 0, len(items))
