# ruff: noqa: D102 - methods are documented in the port
"""Reverse geocoding by Amazon Location; ids, hierarchy, names and search come from the gazetteer.

Coordinates are rounded to a hundredth of a degree, about one kilometre, before they are sent, one point per call. The
result is stored on photos, so calls use the intent `Storage`; the licence forbids caching it elsewhere.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import aioboto3
from aiobotocore.config import AioConfig
from botocore.exceptions import BotoCoreError, ClientError

from datasources.errors import DeadlineExceeded, Throttled, Unavailable
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
from datasources.vendors import AmazonPlaces
from datasources.words import normalize

_SOURCE: Final = "locations"
_DECIMALS: Final = 2
_CONCURRENCY: Final = 8
_CANDIDATES: Final = 10
_NEAR_KM: Final = 60.0
_KM_PER_DEGREE: Final = 111.2
_BUSY: Final = frozenset({"ThrottlingException", "TooManyRequestsException"})


class AmazonLocations(LocationService):
    """Combines Amazon Location with a gazetteer, which decides where Amazon's response is not sufficient."""

    def __init__(self, gazetteer: LocationService, settings: AmazonPlaces) -> None:
        self._gazetteer = gazetteer
        self._region = settings.region
        self._endpoint = settings.endpoint
        self._deadline_s = settings.deadline_s
        self._open = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._client: Any = None
        self._semaphore = asyncio.Semaphore(_CONCURRENCY)

    @property
    def data_version(self) -> str:
        return f"{self._gazetteer.data_version}+amazon"

    @property
    def attribution(self) -> str:
        return f"{self._gazetteer.attribution}\nPlaces of photos: Amazon Location Service"

    @property
    def sources(self) -> Sequence[Mapping[str, str]]:
        return self._gazetteer.sources

    async def reload(self) -> bool:
        return await self._gazetteer.reload()

    async def resolve(self, points: Sequence[Point]) -> Sequence[PlaceId | None]:
        return [None if place is None else place.id for place in await self.locate(points)]

    async def locate(self, points: Sequence[Point]) -> Sequence[Located | None]:
        rounded = [_rounded(point) for point in points]
        distinct = list(dict.fromkeys(point for point in rounded if point is not None))
        known = dict(zip(distinct, await self._gazetteer.locate(distinct), strict=True))
        # Points at sea have no place and are not sent, because calls cost money.
        on_land = [point for point in distinct if known[point] is not None]
        for point, address in zip(on_land, await self._geocode_all(on_land), strict=True):
            known[point] = await self._place(point, address, known[point])
        return [None if point is None else known[point] for point in rounded]

    async def by_ids(self, ids: Sequence[PlaceId]) -> Mapping[PlaceId, PlaceRecord]:
        return await self._gazetteer.by_ids(ids)

    async def names(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        return await self._gazetteer.names(ids, languages)

    async def addresses(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        return await self._gazetteer.addresses(ids, languages)

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
        return await self._gazetteer.search(query, languages, kinds=kinds, prefix=prefix, near=near, limit=limit)

    async def close(self) -> None:
        await self._open.aclose()

    async def _geocode_all(self, points: Sequence[Point]) -> Sequence[Mapping[str, Any]]:
        tasks = [asyncio.ensure_future(self._geocode(point)) for point in points]
        try:
            async with asyncio.timeout(self._deadline_s):
                return await asyncio.gather(*tasks)
        except TimeoutError as e:
            raise DeadlineExceeded(_SOURCE, "no response in time") from e
        finally:
            for task in tasks:
                task.cancel()

    async def _geocode(self, point: Point) -> Mapping[str, Any]:
        client = await self._connected()
        async with self._semaphore:
            try:
                answer = await client.reverse_geocode(
                    QueryPosition=[point.longitude, point.latitude], MaxResults=1, Language="en", IntendedUse="Storage"
                )
            except ClientError as e:
                code = e.response.get("Error", {}).get("Code", "")
                if code in _BUSY:
                    raise Throttled(_SOURCE, code) from e
                raise Unavailable(_SOURCE, code or "refused") from e
            except (BotoCoreError, OSError) as e:
                raise Unavailable(_SOURCE, type(e).__name__) from e
        items = answer.get("ResultItems") or [{}]
        address = items[0].get("Address")
        return address if isinstance(address, dict) else {}

    async def _place(self, point: Point, address: Mapping[str, Any], own: Located | None) -> Located | None:
        """The gazetteer's place with Amazon's names: the town, else `own` if in that country, else the region or country."""
        country = (address.get("Country") or {}).get("Code2")
        if not isinstance(country, str):
            return own
        names = [address.get("Locality"), address.get("District")]
        for name in (one for one in names if isinstance(one, str)):
            found = await self._named(point, name, country, (PlaceKind.LOCALITY, PlaceKind.CITY))
            if found is not None:
                return found
        region = (address.get("Region") or {}).get("Name")
        own_record = (await self.by_ids([own.id])).get(own.id) if own is not None else None
        if own_record is not None and own_record.country_code == country:
            return own
        found = await self._named(point, region, country, (PlaceKind.REGION,)) if isinstance(region, str) else None
        if found is not None:
            return found
        return Located(country, PlaceKind.COUNTRY, 0.0) if country in await self.by_ids([country]) else own

    async def _named(self, point: Point, name: str, country: str, kinds: Sequence[PlaceKind]) -> Located | None:
        matches = await self.search(name, ("en",), kinds=kinds, prefix=False, near=point, limit=_CANDIDATES)
        exact = [m.id for m in matches if normalize(m.matched_name) == normalize(name)]
        records = [r for r in (await self.by_ids(exact)).values() if r.country_code == country]
        candidates = [(_kilometres(point, record), record) for record in records]
        if PlaceKind.REGION not in kinds:
            candidates = [(km, record) for km, record in candidates if km <= _NEAR_KM]
        if not candidates:
            return None
        km, nearest = min(candidates, key=lambda pair: pair[0])
        return Located(nearest.id, nearest.kind, round(km, 3))

    async def _connected(self) -> Any:
        async with self._opening:
            if self._client is None:
                config = AioConfig(
                    retries={"total_max_attempts": 1},
                    connect_timeout=self._deadline_s,
                    read_timeout=self._deadline_s,
                    max_pool_connections=_CONCURRENCY,
                )
                client = aioboto3.Session().client(
                    "geo-places", region_name=self._region, endpoint_url=self._endpoint, config=config
                )
                self._client = await self._open.enter_async_context(client)
        return self._client


def _rounded(point: Point) -> Point | None:
    latitude, longitude = point
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    return Point(round(latitude, _DECIMALS), round(longitude, _DECIMALS))


def _kilometres(point: Point, record: PlaceRecord) -> float:
    """The equirectangular distance, accurate within a few hundred kilometres."""
    east = (point.longitude - record.longitude + 180) % 360 - 180
    return _KM_PER_DEGREE * math.hypot(point.latitude - record.latitude, east * math.cos(math.radians(point.latitude)))
