# ruff: noqa: D102 - methods are documented in the port
"""The gazetteer of a data folder, imported or packaged; it is reloaded while the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from datasources.errors import Corrupt
from datasources.locations.artefact import DEFAULT_PATH, PackedFile
from datasources.locations.gazetteer import Gazetteer
from datasources.locations.port import LocalizedName, Located, LocationService, PlaceId, PlaceKind, PlaceMatch, PlaceRecord, Point

FILE = "places.bin"
_Stamp = tuple[int, int, int]


def packaged_artefact() -> PackedFile:
    """The packaged places, from which an import takes the borders."""
    return PackedFile(DEFAULT_PATH)


class ReloadingGazetteer(LocationService):
    """Uses the file in the data folder if it exists, else the packaged one. Each call uses a single file."""

    def __init__(self, folder: Path, packaged: Path = DEFAULT_PATH) -> None:
        self._own, self._packaged = folder / FILE, packaged
        self._stamp = self._file_status()
        self._gazetteer = Gazetteer.open(self._path())

    async def reload(self) -> bool:
        stamp = self._file_status()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        gazetteer = await asyncio.to_thread(Gazetteer.open, self._path())
        # The first search loads the name index; do it before requests need it.
        await gazetteer.search("a", ("en",), limit=1)
        self._gazetteer = gazetteer
        return True

    def _path(self) -> Path:
        return self._packaged if self._stamp is None else self._own

    def _file_status(self) -> _Stamp | None:
        try:
            found = self._own.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Corrupt("places", f"{FILE} cannot be read") from error
        return found.st_ino, found.st_size, found.st_mtime_ns

    @property
    def data_version(self) -> str:
        return self._gazetteer.data_version

    @property
    def attribution(self) -> str:
        return self._gazetteer.attribution

    @property
    def sources(self) -> Sequence[Mapping[str, str]]:
        return self._gazetteer.sources

    async def resolve(self, points: Sequence[Point]) -> Sequence[PlaceId | None]:
        return await self._gazetteer.resolve(points)

    async def locate(self, points: Sequence[Point]) -> Sequence[Located | None]:
        return await self._gazetteer.locate(points)

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
