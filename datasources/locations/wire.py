"""The HTTP protocol of the location service, shared by server and client.

Parameters are in the body of a POST, because coordinates in a URL would appear in logs and caches. Large batches of points
are Arrow streams: requests have the columns `latitude` and `longitude` (float64), responses have `id`, `precision` (text,
null: no place) and `distance_km` (float32).
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
"""The header with the data version of a response."""
JSON: Final = "application/json"
ARROW: Final = "application/vnd.apache.arrow.stream"
SCOPE: Final = "locations:resolve"

MAX_POINTS: Final = 10_000
MAX_ARROW_POINTS: Final = 1_000_000
MAX_IDS: Final = 1_000
MAX_LANGUAGES: Final = 10
MAX_MATCHES: Final = 1_000
MAX_QUERY_LENGTH: Final = 200

Pair = tuple[float, float]
"""Latitude and longitude in degrees."""


class _Body(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """JSON keys are camel case; unknown keys are errors."""


class ResolveRequest(_Body, frozen=True):
    """Points to resolve, at most `MAX_POINTS`."""

    points: list[Pair]


class Placed(msgspec.Struct, frozen=True, rename="camel"):
    """The place of a point."""

    id: str
    precision: PlaceKind
    distance_km: float


class ResolveResponse(msgspec.Struct, frozen=True):
    """The place of each point, in order; null is no place."""

    places: list[Placed | None]


class PlacesRequest(_Body, frozen=True):
    """Ids of places to read."""

    ids: list[str]


class PlacesResponse(msgspec.Struct, frozen=True):
    """The known places, unordered."""

    places: list[PlaceRecord]


class NamesRequest(_Body, frozen=True):
    """Ids of places, languages in order of preference, and whether to return address lines."""

    ids: list[str]
    languages: list[str] = []
    address: bool = False


class Name(msgspec.Struct, frozen=True):
    """A name and its language."""

    text: str
    language: str


class NamesResponse(msgspec.Struct, frozen=True):
    """Names by id."""

    names: dict[str, Name]


class SearchRequest(_Body, frozen=True):
    """A search for a name or a prefix."""

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


class SearchResponse(msgspec.Struct, frozen=True):
    """The places found, best first."""

    matches: list[Match]


class About(msgspec.Struct, frozen=True):
    """The data version, its sources, and the attributions that their licences require."""

    version: str
    attribution: str
    sources: list[dict[str, str]]


def points_to_arrow(points: Sequence[Point]) -> bytes:
    """The points as an Arrow stream."""
    columns = {
        "latitude": pa.array([p.latitude for p in points], pa.float64()),
        "longitude": pa.array([p.longitude for p in points], pa.float64()),
    }
    return _stream(pa.table(columns))


def points_from_arrow(data: bytes) -> list[Point]:
    """The points of an Arrow stream; raises `ValueError` for invalid data."""
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
    """The places as an Arrow stream, one row per point."""
    columns = {
        "id": pa.array([None if f is None else f.id for f in found], pa.string()),
        "precision": pa.array([None if f is None else f.precision.value for f in found], pa.string()),
        "distance_km": pa.array([None if f is None else f.distance_km for f in found], pa.float32()),
    }
    return _stream(pa.table(columns))


def located_from_arrow(data: bytes) -> list[Located | None]:
    """The places of an Arrow stream; raises `ValueError` for invalid data."""
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
