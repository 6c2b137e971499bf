"""The index of photos: filters, words, counts and pages. It answers with keys and numbers, never with documents.

Derived and rebuildable; the truth is the tables. Every question is asked inside a `Scope`, and what a scope may not
see is not filtered, sorted, counted or ranked by either (`scoping`). Order and counts are the same on every engine:
scores are sums of given weights, ties go by day and then by id.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

import msgspec

from access.scope import Scope
from datasources.errors import Corrupt, Throttled
from datasources.photo_key import PhotoKey
from datasources.search.conditions import Condition, Everything, Field

MAX_BUCKETS = 10_000
MAX_NEAREST = 1_000
DIMENSIONS = (64, 128, 256, 384, 512, 768, 1024)  # numbers of a vector; others are not kept by any index


class IndexBusy(Throttled):
    """Another process writes to this index: there is one writer at a time."""

    def __init__(self) -> None:
        super().__init__("search", "another process writes to this index; stop it, or use another folder")


class Unwritable(Corrupt):
    """The engine will never take these photos' documents; all others were written."""

    def __init__(self, keys: tuple[PhotoKey, ...]) -> None:
        super().__init__("search", f"{len(keys)} photos cannot be indexed")
        self.keys = keys


class Coordinates(NamedTuple):
    """Degrees north and east."""

    latitude: float
    longitude: float


class Embedding(msgspec.Struct, frozen=True):
    """A vector and the model that made it; those of different models are never compared."""

    model: str
    vector: tuple[float, ...]


class PhotoDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What the index keeps of a photo (DECISIONS 12). Points are centres: of the z20 and z15 tiles, the city, the country."""

    key: PhotoKey
    version: int
    state: str
    """ACTIVE, HIDDEN or TRASHED."""
    media_type: str
    added_at_ms: int
    taken_local: str | None = None
    instant: int | None = None
    albums: tuple[str, ...] = ()
    places: Mapping[str, str] = {}
    """Place ids by kind: COUNTRY, REGION, CITY, LOCALITY."""
    exact: Coordinates | None = None
    kilometer: Coordinates | None = None
    city: Coordinates | None = None
    country: Coordinates | None = None
    home: bool = False
    """Whether it lies in a home zone of its owner."""
    people: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    """Texts to find words in: the caption, recognised text."""
    has_caption: bool = False
    file_name: str | None = None
    camera: str | None = None
    lens: str | None = None
    iso: float | None = None
    aperture: float | None = None
    focal_length: float | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    favorite: bool = False
    rating: int | None = None
    embedding: Embedding | None = None


class Removal(msgspec.Struct, frozen=True):
    """The photo is gone as of this version."""

    key: PhotoKey
    version: int


class Order(Enum):
    """How hits are sorted. Undated photos are the oldest; ties by id, in the same direction."""

    TAKEN_DESC = "TAKEN_DESC"
    TAKEN_ASC = "TAKEN_ASC"
    ADDED_DESC = "ADDED_DESC"
    ADDED_ASC = "ADDED_ASC"
    RELEVANCE = "RELEVANCE"
    """By score, then the newest day, then id downwards."""


class Clause(msgspec.Struct, frozen=True):
    """A part of a text query: what counts as a match of it, and what a match weighs, in ten-thousandths (`scores`)."""

    condition: Condition
    weight: float = 1.0


class TextQuery(msgspec.Struct, frozen=True):
    """A photo is a hit when at least `required` clauses hold; its score is the sum of the weights of those that hold."""

    clauses: tuple[Clause, ...]
    required: int = 1


class Position(NamedTuple):
    """Where a hit stands in its order: the score (0 unless by relevance), the sort key, the id."""

    score: float
    key: int
    id: str


class FacetQuestion(msgspec.Struct, frozen=True):
    """Counts of the values of a KEYWORD or whole NUMBER field over photos for which `condition` holds.

    `condition` stands in place of the question's own (a facet leaves its own selection out); the text query applies too.
    `covers`: also give the newest photo of each bucket.
    """

    field: Field
    condition: Condition = Everything()
    covers: bool = False


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one page of a client wants to know of one set of photos: one call."""

    condition: Condition = Everything()
    text: TextQuery | None = None
    order: Order = Order.TAKEN_DESC
    limit: int = 0
    after: Position | None = None
    backwards: bool = False
    """The `limit` hits before `after` (or the last ones), nearest first: the reversed order."""
    total: bool = False
    facets: tuple[FacetQuestion, ...] = ()


