# ruff: noqa: D102 - the port's words hold for its methods
"""Amazon Location finds the place of a point; ids, hierarchy, names and search stay the gazetteer's own.

Coordinates leave the house rounded to a hundredth of a degree, about a kilometre, one point a call. What comes back is
stored on photos, so it is asked for with the intent `Storage`, and it is kept nowhere else: the licence forbids it.
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
_AT_ONCE: Final = 8
_CANDIDATES: Final = 10
_NEAR_KM: Final = 60.0
_KM_PER_DEGREE: Final = 111.2
_BUSY: Final = frozenset({"ThrottlingException", "TooManyRequestsException"})


class AmazonLocations(LocationService):
    """Over a gazetteer, which also answers what Amazon's answer does not decide."""

    def __init__(self, gazetteer: LocationService, settings: AmazonPlaces) -> None:
        self._gazetteer = gazetteer
        self._region = settings.region
        self._endpoint = settings.endpoint
        self._deadline_s = settings.deadline_s
        self._open = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._client: Any = None
        self._few = asyncio.Semaphore(_AT_ONCE)

    @property
    def data_version(self) -> str:
        return f"{self._gazetteer.data_version}+amazon"

    @property
    def attribution(self) -> str:
        return f"{self._gazetteer.attribution}\nPlaces of photos: Amazon Location Service"

    @property
    def sources(self) -> Sequence[Mapping[str, str]]:
        return self._gazetteer.sources

    async def look_again(self) -> bool:
        return await self._gazetteer.look_again()

    async def resolve(self, points: Sequence[Point]) -> Sequence[PlaceId | None]:
        return [None if place is None else place.id for place in await self.locate(points)]

    async def locate(self, points: Sequence[Point]) -> Sequence[Located | None]:
        rounded = [_rounded(point) for point in points]
        distinct = list(dict.fromkeys(point for point in rounded if point is not None))
        known = dict(zip(distinct, await self._gazetteer.locate(distinct), strict=True))
        # Open sea is no place: nothing is asked, and nothing paid, for it.
        asked = [point for point in distinct if known[point] is not None]
        for point, address in zip(asked, await self._ask_all(asked), strict=True):
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

    async def _ask_all(self, points: Sequence[Point]) -> Sequence[Mapping[str, Any]]:
        tasks = [asyncio.ensure_future(self._ask(point)) for point in points]
        try:
            async with asyncio.timeout(self._deadline_s):
                return await asyncio.gather(*tasks)
        except TimeoutError as e:
            raise DeadlineExceeded(_SOURCE, "no answer in time") from e
        finally:
            for task in tasks:
                task.cancel()

    async def _ask(self, point: Point) -> Mapping[str, Any]:
        client = await self._connected()
        async with self._few:
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

    async def _place(self, point: Point, address: Mapping[str, Any], ours: Located | None) -> Located | None:
        """Our place of Amazon's names, in Amazon's country: its town, else its region, else ours if in that country."""
        country = (address.get("Country") or {}).get("Code2")
        if not isinstance(country, str):
            return ours
        wanted = [address.get("Locality"), address.get("District")]
        for name in (one for one in wanted if isinstance(one, str)):
            found = await self._named(point, name, country, (PlaceKind.LOCALITY, PlaceKind.CITY))
            if found is not None:
                return found
        region = (address.get("Region") or {}).get("Name")
        mine = (await self.by_ids([ours.id])).get(ours.id) if ours is not None else None
        if mine is not None and mine.country_code == country:
            return ours
        found = await self._named(point, region, country, (PlaceKind.REGION,)) if isinstance(region, str) else None
        if found is not None:
            return found
        return Located(country, PlaceKind.COUNTRY, 0.0) if country in await self.by_ids([country]) else ours

    async def _named(self, point: Point, name: str, country: str, kinds: Sequence[PlaceKind]) -> Located | None:
        matches = await self.search(name, ("en",), kinds=kinds, prefix=False, near=point, limit=_CANDIDATES)
        exact = [m.id for m in matches if normalize(m.matched_name) == normalize(name)]
        records = [r for r in (await self.by_ids(exact)).values() if r.country_code == country]
        far = [(_kilometres(point, record), record) for record in records]
        if PlaceKind.REGION not in kinds:
            far = [(km, record) for km, record in far if km <= _NEAR_KM]
        if not far:
            return None
        km, nearest = min(far, key=lambda pair: pair[0])
        return Located(nearest.id, nearest.kind, round(km, 3))

    async def _connected(self) -> Any:
        async with self._opening:
            if self._client is None:
                config = AioConfig(
                    retries={"total_max_attempts": 1},
                    connect_timeout=self._deadline_s,
                    read_timeout=self._deadline_s,
                    max_pool_connections=_AT_ONCE,
                )
                made = aioboto3.Session().client(
                    "geo-places", region_name=self._region, endpoint_url=self._endpoint, config=config
                )
                self._client = await self._open.enter_async_context(made)
        return self._client


def _rounded(point: Point) -> Point | None:
    latitude, longitude = point
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    return Point(round(latitude, _DECIMALS), round(longitude, _DECIMALS))


def _kilometres(point: Point, record: PlaceRecord) -> float:
    """Near enough within a few hundred kilometres: an equirectangular distance."""
    east = (point.longitude - record.longitude + 180) % 360 - 180
    return _KM_PER_DEGREE * math.hypot(point.latitude - record.latitude, east * math.cos(math.radians(point.latitude)))
