"""The port of the photo search index. Results contain keys and numbers, never documents.

The index can be rebuilt from the tables. Data that the scope of a search may not see influences no filter, order, count or
ranking (`row_security`). All engines give equal results: scores are sums of clause weights, ties go by day, then by id.
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
DIMENSIONS = (64, 128, 256, 384, 512, 768, 1024)  # sizes of vectors that are indexed; others are ignored


class IndexBusy(Throttled):
    """Another process writes to this index; only one writer is allowed at a time."""

    def __init__(self) -> None:
        super().__init__("search", "another process writes to this index; stop it or use another folder")


class Unwritable(Corrupt):
    """The engine permanently rejects the documents of these photos; all others were written."""

    def __init__(self, keys: tuple[PhotoKey, ...]) -> None:
        super().__init__("search", f"{len(keys)} photos cannot be indexed")
        self.keys = keys


class Coordinates(NamedTuple):
    """Degrees north and east, WGS 84."""

    latitude: float
    longitude: float


class Embedding(msgspec.Struct, frozen=True):
    """A vector and the model that produced it; vectors of different models are never compared."""

    model: str
    vector: tuple[float, ...]


class PhotoDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The indexed data of a photo. Points are centres: of the z20 and z15 map tiles, of the city and of the country."""

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
    """Whether the photo is inside a home zone of its owner."""
    people: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    """Searchable texts: the caption and recognized text."""
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
    """The photo was removed in this version."""

    key: PhotoKey
    version: int


class Order(Enum):
    """Sort orders. Undated photos count as the oldest; ties are broken by id in the same direction."""

    TAKEN_DESC = "TAKEN_DESC"
    TAKEN_ASC = "TAKEN_ASC"
    ADDED_DESC = "ADDED_DESC"
    ADDED_ASC = "ADDED_ASC"
    RELEVANCE = "RELEVANCE"
    """By score, then day (newest first), then id, all descending."""


class Clause(msgspec.Struct, frozen=True):
    """A condition of a text query and the weight of a match, rounded to ten-thousandths (`fixed_point`)."""

    condition: Condition
    weight: float = 1.0


class TextQuery(msgspec.Struct, frozen=True):
    """A photo matches if at least `required` clauses match; its score is the sum of the weights of all that match.

    `boosts` add to the score of photos that match, and do not count as required.
    """

    clauses: tuple[Clause, ...]
    required: int = 1
    boosts: tuple[Clause, ...] = ()

    @property
    def scored(self) -> tuple[Clause, ...]:
        """Every clause that adds to the score."""
        return (*self.clauses, *self.boosts)


class Position(NamedTuple):
    """The position of a hit in its order: the score (0 unless sorted by relevance), the sort key and the id."""

    score: float
    key: int
    id: str


class FacetRequest(msgspec.Struct, frozen=True):
    """Counts of the values of a KEYWORD or integer NUMBER field over the photos that match `condition` and the text query.

    `condition` replaces that of the search. `covers`: also return the newest photo of each bucket.
    """

    field: Field
    condition: Condition = Everything()
    covers: bool = False


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A page, total and facets of one set of photos."""

    condition: Condition = Everything()
    text: TextQuery | None = None
    order: Order = Order.TAKEN_DESC
    limit: int = 0
    after: Position | None = None
    backwards: bool = False
    """Return the `limit` hits before `after` (or the last hits) in reversed order."""
    total: bool = False
    facets: tuple[FacetRequest, ...] = ()


class Hit(NamedTuple):
    """A matching photo."""

    key: PhotoKey
    position: Position


class SimilarPhoto(NamedTuple):
    """A photo found by its vector, and the cosine similarity."""

    key: PhotoKey
    similarity: float


class Bucket(msgspec.Struct, frozen=True):
    """A value (numbers as decimal text), the number of photos that have it, and the newest of them with its sort key."""

    value: str
    count: int
    cover: PhotoKey | None = None
    latest: int | None = None


class FacetCounts(NamedTuple):
    """At most 10,000 buckets by descending count, ties by value; `missing`: the number of photos without a value."""

    buckets: Sequence[Bucket]
    missing: int
    truncated: bool = False


class SearchResult(NamedTuple):
    """`more`: there are further hits. `total` is exact, None if not requested. Facets are in the order of the request."""

    hits: Sequence[Hit]
    more: bool
    total: int | None
    facets: Sequence[FacetCounts]


class PhotoIndex(ABC):
    """The port of search engines. Failures are `datasources.errors`; a result is never silently partial."""

    @abstractmethod
    async def search(self, scope: Scope, request: SearchRequest) -> SearchResult:
        """Page, total and facets of one set, in one round trip. An empty scope has no photos."""

    @abstractmethod
    async def search_many(self, scope: Scope, requests: Sequence[SearchRequest]) -> Sequence[SearchResult]:
        """Several searches in one round trip; results are in order."""

    @abstractmethod
    async def document_frequencies(self, scope: Scope, conditions: Sequence[Condition]) -> tuple[int, Sequence[int]]:
        """The number of photos in the scope, and how many of them match each condition; nothing outside the scope is counted."""

    @abstractmethod
    async def positions(self, scope: Scope, keys: Sequence[PhotoKey], order: Order) -> Mapping[PhotoKey, Position]:
        """The positions of photos in an order by time, as visible to this scope; unknown and invisible photos are absent."""

    @abstractmethod
    async def nearest(self, scope: Scope, to: Embedding, k: int, condition: Condition = Everything()) -> Sequence[SimilarPhoto]:  # noqa: B008 - frozen
        """The k (at most 1,000) most similar visible photos, best first, then by descending id. Recall is at least 0.98."""

    @abstractmethod
    async def write(self, entries: Sequence[PhotoDocument | Removal]) -> None:
        """Index or remove documents, unless the index has the same or a newer version. Visible after `refresh`.

        Tombstones prevent older documents from returning. Raises `Unwritable` for rejected documents after writing the others.
        """

    @abstractmethod
    async def refresh(self) -> None:
        """Make all writes durable and visible."""

    @abstractmethod
    async def erase(self, owner: str) -> None:
        """Remove all data of one customer; durable and visible on return."""

    @abstractmethod
    async def purge(self, others: AsyncIterator[Sequence[PhotoDocument | Removal]]) -> None:
        """Remove erased data from the engine's files. `others`: the remaining entries, for engines that must rewrite them."""

    @abstractmethod
    async def versions(self, owner: str) -> Mapping[str, int]:
        """The version of every photo of one customer by id, for comparison with the tables."""

    @abstractmethod
    async def close(self) -> None:
        """Release files, connections and threads."""
