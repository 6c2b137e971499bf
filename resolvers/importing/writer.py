"""Writes import records as photos to the tables, in batches. Owner and source id identify a photo.

It does not write the index; the caller or the change feed consumer (`indexing.change_feed_consumer`) does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

import msgspec

from access.policy import OWNER_VISIBILITY
from datasources import Sources
from datasources.errors import Conflict
from datasources.photo_key import PhotoKey
from datasources.tables.photos import Draft, PhotoRecord, tombstone
from resolvers.importing.drafting import draft, fill_missing, is_changed
from resolvers.importing.records import ImportRecord
from resolvers.importing.reference_resolver import ReferenceResolver

_TRIES = 3
_ENCODE = msgspec.json.Encoder().encode


class WriteOutcome(Enum):
    """What writing a record did."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class WriteResult(NamedTuple):
    """The outcome of one record, and the written photo (None if nothing was written)."""

    outcome: WriteOutcome
    written: PhotoRecord | None = None


class _Request(NamedTuple):
    place: int
    record: ImportRecord
    photo: PhotoKey
    digest: str


class RecordWriter:
    """Writes one owner's records. Importing a record again changes nothing and creates no second photo."""

    def __init__(self, sources: Sources, owner: str, *, restore: bool = False) -> None:
        self._sources = sources
        self._owner = owner
        self._restore = restore
        self._references = ReferenceResolver(sources, owner, restore)
        self._seen_files: set[str] = set()
        """Photo ids of files that this import has read: the same bytes again are a copy."""

    async def write(self, records: Sequence[ImportRecord]) -> Sequence[WriteResult]:
        """Each record's result in order; durable on return. If two records have the same source, the later wins.

        Raises `Conflict` when other writers keep changing a photo.
        """
        done: dict[int, WriteResult] = {}
        rest = [self._request(i, r) for i, r in enumerate(records)]
        while rest:
            wave = {a.photo: a for a in reversed(rest)}
            done |= await self._write_each(sorted(wave.values()))
            rest = [a for a in rest if a.place not in done]
        return [done[i] for i in range(len(records))]

    def set_known_ids(self, *, albums: Mapping[str, str | None], people: Mapping[str, str]) -> None:
        """Sets the local ids of keys that are already resolved, so that they are not looked up or created."""
        self._references.albums.update(albums)
        self._references.people.update(people)

    def key_of(self, record: ImportRecord) -> PhotoKey:
        """The key of a record's photo; deterministic, so a repeated import finds the same photo."""
        return PhotoKey(self._owner, self._sources.ids.local_id("photo", self._owner, record.source_id))

    def unknown_place(self, record: ImportRecord) -> bool:
        """Whether a written record named a place that is not in the gazetteer."""
        return record.place_id is not None and self._references.places.get(record.place_id, record) is None

    def _request(self, place: int, record: ImportRecord) -> _Request:
        ids = self._sources.ids
        return _Request(place, record, self.key_of(record), ids.local_id("record", self._owner, _ENCODE(record).decode()))

    async def _write_each(self, requests: Sequence[_Request]) -> Mapping[int, WriteResult]:
        done: dict[int, WriteResult] = {}
        met = [a.photo.id for a in requests if _is_file(a.record)]
        for _ in range(_TRIES):
            stored = await self._sources.photos.raw([a.photo for a in requests])
            same = [a for a in requests if self._is_unchanged(a, stored.get(a.photo))]
            done |= {a.place: WriteResult(WriteOutcome.UNCHANGED) for a in same}
            changed = [a for a in requests if a.place not in done]
            drafts = await self._drafts(changed, stored)
            done |= {a.place: WriteResult(WriteOutcome.UNCHANGED) for a, d in zip(changed, drafts, strict=True) if d is None}
            writes = [(a, d) for a, d in zip(changed, drafts, strict=True) if d is not None]
            written = await self._sources.photos.save([d for _, d in writes], now_ms=self._sources.now_ms()) if writes else ()
            for (a, _), record in zip(writes, written, strict=True):
                if record is not None:
                    old = stored.get(a.photo)
                    added = old is None or old.deleted
                    done[a.place] = WriteResult(WriteOutcome.ADDED if added else WriteOutcome.UPDATED, record)
            requests = [a for a in changed if a.place not in done]
            if not requests:
                break
        else:
            raise Conflict("tables", f"{len(requests)} photos are being changed by other requests")
        self._seen_files.update(met)
        return done

    def _is_unchanged(self, requests: _Request, stored: PhotoRecord | None) -> bool:
        if stored is None:
            return False
        return not self._restore if stored.deleted else stored.source_digest == requests.digest

    async def _drafts(self, requests: Sequence[_Request], stored: Mapping[PhotoKey, PhotoRecord]) -> Sequence[Draft | None]:
        """The draft of each record; None where nothing would change, such as for a copy of a stored file."""
        if not requests:
            return ()
        records = [a.record for a in requests]
        await self._references.load(records)
        places = await self._references.places_of(records)
        live = [r for a in requests if (r := stored.get(a.photo)) is not None and not r.deleted]
        seen = await self._sources.photos.opened(live, OWNER_VISIBILITY) if live else {}
        drafts: list[Draft | None] = []
        for a, place in zip(requests, places, strict=True):
            old, known = stored.get(a.photo) or self._references.new_photo(a.photo.id), seen.get(a.photo)
            if known is not None and (a.record.of_bytes_only or a.photo.id in self._seen_files):
                record = fill_missing(a.record, old, known.content)
                more = draft(record, self._references.references_of(record, old.source_digest or a.digest, place), old, known)
                drafts.append(more if is_changed(more, old, known) else None)
                continue
            links = self._references.references_of(a.record, a.digest, place)
            old = tombstone(old) if old.deleted else old
            drafts.append(draft(a.record, links, old, known))
        return drafts


def _is_file(record: ImportRecord) -> bool:
    return record.of_bytes_only or (record.source_id.startswith("sha256:") and record.file_size is not None)
