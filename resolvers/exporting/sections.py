"""The sections of an export other than photos: settings, albums, people, shares and the access log, one line for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from access.classes import DataClass
from access.policy import OWNER_VISIBILITY
from access.precision import LocationPrecision, TimePrecision
from access.scope import Scope
from datasources import STORES, Sources
from datasources.photo_key import PhotoKey
from datasources.tables.access_log import principal_label
from datasources.tables.albums import AlbumRecord, SeenAlbum
from datasources.tables.customers import CustomerRecord, HomeZone
from datasources.tables.people import PersonRecord, SeenPerson
from datasources.tables.sealed_body import open_group
from resolvers.exporting.lines import NamesById, rfc3339

Line = dict[str, Any]
_COVERS = 500
_ZONES = msgspec.msgpack.Decoder(tuple[HomeZone, ...])
CUSTOMER_FIELDS: Final = tuple(
    f for f in CustomerRecord.__struct_fields__ if f not in {"id", "version", "created_at_ms", "sealed"}
)
ALBUM_FIELDS: Final = tuple(
    f for f in AlbumRecord.__struct_fields__ if f not in {"owner", "id", "version", "created_at_ms", "cover", "deleted", "sealed"}
)
PERSON_FIELDS: Final = tuple(
    f for f in PersonRecord.__struct_fields__ if f not in {"owner", "id", "version", "cover", "merged_into", "sealed"}
)


@dataclass(frozen=True, slots=True)
class Library:
    """The albums and people of one customer, in memory."""

    sources: Sources
    scope: Scope
    owner: str
    albums: Sequence[SeenAlbum]
    people: Sequence[SeenPerson]

    @classmethod
    async def of(cls, sources: Sources, scope: Scope, owner: str) -> Library:
        """Loads those that are not deleted."""
        albums = sorted(await sources.albums.all(scope), key=lambda a: (a.record.created_at_ms, a.record.id))
        people = sorted(await sources.people.all(scope), key=lambda p: p.record.id)
        return cls(sources, scope, owner, albums, people)

    @property
    def titles(self) -> NamesById:
        """Titles of albums by local id."""
        return {a.record.id: a.title for a in self.albums}

    @property
    def names(self) -> NamesById:
        """Names of people by local id."""
        return {p.record.id: p.name for p in self.people}

    async def covers(self, chosen: Sequence[str | None]) -> Mapping[str, str]:
        """The source ids of cover photos by local id."""
        keys = [PhotoKey(self.owner, c) for c in dict.fromkeys(chosen) if c is not None]
        found: dict[str, str] = {}
        for start in range(0, len(keys), _COVERS):
            seen = await self.sources.photos.by_ids(self.scope, keys[start : start + _COVERS])
            found.update({k.id: p.content.source_id for k, p in seen.items() if p.content and p.content.source_id})
        return found


async def customer_lines(library: Library) -> AsyncIterator[Line]:
    """The identity and the settings of the customer: one line."""
    for seen in (await library.sources.customers.by_ids(library.scope, [library.owner])).values():
        record, who = seen.record, seen.identity
        zones = open_group(OWNER_VISIBILITY, DataClass.LOCATION, seen.keys, record.binding, record.sealed)
        yield _without_none(
            {
                "externalId": who.external_id if who else None,
                "displayName": who.display_name if who else None,
                "createdAt": rfc3339(record.created_at_ms),
                "homeZones": [msgspec.structs.asdict(z) for z in _ZONES.decode(zones)] if zones else None,
                "settings": _rest(record, CUSTOMER_FIELDS),
            }
        )


async def album_lines(library: Library) -> AsyncIterator[Line]:
    """Every album, also empty ones, oldest first. The lines of photos name their albums."""
    covers = await library.covers([a.record.cover for a in library.albums])
    for album in library.albums:
        record = album.record
        yield _without_none(
            {
                "key": record.id,
                "title": album.title,
                "createdAt": rfc3339(record.created_at_ms),
                "coverSourceId": covers.get(record.cover or ""),
                "stored": _rest(record, ALBUM_FIELDS),
            }
        )


async def person_lines(library: Library) -> AsyncIterator[Line]:
    """Every person, with or without a name."""
    covers = await library.covers([p.record.cover for p in library.people])
    for person in library.people:
        record = person.record
        yield _without_none(
            {
                "key": record.id,
                "name": person.name,
                "coverSourceId": covers.get(record.cover or ""),
                "stored": _rest(record, PERSON_FIELDS),
            }
        )


async def share_lines(library: Library) -> AsyncIterator[Line]:
    """Shares of albums. An import does not create them again, because it would give others access without consent."""
    grants = await library.sources.grants.of_albums(library.owner)
    known = await library.sources.customers.grantees(library.scope, [g.grantee for g in grants if not g.by_link])
    invitations = [i.grant() for i in await library.sources.invitations.of_sender(library.owner)]
    for grant in sorted((*grants, *invitations), key=lambda g: (g.created_at_ms, g.slot)):
        # The name of a customer is included only if they accepted this share.
        who = None if grant in invitations else known.get(grant.grantee)
        yield _without_none(
            {
                "album": grant.album,
                "albumTitle": library.titles.get(grant.album),
                "kind": "LINK" if grant.by_link else "CUSTOMER",
                "customer": who.identity.display_name if who and who.identity else None,
                "accepted": None if grant.by_link else grant not in invitations,
                "locationPrecision": LocationPrecision(grant.location).name,
                "timePrecision": TimePrecision(grant.time).name,
                "originals": grant.originals,
                "createdAt": rfc3339(grant.created_at_ms),
                "expiresAt": None if grant.expires_at_ms is None else rfc3339(grant.expires_at_ms),
            }
        )


async def reading_lines(library: Library) -> AsyncIterator[Line]:
    """The access log, latest first, with the values of `viewer { accessLog }`."""
    shares = await library.sources.grants.of_albums(library.owner)
    known = await library.sources.customers.grantees(library.scope, [s.grantee for s in shares if not s.by_link])
    names = {i: who.identity.display_name for i, who in known.items() if who.identity is not None}
    async for record in library.sources.access_log.everything(library.scope):
        yield _without_none(
            {
                "at": rfc3339(record.at_ms),
                "kind": record.kind,
                "principal": principal_label(record, names.get(record.principal or "")),
                "purpose": record.purpose,
                "classes": list(record.classes),
                "photoCount": record.photos,
            }
        )


Section = Callable[[Library], AsyncIterator[Line]]
SECTIONS: Final[Mapping[str, Section]] = {
    "customer": customer_lines,
    "albums": album_lines,
    "people": person_lines,
    "shares": share_lines,
    "readings": reading_lines,
}
"""One JSON Lines file for each section. A new section is a function and an entry here."""


_PHOTO_PATHS: Final = frozenset({"photos", "files"})
"""Sections that `photo_parts` writes."""
_DECLARED: Final = {section for store in STORES for section in store.exported.sections}
_UNMATCHED: Final = _DECLARED ^ (SECTIONS.keys() | _PHOTO_PATHS)
if _UNMATCHED:
    raise TypeError(f"sections that no store declares, or that the export does not write: {', '.join(sorted(_UNMATCHED))}")


def _rest(record: msgspec.Struct, fields: Sequence[str]) -> Line | None:
    """The fields of a record that have no member of their own and differ from their defaults."""
    defaults = {f.name: f.default for f in msgspec.structs.fields(type(record))}
    return {f: msgspec.to_builtins(v) for f in fields if (v := getattr(record, f)) != defaults[f]} or None


def _without_none(line: Line) -> Line:
    return {k: v for k, v in line.items() if v is not None}
