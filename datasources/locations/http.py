# ruff: noqa: D102 - methods are documented in the port
"""Client of the location service. Names and places are public, so they are cached, and served while the service is down.

Coordinates are neither cached nor part of URLs. A batch of points is one HTTP request.
"""

from __future__ import annotations

import asyncio
import math
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import msgspec

from datasources.errors import Corrupt, DeadlineExceeded, Throttled, Unavailable
from datasources.locations import wire
from datasources.locations.lru_cache import LruCache
from datasources.locations.port import (
    LocalizedName,
    Located,
    LocationService,
    PlaceId,
    PlaceKind,
    PlaceMatch,
    PlaceRecord,
    Point,
)
from datasources.vendors import RemoteLocations

_SOURCE: Final = "locations"
_MANY: Final = 500
"""From this number of points on, Arrow is smaller and faster than JSON."""
_BUSY: Final = frozenset({429, 503})
T = TypeVar("T")


class HttpLocations(LocationService):
    """One HTTP client for the process. The token is read again when its file changes."""

    def __init__(
        self,
        url: str,
        token: Callable[[], str],
        *,
        deadline_s: float = 2.0,
        now_s: Callable[[], float] = time.monotonic,
        verify: Any = True,
    ) -> None:
        self._token = token
        self._deadline_s = deadline_s
        self._client = httpx.AsyncClient(base_url=url, timeout=deadline_s, verify=verify, follow_redirects=False)
        self._about: wire.About | None = None
        self._version = ""
        self._records: LruCache[PlaceId, PlaceRecord] = LruCache(now_s)
        self._names: LruCache[tuple[PlaceId, tuple[str, ...], bool], LocalizedName] = LruCache(now_s)

    @property
    def data_version(self) -> str:
        return self._version

    @property
    def attribution(self) -> str:
        return self._about.attribution if self._about else ""

    @property
    def sources(self) -> Sequence[Mapping[str, str]]:
        return self._about.sources if self._about else ()

    async def reload(self) -> bool:
        before = self._version
        answer = await self._call("GET", wire.ABOUT)
        self._about = _read(answer, wire.About)
        return before not in {"", self._version}

    async def resolve(self, points: Sequence[Point]) -> Sequence[PlaceId | None]:
        return [None if place is None else place.id for place in await self.locate(points)]

    async def locate(self, points: Sequence[Point]) -> Sequence[Located | None]:
        possible = [index for index, point in enumerate(points) if _possible(point)]
        found: list[Located | None] = [None] * len(points)
        for chunk in _chunks(possible, wire.MAX_ARROW_POINTS):
            answers = await self._locate([points[index] for index in chunk])
            for index, located in zip(chunk, answers, strict=True):
                found[index] = located
        return found

    async def by_ids(self, ids: Sequence[PlaceId]) -> Mapping[PlaceId, PlaceRecord]:
        return await self._records.get_many(list(dict.fromkeys(ids)), self._fetch_records)

    async def names(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        return await self._named(ids, tuple(languages), address=False)

    async def addresses(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        return await self._named(ids, tuple(languages), address=True)

    async def search(
        self,
        query: str,
        languages: Sequence[str],
        *,
        kinds: Sequence[PlaceKind] = (),
        prefix: bool = True,
        near: Point | None = None,
        limit: int = 50,
    ) -> Sequence[PlaceMatch]:
        # Unpaired surrogates cannot be encoded, and no name contains them.
        sent = query.encode(errors="ignore").decode()
        if len(sent) > wire.MAX_QUERY_LENGTH or limit <= 0:
            return []
        request = wire.SearchRequest(
            query=sent,
            languages=list(languages[: wire.MAX_LANGUAGES]),
            kinds=list(kinds),
            prefix=prefix,
            near=None if near is None or not _possible(near) else (near.latitude, near.longitude),
            limit=min(limit, wire.MAX_MATCHES),
        )
        found = _read(await self._call("POST", wire.SEARCH, request), wire.SearchResponse)
        return [PlaceMatch(m.id, m.matched_name, m.score) for m in found.matches]

    async def close(self) -> None:
        await self._client.aclose()

    async def _locate(self, points: Sequence[Point]) -> Sequence[Located | None]:
        if not points:
            return []
        if len(points) >= _MANY:
            # Building the columns of a large batch would block the event loop.
            body = await asyncio.to_thread(wire.points_to_arrow, points)
            answer = await self._call("POST", wire.RESOLVE, body)
            try:
                found = await asyncio.to_thread(wire.located_from_arrow, answer.content)
            except ValueError as e:
                raise Corrupt(_SOURCE, "a response cannot be decoded") from e
        else:
            request = wire.ResolveRequest([(point.latitude, point.longitude) for point in points])
            places = _read(await self._call("POST", wire.RESOLVE, request), wire.ResolveResponse).places
            found = [None if p is None else Located(p.id, p.precision, p.distance_km) for p in places]
        if len(found) != len(points):
            raise Corrupt(_SOURCE, "the number of places differs from the number of points")
        return found

    async def _fetch_records(self, ids: Sequence[PlaceId]) -> Mapping[PlaceId, PlaceRecord]:
        found: dict[PlaceId, PlaceRecord] = {}
        for chunk in _chunks(ids, wire.MAX_IDS):
            answer = _read(await self._call("POST", wire.PLACES, wire.PlacesRequest(chunk)), wire.PlacesResponse)
            found.update({record.id: record for record in answer.places})
        return found

    async def _named(
        self, ids: Sequence[PlaceId], languages: tuple[str, ...], *, address: bool
    ) -> Mapping[PlaceId, LocalizedName]:
        tags = languages[: wire.MAX_LANGUAGES]

        async def fetch(
            keys: Sequence[tuple[PlaceId, tuple[str, ...], bool]],
        ) -> Mapping[tuple[PlaceId, tuple[str, ...], bool], LocalizedName]:
            found: dict[tuple[PlaceId, tuple[str, ...], bool], LocalizedName] = {}
            for chunk in _chunks([key[0] for key in keys], wire.MAX_IDS):
                request = wire.NamesRequest(chunk, list(tags), address)
                answer = _read(await self._call("POST", wire.NAMES, request), wire.NamesResponse)
                found.update({(i, tags, address): LocalizedName(n.text, n.language) for i, n in answer.names.items()})
            return found

        names = await self._names.get_many([(i, tags, address) for i in dict.fromkeys(ids)], fetch)
        return {key[0]: name for key, name in names.items()}

    async def _call(self, method: str, path: str, body: msgspec.Struct | bytes | None = None) -> httpx.Response:
        """Send a request, with one immediate retry after a connection error; all requests are idempotent."""
        content = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        kind = wire.ARROW if isinstance(body, bytes) else wire.JSON
        headers = {"authorization": f"Bearer {self._token()}", "content-type": kind, "accept": kind}
        try:
            async with asyncio.timeout(self._deadline_s):
                try:
                    answer = await self._client.request(method, path, content=content, headers=headers)
                except httpx.TransportError:
                    answer = await self._client.request(method, path, content=content, headers=headers)
        except (TimeoutError, httpx.TimeoutException) as e:
            raise DeadlineExceeded(_SOURCE, "no response in time") from e
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as e:
            raise Unavailable(_SOURCE, "the connection failed") from e
        return self._checked(answer)

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code in _BUSY:
            wait = answer.headers.get("retry-after", "")
            raise Throttled(_SOURCE, "busy", retry_after_s=float(wait) if wait.isdecimal() else None)
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(_SOURCE, f"status {answer.status_code}")
        version = answer.headers.get(wire.VERSION, "")
        if version != self._version:
            # Do not mix cached values of the old data version with the new one.
            self._version = version
            self._records.clear()
            self._names.clear()
        return answer


def remote_locations(settings: RemoteLocations) -> HttpLocations:
    """The client for these settings; certificates are verified with the system's CAs or those of a file."""
    trusted: Any = True if settings.authorities is None else ssl.create_default_context(cafile=str(settings.authorities))
    return HttpLocations(settings.url, token_in(settings.token_file), deadline_s=settings.deadline_s, verify=trusted)


def token_in(file: Path) -> Callable[[], str]:
    """A function that returns the token in a file and rereads it after changes; it raises `Unavailable` if it cannot."""
    cached: list[tuple[int, str]] = []

    def read() -> str:
        try:
            changed = file.stat().st_mtime_ns
            if not cached or cached[0][0] != changed:
                cached[:] = [(changed, file.read_text("ascii").strip())]
        except (OSError, UnicodeDecodeError) as e:
            raise Unavailable(_SOURCE, "the token file cannot be read") from e
        return cached[0][1]

    return read


def _possible(point: Point) -> bool:
    latitude, longitude = point
    return math.isfinite(latitude) and math.isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180  # noqa: PLR2004 - degrees


def _chunks(items: Sequence[T], size: int) -> list[list[T]]:
    return [list(items[at : at + size]) for at in range(0, len(items), size)]


def _read(answer: httpx.Response, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=shape)
    except (msgspec.MsgspecError, ValueError) as e:
        raise Corrupt(_SOURCE, "a response cannot be decoded") from e
