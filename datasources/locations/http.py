# ruff: noqa: D102 - the port's words hold for its methods
"""The location service over HTTP. Names and places are public, so they are kept a while, and served when it is down.

Coordinates are neither kept nor written in an address; points of a request arrive here in one batch and leave in one.
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
from datasources.vendors import LocationsElsewhere

_SOURCE: Final = "locations"
_MANY: Final = 500
"""Points from which Arrow is smaller and faster than JSON."""
_BUSY: Final = frozenset({429, 503})
T = TypeVar("T")


class HttpLocations(LocationService):
    """One client for the process. The token is read anew from its file whenever the file has changed."""

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

    async def look_again(self) -> bool:
        before = self._version
        answer = await self._call("GET", wire.ABOUT)
        self._about = _read(answer, wire.About)
        return before not in {"", self._version}

    async def resolve(self, points: Sequence[Point]) -> Sequence[PlaceId | None]:
        return [None if place is None else place.id for place in await self.locate(points)]

    async def locate(self, points: Sequence[Point]) -> Sequence[Located | None]:
        asked = [place for place, point in enumerate(points) if _possible(point)]
        found: list[Located | None] = [None] * len(points)
        for chunk in _chunks(asked, wire.MOST_ARROW_POINTS):
            answers = await self._locate([points[place] for place in chunk])
            for place, located in zip(chunk, answers, strict=True):
                found[place] = located
        return found

    async def by_ids(self, ids: Sequence[PlaceId]) -> Mapping[PlaceId, PlaceRecord]:
        return await self._records.many(list(dict.fromkeys(ids)), self._fetch_records)

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
        # A half of a pair of surrogates is no text that could be sent, and no name.
        sent = query.encode(errors="ignore").decode()
        if len(sent) > wire.LONGEST_QUERY or limit <= 0:
            return []
        asked = wire.SearchAsked(
            query=sent,
            languages=list(languages[: wire.MOST_LANGUAGES]),
            kinds=list(kinds),
            prefix=prefix,
            near=None if near is None or not _possible(near) else (near.latitude, near.longitude),
            limit=min(limit, wire.MOST_MATCHES),
        )
        found = _read(await self._call("POST", wire.SEARCH, asked), wire.SearchAnswer)
        return [PlaceMatch(m.id, m.matched_name, m.score) for m in found.matches]

    async def close(self) -> None:
        await self._client.aclose()

    async def _locate(self, points: Sequence[Point]) -> Sequence[Located | None]:
        if not points:
            return []
        if len(points) >= _MANY:
            # Cutting a batch into columns takes longer than a request may hold the loop.
            body = await asyncio.to_thread(wire.points_to_arrow, points)
            answer = await self._call("POST", wire.RESOLVE, body)
            try:
                found = await asyncio.to_thread(wire.located_from_arrow, answer.content)
            except ValueError as e:
                raise Corrupt(_SOURCE, "an answer cannot be read") from e
        else:
            asked = wire.ResolveAsked([(point.latitude, point.longitude) for point in points])
            places = _read(await self._call("POST", wire.RESOLVE, asked), wire.ResolveAnswer).places
            found = [None if p is None else Located(p.id, p.precision, p.distance_km) for p in places]
        if len(found) != len(points):
            raise Corrupt(_SOURCE, "an answer has another number of places than points")
        return found

    async def _fetch_records(self, ids: Sequence[PlaceId]) -> Mapping[PlaceId, PlaceRecord]:
        found: dict[PlaceId, PlaceRecord] = {}
        for chunk in _chunks(ids, wire.MOST_IDS):
            answer = _read(await self._call("POST", wire.PLACES, wire.IdsAsked(chunk)), wire.PlacesAnswer)
            found.update({record.id: record for record in answer.places})
        return found

    async def _named(
        self, ids: Sequence[PlaceId], languages: tuple[str, ...], *, address: bool
    ) -> Mapping[PlaceId, LocalizedName]:
        spoken = languages[: wire.MOST_LANGUAGES]

        async def fetch(
            keys: Sequence[tuple[PlaceId, tuple[str, ...], bool]],
        ) -> Mapping[tuple[PlaceId, tuple[str, ...], bool], LocalizedName]:
            found: dict[tuple[PlaceId, tuple[str, ...], bool], LocalizedName] = {}
            for chunk in _chunks([key[0] for key in keys], wire.MOST_IDS):
                asked = wire.NamesAsked(chunk, list(spoken), address)
                answer = _read(await self._call("POST", wire.NAMES, asked), wire.NamesAnswer)
                found.update({(i, spoken, address): LocalizedName(n.text, n.language) for i, n in answer.names.items()})
            return found

        kept = await self._names.many([(i, spoken, address) for i in dict.fromkeys(ids)], fetch)
        return {key[0]: name for key, name in kept.items()}

    async def _call(self, method: str, path: str, body: msgspec.Struct | bytes | None = None) -> httpx.Response:
        """One call, and a second try at once where none was answered: everything here can be asked twice."""
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
            raise DeadlineExceeded(_SOURCE, "no answer in time") from e
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as e:
            raise Unavailable(_SOURCE, "no connection") from e
        return self._checked(answer)

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code in _BUSY:
            wait = answer.headers.get("retry-after", "")
            raise Throttled(_SOURCE, "busy", retry_after_s=float(wait) if wait.isdecimal() else None)
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(_SOURCE, f"status {answer.status_code}")
        version = answer.headers.get(wire.VERSION, "")
        if version != self._version:
            # Other data: what was kept of the old is not mixed with the new.
            self._version = version
            self._records.forget()
            self._names.forget()
        return answer


def locations_elsewhere(settings: LocationsElsewhere) -> HttpLocations:
    """As configured; certificates are checked by the system's authorities, or by those of a file."""
    trusted: Any = True if settings.authorities is None else ssl.create_default_context(cafile=str(settings.authorities))
    return HttpLocations(settings.url, token_in(settings.token_file), deadline_s=settings.deadline_s, verify=trusted)


def token_in(file: Path) -> Callable[[], str]:
    """The token that a file holds, read anew whenever the file has changed; raises `Unavailable` where there is none."""
    known: list[tuple[int, str]] = []

    def read() -> str:
        try:
            changed = file.stat().st_mtime_ns
            if not known or known[0][0] != changed:
                known[:] = [(changed, file.read_text("ascii").strip())]
        except (OSError, UnicodeDecodeError) as e:
            raise Unavailable(_SOURCE, "the file of its token cannot be read") from e
        return known[0][1]

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
        raise Corrupt(_SOURCE, "an answer cannot be read") from e
