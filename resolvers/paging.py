"""Validates Relay paging arguments, and encrypts and decrypts cursors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from access.ids import Cursors, InvalidId
from access.policy import POLICY_VERSION
from datasources.search.port import Position
from resolvers.errors import BadInput, StaleCursor

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
CURSOR_LIFE_S = 7 * 86_400
T = TypeVar("T")


class CursorPosition(msgspec.Struct, frozen=True, array_like=True):
    """The content of a cursor: expiry, position in the order, and the term weights of a text query's first page."""

    expires_s: int
    score: float
    key: int
    id: str
    weights: tuple[float, ...] = ()

    @property
    def position(self) -> Position:
        """The position in the form of the search index."""
        return Position(self.score, self.key, self.id)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page size, the cursor to start from, and the direction."""

    limit: int
    cursor: str | None
    backwards: bool


def page_request(
    *, first: int | None, after: str | None, last: int | None = None, before: str | None = None, most: int = MAX_PAGE_SIZE
) -> PageRequest:
    """Combines Relay's four arguments; raises `BadInput` for invalid combinations."""
    if first is not None and last is not None:
        raise BadInput("Give `first` or `last`, not both.", "PAGE_ARGUMENTS")
    backwards = last is not None or (before is not None and first is None)
    if (backwards and after is not None) or (not backwards and before is not None):
        raise BadInput("Use `after` with `first`, and `before` with `last`.", "PAGE_ARGUMENTS")
    size = last if backwards else first
    size = DEFAULT_PAGE_SIZE if size is None else size
    if not 0 <= size <= most:
        raise BadInput(f"`{'last' if backwards else 'first'}` must be between 0 and {most}.", "PAGE_SIZE")
    return PageRequest(size, before if backwards else after, backwards)


class CursorCodec:
    """Encrypts the cursors of one list. They are bound to the viewer and the query, so they are invalid elsewhere."""

    def __init__(self, cursors: Cursors, viewer_key: str, query: object, now_s: Callable[[], int]) -> None:
        digest = hashlib.blake2b(repr(query).encode(), digest_size=16).digest()
        self._bound = (viewer_key.encode(), digest, str(POLICY_VERSION).encode())
        self._cursors = cursors
        self._now_s = now_s

    def read(self, cursor: str | None) -> CursorPosition | None:
        """Decrypts a cursor; raises `StaleCursor` if it belongs to another list or has expired."""
        if cursor is None:
            return None
        try:
            decoded = msgspec.msgpack.decode(self._cursors.decode(cursor, self._bound), type=CursorPosition)
        except (InvalidId, msgspec.MsgspecError) as e:
            raise StaleCursor from e
        if decoded.expires_s < self._now_s():
            raise StaleCursor
        return decoded

    def write(self, position: Position, weights: tuple[float, ...] = ()) -> str:
        """The cursor of a position. It is valid for at least a week, and the same for a day so that pages can be cached."""
        day = 86_400
        expires = (self._now_s() // day + 1) * day + CURSOR_LIFE_S
        content = CursorPosition(expires, position.score, position.key, position.id, weights)
        return self._cursors.encode(msgspec.msgpack.encode(content), self._bound)


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """A page of a list in memory: items with their cursors."""

    items: Sequence[tuple[str, T]]
    has_next: bool
    has_previous: bool
    total: int
    complete: bool = True
    """Whether `total` is exact; otherwise it is a lower bound."""


def page_of(items: Sequence[T], request: PageRequest, codec: CursorCodec, key: Callable[[T], tuple[int, str]]) -> ListPage[T]:
    """A page of a list sorted by `key`. The item of the cursor may have been deleted; raises `StaleCursor`."""
    decoded = codec.read(request.cursor)
    keys = [key(i) for i in items]
    edge = None if decoded is None else (decoded.key, decoded.id)
    if request.backwards:
        end = len(items) if edge is None else next((i for i, k in enumerate(keys) if k >= edge), len(items))
        start = max(0, end - request.limit)
    else:
        start = 0 if edge is None else next((i for i, k in enumerate(keys) if k > edge), len(items))
        end = min(len(items), start + request.limit)
    page = [(codec.write(Position(0.0, *keys[i])), items[i]) for i in range(start, end)]
    return ListPage(page, end < len(items), start > 0, len(items))
