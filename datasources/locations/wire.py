"""What the location service and its adapter say to each other: said once, so that they cannot disagree.

Everything asked stands in the body of a POST: a coordinate in an address would stand in logs and caches. Big batches of
points go as Arrow streams: columns `latitude` and `longitude` (float64) one way, `id`, `precision` (text, null: no place)
and `distance_km` (float32) the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import pyarrow as pa

from datasources.locations.port import Located, PlaceKind, PlaceRecord, Point

RESOLVE: Final = "/v1/resolve"
PLACES: Final = "/v1/places"
NAMES: Final = "/v1/names"
SEARCH: Final = "/v1/search"
ABOUT: Final = "/v1/about"
VERSION: Final = "x-data-version"
"""The header that tells which data answered."""
JSON: Final = "application/json"
ARROW: Final = "application/vnd.apache.arrow.stream"
SCOPE: Final = "locations:resolve"

MOST_POINTS: Final = 10_000
MOST_ARROW_POINTS: Final = 1_000_000
MOST_IDS: Final = 1_000
MOST_LANGUAGES: Final = 10
MOST_MATCHES: Final = 1_000
LONGEST_QUERY: Final = 200

Pair = tuple[float, float]
"""Degrees north, degrees east."""


class _Body(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Camel case on the wire; a key that nobody knows is a mistake."""


class ResolveAsked(_Body, frozen=True):
    """Points, in any number up to the bound."""

    points: list[Pair]


class Placed(msgspec.Struct, frozen=True, rename="camel"):
    """Where a point is."""

    id: str
    precision: PlaceKind
    distance_km: float


class ResolveAnswer(msgspec.Struct, frozen=True):
    """One for each point, in order; null is no place."""

    places: list[Placed | None]


class IdsAsked(_Body, frozen=True):
    """Ids of places."""

    ids: list[str]


class PlacesAnswer(msgspec.Struct, frozen=True):
    """The known ones, in no order."""

    places: list[PlaceRecord]


class NamesAsked(_Body, frozen=True):
    """Ids of places, languages best first, and whether whole address lines are wanted."""

    ids: list[str]
    languages: list[str] = []
    address: bool = False


class Name(msgspec.Struct, frozen=True):
    """A name and its language."""

    text: str
    language: str


class NamesAnswer(msgspec.Struct, frozen=True):
    """Names by id."""

    names: dict[str, Name]


class SearchAsked(_Body, frozen=True):
    """A name, or its beginning."""

    query: str
    languages: list[str] = []
    kinds: list[PlaceKind] = []
    prefix: bool = True
    near: Pair | None = None
    limit: int = 50


class Match(msgspec.Struct, frozen=True, rename="camel"):
    """A place found by a name."""

    id: str
    matched_name: str
    score: float


class SearchAnswer(msgspec.Struct, frozen=True):
    """Best first."""

    matches: list[Match]


class About(msgspec.Struct, frozen=True):
    """What data answers, and what its licences ask to be said."""

    version: str
    attribution: str
    sources: list[dict[str, str]]


def points_to_arrow(points: Sequence[Point]) -> bytes:
    """A stream of one table."""
    columns = {
        "latitude": pa.array([p.latitude for p in points], pa.float64()),
        "longitude": pa.array([p.longitude for p in points], pa.float64()),
    }
    return _stream(pa.table(columns))


def points_from_arrow(data: bytes) -> list[Point]:
    """The points of a stream; raises ValueError for anything that is none."""
    try:
        with pa.ipc.open_stream(data) as reader:
            table = reader.read_all()
        table.validate(full=True)
        latitude, longitude = (table.column(name).cast(pa.float64()) for name in ("latitude", "longitude"))
    except (pa.ArrowException, KeyError, OSError) as e:
        raise ValueError("not an Arrow stream with the columns latitude and longitude") from e
    if latitude.null_count or longitude.null_count:
        raise ValueError("a latitude or longitude is null")
    return [Point(*pair) for pair in zip(latitude.to_pylist(), longitude.to_pylist(), strict=True)]


def located_to_arrow(found: Sequence[Located | None]) -> bytes:
    """A stream of one table, a row a point."""
    columns = {
        "id": pa.array([None if f is None else f.id for f in found], pa.string()),
        "precision": pa.array([None if f is None else f.precision.value for f in found], pa.string()),
        "distance_km": pa.array([None if f is None else f.distance_km for f in found], pa.float32()),
    }
    return _stream(pa.table(columns))


def located_from_arrow(data: bytes) -> list[Located | None]:
    """What `located_to_arrow` wrote; raises ValueError for anything else."""
    try:
        with pa.ipc.open_stream(data) as reader:
            columns = reader.read_all().to_pydict()
        rows = zip(columns["id"], columns["precision"], columns["distance_km"], strict=True)
        return [None if i is None else Located(i, PlaceKind(p), d) for i, p, d in rows]
    except (pa.ArrowException, KeyError, OSError) as e:
        raise ValueError("not an Arrow stream of places") from e


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())
