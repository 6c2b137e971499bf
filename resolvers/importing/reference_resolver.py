"""Resolves the names in import records to ids: albums and people (created when new), concepts, places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from datasources import Sources
from datasources.locations.port import PlaceRecord, Point
from datasources.tables.albums import AlbumKey, AlbumRecord
from datasources.tables.people import PersonKey, PersonRecord
from datasources.tables.photos import LabelMark, PhotoRecord
from resolvers.importing.drafting import ResolvedReferences
from resolvers.importing.records import ImportRecord

_LANGUAGES = tuple("en de fr es it pt nl pl ru ja zh ko".split())
_MERGES = 20
"""Maximum number of merges to follow; the limit also ends a cycle."""


@dataclass
class ReferenceResolver:
    """Resolves and caches one owner's keys during an import."""

    sources: Sources
    owner: str
    restore: bool = False
    albums: dict[str, str | None] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    concepts: dict[str, str | None] = field(default_factory=dict)
    places: dict[str, PlaceRecord | None] = field(default_factory=dict)

    async def load(self, records: Sequence[ImportRecord]) -> None:
        """Finds or creates the albums, people and concepts of these records: one batch read per table, one write per new item."""
        await self._load_albums({a.key: a.title for r in records for a in r.albums})
        await self._load_people({p.key: p.name for r in records for p in r.people})
        await self._load_concepts({m.key for r in records for m in r.labels})

    async def _load_albums(self, titles: Mapping[str, str | None]) -> None:
        ids = {key: self.sources.ids.local_id("album", self.owner, key) for key in titles if key not in self.albums}
        stored = await self.sources.albums.raw([AlbumKey(self.owner, i) for i in ids.values()]) if ids else {}
        for key, album in ids.items():
            record = stored.get(AlbumKey(self.owner, album))
            # An album that its owner deleted is not created again.
            self.albums[key] = None if record and record.deleted and not self.restore else album
            if record is None or (record.deleted and self.restore):
                version = record.version if record else 0
                new_album = AlbumRecord(owner=self.owner, id=album, version=version, created_at_ms=self.sources.now_ms())
                # `save` returns None if another import created it first, with the same id.
                await self.sources.albums.save(new_album, title=titles[key] or key)

    async def _load_people(self, names: Mapping[str, str | None]) -> None:
        ids = {key: self.sources.ids.local_id("person", self.owner, key) for key in names if key not in self.people}
        stored = await self.sources.people.raw([PersonKey(self.owner, i) for i in ids.values()]) if ids else {}
        for key, person in ids.items():
            record = stored.get(PersonKey(self.owner, person))
            if record is None:
                await self.sources.people.save(PersonRecord(owner=self.owner, id=person, version=0), name=names[key])
            self.people[key] = person if record is None else await self._merge_target(record)

    async def _merge_target(self, record: PersonRecord) -> str:
        for _ in range(_MERGES):
            if record.merged_into is None:
                break
            key = PersonKey(self.owner, record.merged_into)
            record = (await self.sources.people.raw([key])).get(key) or msgspec.structs.replace(record, merged_into=None)
        return record.id

    async def _load_concepts(self, keys: Iterable[str]) -> None:
        """By concept id, otherwise by a word in any language that means exactly one concept."""
        new = [key for key in keys if key not in self.concepts]
        ids = {key: key.casefold() for key in new}
        known = await self.sources.translations.words(list(set(ids.values())), ("en",)) if new else {}
        self.concepts.update({key: concept if concept in known else None for key, concept in ids.items()})
        words = [key for key in new if self.concepts[key] is None]
        for key, found in zip(words, await self.sources.translations.concepts(words, _LANGUAGES) if words else (), strict=True):
            exact = [match.id for match in found if match.score >= 1]
            if len(exact) == 1:
                self.concepts[key] = exact[0]

    async def places_of(self, records: Sequence[ImportRecord]) -> Sequence[str | None]:
        """The place of each record: the place it names, if it exists, otherwise the place of its coordinates."""
        await self._load_places({r.place_id for r in records if r.place_id is not None})
        found = [r.place_id if r.place_id and self.places[r.place_id] else None for r in records]
        unresolved = [
            (i, Point(r.latitude, r.longitude))
            for i, r in enumerate(records)
            if found[i] is None and r.latitude is not None and r.longitude is not None
        ]
        resolved = await self.sources.locations.resolve([p for _, p in unresolved]) if unresolved else ()
        for (i, _), place in zip(unresolved, resolved, strict=True):
            found[i] = place
        await self._load_places({p for p in resolved if p is not None})
        return found

    async def _load_places(self, ids: Iterable[str]) -> None:
        new = [i for i in ids if i not in self.places]
        known = await self.sources.locations.by_ids(new) if new else {}
        self.places.update({i: known.get(i) for i in new})

    def references_of(self, record: ImportRecord, digest: str, place: str | None) -> ResolvedReferences:
        """The resolved references of one loaded record. Words without a concept become keywords."""
        concepts = {m.key: self.concepts[m.key] for m in record.labels}
        unknown = [key for key, concept in concepts.items() if concept is None]
        confidences: dict[str, float] = {}
        for label in record.labels:
            if (concept := concepts[label.key]) is not None:
                confidences[concept] = max(label.confidence, confidences.get(concept, 0.0))
        known = self.places.get(place) if place else None
        return ResolvedReferences(
            digest=digest,
            albums=tuple(a for r in record.albums if (a := self.albums[r.key]) is not None),
            people=tuple(dict.fromkeys(self.people[p.key] for p in record.people)),
            labels=tuple(LabelMark(concept, confidence) for concept, confidence in confidences.items()),
            keywords=tuple(dict.fromkeys((*record.keywords, *unknown))),
            place=place,
            time_zone=known.time_zone if known else None,
            data_version=self.sources.locations.data_version if place else None,
            burst=self.sources.ids.local_id("burst", self.owner, record.burst_id) if record.burst_id else None,
        )

    def new_photo(self, photo: str) -> PhotoRecord:
        """An empty record of a photo that is not stored yet."""
        now = self.sources.now_ms()
        return PhotoRecord(owner=self.owner, id=photo, version=0, added_at_ms=now, changed_at_ms=now)
