"""Import records to photos in the tables: found again by owner and source, sealed, versioned, written in batches.

The index is not this file's business: it follows by the change feed (`indexing.change_feed_consumer`).
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
from resolvers.importing.reference_resolver import Names

_TRIES = 3
_ENCODE = msgspec.json.Encoder().encode


class Outcome(Enum):
    """What became of a record."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Done(NamedTuple):
    """One record's outcome, and the photo as written now (None: nothing was written)."""

    outcome: Outcome
    written: PhotoRecord | None = None


class _Asked(NamedTuple):
    place: int
    record: ImportRecord
    photo: PhotoKey
    digest: str


class Writer:
    """Writes one owner's records. Importing again changes nothing, and makes no second photo."""

    def __init__(self, sources: Sources, owner: str, *, restore: bool = False, drawn: bool = False) -> None:
        self._sources = sources
        self._owner = owner
        self._restore = restore
        self._drawn = drawn
        self._names = Names(sources, owner, restore)
        self._met: set[str] = set()
        """Photos of files that this import has met: the same bytes again are a copy."""

    async def write(self, records: Sequence[ImportRecord]) -> Sequence[Done]:
        """Each record's outcome in order; durable on return. The same source twice: the later record wins.

        Raises `Conflict` when a photo is changed by others again and again.
        """
        done: dict[int, Done] = {}
        rest = [self._asked(i, r) for i, r in enumerate(records)]
        while rest:
            wave = {a.photo: a for a in reversed(rest)}
            done |= await self._write_each(sorted(wave.values()))
            rest = [a for a in rest if a.place not in done]
        return [done[i] for i in range(len(records))]

    def knows(self, *, albums: Mapping[str, str | None], people: Mapping[str, str]) -> None:
        """Local ids that keys stand for, told beforehand: they need not be looked up or made."""
        self._names.albums.update(albums)
        self._names.people.update(people)

    def key_of(self, record: ImportRecord) -> PhotoKey:
        """Which photo a record is, now and whenever it is imported again."""
        return PhotoKey(self._owner, self._sources.ids.local_id("photo", self._owner, record.source_id))

    def unknown_place(self, record: ImportRecord) -> bool:
        """Whether a written record named a place that nobody knows."""
        return record.place_id is not None and self._names.places.get(record.place_id, record) is None

    def _asked(self, place: int, record: ImportRecord) -> _Asked:
        ids = self._sources.ids
        return _Asked(place, record, self.key_of(record), ids.local_id("record", self._owner, _ENCODE(record).decode()))

    async def _write_each(self, asked: Sequence[_Asked]) -> Mapping[int, Done]:
        done: dict[int, Done] = {}
        met = [a.photo.id for a in asked if _is_file(a.record)]
        for _ in range(_TRIES):
            stored = await self._sources.photos.raw([a.photo for a in asked])
            same = [a for a in asked if self._settled(a, stored.get(a.photo))]
            done |= {a.place: Done(Outcome.UNCHANGED) for a in same}
            changed = [a for a in asked if a.place not in done]
            drafts = await self._drafts(changed, stored)
            done |= {a.place: Done(Outcome.UNCHANGED) for a, d in zip(changed, drafts, strict=True) if d is None}
            news = [(a, d) for a, d in zip(changed, drafts, strict=True) if d is not None]
            written = await self._sources.photos.save([d for _, d in news], now_ms=self._sources.now_ms()) if news else ()
            for (a, _), record in zip(news, written, strict=True):
                if record is not None:
                    old = stored.get(a.photo)
                    added = old is None or old.deleted
                    done[a.place] = Done(Outcome.ADDED if added else Outcome.UPDATED, record)
            asked = [a for a in changed if a.place not in done]
            if not asked:
                break
        else:
            raise Conflict("tables", f"{len(asked)} photos are being changed by others all the time")
        self._met.update(met)
        return done

    def _settled(self, asked: _Asked, stored: PhotoRecord | None) -> bool:
        if stored is None:
            return False
        return not self._restore if stored.deleted else stored.source_digest == asked.digest

    async def _drafts(self, asked: Sequence[_Asked], stored: Mapping[PhotoKey, PhotoRecord]) -> Sequence[Draft | None]:
        """None where nothing would change: a copy of a file that is there tells no news."""
        if not asked:
            return ()
        records = [a.record for a in asked]
        await self._names.learn(records)
        places = await self._names.places_of(records)
        live = [r for a in asked if (r := stored.get(a.photo)) is not None and not r.deleted]
        seen = await self._sources.photos.opened(live, OWNER_VISIBILITY) if live else {}
        made: list[Draft | None] = []
        for a, place in zip(asked, places, strict=True):
            old, known = stored.get(a.photo) or self._names.fresh(a.photo.id), seen.get(a.photo)
            if known is not None and (a.record.of_bytes_only or a.photo.id in self._met):
                record = fill_missing(a.record, old, known.content)
                more = draft(record, self._names.links(record, old.source_digest or a.digest, place), old, known)
                made.append(more if is_changed(more, old, known) else None)
                continue
            links = self._names.links(a.record, a.digest, place)
            old = tombstone(old) if old.deleted else old
            if self._drawn:
                old = msgspec.structs.replace(old, drawn=True)
            made.append(draft(a.record, links, old, known))
        return made


def _is_file(record: ImportRecord) -> bool:
    return record.of_bytes_only or (record.source_id.startswith("sha256:") and record.file_size is not None)