class Hit(NamedTuple):
    """A photo found."""

    key: PhotoKey
    position: Position


class Near(NamedTuple):
    """A photo found by its vector, and the cosine of the angle between the two."""

    key: PhotoKey
    similarity: float


class Bucket(msgspec.Struct, frozen=True):
    """A value (numbers as their decimal text), how many photos have it, and the newest of them with its sort key."""

    value: str
    count: int
    cover: PhotoKey | None = None
    latest: int | None = None


class FacetCounts(NamedTuple):
    """At most 10,000 buckets, most photos first, ties by value; how many photos have no value; whether buckets were cut."""

    buckets: Sequence[Bucket]
    missing: int
    cut: bool = False


class SearchResult(NamedTuple):
    """`more`: hits follow in the asked direction. `total` is exact, None when not asked. Facets in the order asked."""

    hits: Sequence[Hit]
    more: bool
    total: int | None
    facets: Sequence[FacetCounts]


class PhotoIndex(ABC):
    """Every engine's promise. Failures are `datasources.errors`; an answer is never silently partial."""

    @abstractmethod
    async def search(self, scope: Scope, question: SearchRequest) -> SearchResult:
        """Page, total and facets of one set: one round trip. An empty scope has no photos."""

    @abstractmethod
    async def search_many(self, scope: Scope, questions: Sequence[SearchRequest]) -> Sequence[SearchResult]:
        """Several at once, in order: still one round trip."""

    @abstractmethod
    async def document_frequencies(self, scope: Scope, conditions: Sequence[Condition]) -> tuple[int, Sequence[int]]:
        """How many photos the scope holds, and for how many of them each condition holds: no number from outside it."""

    @abstractmethod
    async def positions(self, scope: Scope, keys: Sequence[PhotoKey], order: Order) -> Mapping[PhotoKey, Position]:
        """Where given photos stand in an order by time, as this scope sees them; the unknown and unseen are absent."""

    @abstractmethod
    async def nearest(self, scope: Scope, to: Embedding, k: int, condition: Condition = Everything()) -> Sequence[Near]:  # noqa: B008 - frozen
        """The k photos (at most 1,000) whose vectors of this model are most alike, best first, then by id downwards.

        Inside scope and condition: k, where there are k. At least 0.98 of the exact answer. Rows not showing CONTENT have none.
        """

    @abstractmethod
    async def write(self, entries: Sequence[PhotoDocument | Removal]) -> None:
        """Puts documents in, or takes them out, unless the index has the same or a newer version of them.

        Removals are remembered long enough that a replayed older document does not come back. Visible after `refresh`.
        Raises `Unwritable` about single documents, when all others are written.
        """

    @abstractmethod
    async def refresh(self) -> None:
        """Makes everything written durable and visible."""

    @abstractmethod
    async def erase(self, owner: str) -> None:
        """Takes out everything of one customer; durable and visible on return."""

    @abstractmethod
    async def purge(self, others: AsyncIterator[Sequence[PhotoDocument | Removal]]) -> None:
        """What was erased is in no file of the engine any more. `others`: what stays, if the engine must write it anew."""

    @abstractmethod
    async def versions(self, owner: str) -> Mapping[str, int]:
        """Every photo id of one customer with its version, for comparing with the truth."""

    @abstractmethod
    async def close(self) -> None:
        """Lets go of files and threads."""
