# ruff: noqa: D102 - the port's words hold for its methods
"""The gazetteer of a data folder: its own imported places, or those that come with the program; exchanged while it serves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from datasources.errors import Corrupt
from datasources.locations.artefact import DEFAULT_PATH, Artefact
from datasources.locations.gazetteer import Gazetteer
from datasources.locations.port import LocalizedName, Located, LocationService, PlaceId, PlaceKind, PlaceMatch, PlaceRecord, Point

FILE = "places.bin"
_Stamp = tuple[int, int, int]


def shipped_artefact() -> Artefact:
    """The places that come with the program, from which an import takes the borders."""
    return Artefact(DEFAULT_PATH)


class CurrentGazetteer(LocationService):
    """Answers by whatever artefact stands in the folder. Each call is answered whole by one artefact."""

    def __init__(self, folder: Path, shipped: Path = DEFAULT_PATH) -> None:
        self._own, self._shipped = folder / FILE, shipped
        self._stamp = self._seen()
        self._now = Gazetteer.open(self._path())

    async def look_again(self) -> bool:
        stamp = self._seen()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        fresh = await asyncio.to_thread(Gazetteer.open, self._path())
        # The index of names is inflated by its first search: before anybody waits for it.
        await fresh.search("a", ("en",), limit=1)
        self._now = fresh
        return True

    def _path(self) -> Path:
        return self._shipped if self._stamp is None else self._own

    def _seen(self) -> _Stamp | None:
        try:
            found = self._own.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Corrupt("places", f"{FILE} cannot be read") from error
        return found.st_ino, found.st_size, found.st_mtime_ns

    @property
    def data_version(self) -> str:
        return self._now.data_version

    @property
    def attribution(self) -> str:
        return self._now.attribution

    @property
    def sources(self) -> Sequence[Mapping[str, str]]:
        return self._now.sources

    async def resolve(self, points: Sequence[Point]) -> Sequence[PlaceId | None]:
        return await self._now.resolve(points)

    async def locate(self, points: Sequence[Point]) -> Sequence[Located | None]:
        return await self._now.locate(points)

    async def by_ids(self, ids: Sequence[PlaceId]) -> Mapping[PlaceId, PlaceRecord]:
        return await self._now.by_ids(ids)

    async def names(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        return await self._now.names(ids, languages)

    async def addresses(self, ids: Sequence[PlaceId], languages: Sequence[str]) -> Mapping[PlaceId, LocalizedName]:
        return await self._now.addresses(ids, languages)

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
        return await self._now.search(query, languages, kinds=kinds, prefix=prefix, near=near, limit=limit)
