"""Restores settings, albums and people of an export. Existing settings, albums and people are not changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, get_type_hints

import msgspec

from access.classes import DataClass
from datasources import Sources
from datasources.tables.albums import AlbumKey, AlbumRecord
from datasources.tables.customers import CustomerRecord, HomeZone, Identity
from datasources.tables.people import PersonKey, PersonRecord
from ingest.readers.export import ExportReader
from resolvers.exporting.sections import ALBUM_FIELDS, CUSTOMER_FIELDS, PERSON_FIELDS
from resolvers.importing.records import MAX_NAME

Line = Mapping[str, Any]


class Restoring:
    """Restores into the library of one owner. A repeat changes nothing."""

    def __init__(self, sources: Sources, owner: str) -> None:
        self._sources = sources
        self._owner = owner
        self.albums: dict[str, str | None] = {}
        """Local ids by the keys of the export: those of this library are reused, and deleted albums stay deleted (None)."""
        self.people: dict[str, str] = {}

    async def restore(self, reader: ExportReader) -> None:
        """Restores everything but the photos; to be called before the photos are written."""
        for line in reader.section("customer"):
            await self._customer(line)
        for line in reader.section("albums"):
            if (key := _text(line, "key")) is not None:
                await self._album(key, line)
        for line in reader.section("people"):
            if (key := _text(line, "key")) is not None:
                await self._person(key, line)

    async def _customer(self, line: Line) -> None:
        record = (await self._sources.customers.raw([self._owner])).get(self._owner)
        if record is None:
            return
        settings = _stored(CustomerRecord, CUSTOMER_FIELDS, line.get("settings"))
        fresh = {f: v for f, v in settings.items() if getattr(record, f) == _default(CustomerRecord, f)}
        name = _text(line, "displayName")
        zones = _zones(line.get("homeZones"))
        if not fresh and name is None and not zones:
            return
        who = (await self._sources.customers.identity_of(self._owner)) if name is not None else None
        identity = Identity(who.external_id, name) if who is not None and who.display_name is None else None
        new_zones = None if DataClass.LOCATION.value in record.sealed else zones
        changed = msgspec.structs.replace(record, **fresh)
        await self._sources.customers.save(changed, identity=identity, home_zones=new_zones)

    async def _album(self, key: str, line: Line) -> None:
        ids = (AlbumKey(self._owner, key), AlbumKey(self._owner, self._sources.ids.local_id("album", self._owner, key)))
        known = await self._sources.albums.raw(ids)
        album = next((k for k in ids if k in known), ids[1])
        self.albums[key] = None if album in known and known[album].deleted else album.id
        if album in known:
            return
        record = AlbumRecord(
            owner=self._owner,
            id=album.id,
            version=0,
            created_at_ms=_milliseconds(line.get("createdAt")) or self._sources.now_ms(),
            cover=self._photo(line),
            **_stored(AlbumRecord, ALBUM_FIELDS, line.get("stored")),
        )
        await self._sources.albums.save(record, title=_text(line, "title"))

    async def _person(self, key: str, line: Line) -> None:
        ids = (PersonKey(self._owner, key), PersonKey(self._owner, self._sources.ids.local_id("person", self._owner, key)))
        known = await self._sources.people.raw(ids)
        person = next((k for k in ids if k in known), ids[1])
        self.people[key] = (known[person].merged_into if person in known else None) or person.id
        if person in known:
            return
        kept = _stored(PersonRecord, PERSON_FIELDS, line.get("stored"))
        record = PersonRecord(owner=self._owner, id=person.id, version=0, cover=self._photo(line), **kept)
        await self._sources.people.save(record, name=_text(line, "name"))

    def _photo(self, line: Line) -> str | None:
        source = line.get("coverSourceId")
        return self._sources.ids.local_id("photo", self._owner, source) if isinstance(source, str) else None


def _text(line: Line, name: str) -> str | None:
    given = line.get(name)
    return given[:MAX_NAME] if isinstance(given, str) and given else None


def _default(of: type[msgspec.Struct], field: str) -> Any:
    return next(f.default for f in msgspec.structs.fields(of) if f.name == field)


def _stored(of: type[msgspec.Struct], fields: Iterable[str], given: Any) -> dict[str, Any]:
    """Values of restorable fields; values of a wrong type are skipped."""
    hints, found = get_type_hints(of), {}
    for name in fields:
        if isinstance(given, Mapping) and name in given:
            try:
                found[name] = msgspec.convert(given[name], hints[name])
            except msgspec.ValidationError:
                continue
    return found


def _zones(given: Any) -> tuple[HomeZone, ...] | None:
    try:
        return tuple(HomeZone(float(z["latitude"]), float(z["longitude"]), float(z["radius_m"])) for z in given or ()) or None
    except (TypeError, KeyError, ValueError):
        return None


def _milliseconds(instant: Any) -> int | None:
    try:
        return round(datetime.fromisoformat(instant).timestamp() * 1_000)
    except (TypeError, ValueError, OverflowError):
        return None
