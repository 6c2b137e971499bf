"""The table of pictures: what is known of a photo's file. What shows the picture, in however few bytes, is sealed as PICTURE.

Beside the photo and not in it: pictures are looked at after the photo is there, which must not make a new version of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from access.classes import DataClass
from access.policy import Visibility
from access.scope import Scope
from access.seals import Binding, OwnerKeys, SealError, seal, unseal
from datasources.errors import Corrupt
from datasources.photo_key import PhotoKey
from datasources.tables.index_entries import first_entries
from datasources.tables.photos import SeenPhoto
from datasources.tables.sealed_body import Keys, open_group, read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Remove, Span, Table

PICTURES = Table("pictures", indexes=("waiting",))
_WAITING = "WAITING"
"""A sealed group of its own: where a file lies tells a person's folders."""
MOST_TWINS = 100
_PICTURE = DataClass.PICTURE.value


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """What shows the picture: its ThumbHash, and what it is known by again (`pictures.likeness`); empty when not known."""

    thumbhash: bytes = b""
    hashes: bytes = b""
    sketch: bytes = b""


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """A file that an import has found and not looked at yet."""

    path: bytes
    sha256: str
    content_type: str
    link: bool = False
    motion_path: bytes | None = None
    motion_sha256: str | None = None


class PictureRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The file of one photo. `original` is its name among the owner's originals; sizes are of the picture as shown."""

    owner: str
    id: str
    version: int = 0
    original: str | None = None
    motion: str | None = None
    """The moving part of a live photo."""
    poster: str | None = None
    """A still of a video, kept beside it: what renditions are made of."""
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    """None: the file cannot be shown."""
    twins: tuple[str, ...] = ()
    """Photos of the same owner that show the same picture."""
    linked: bool = False
    """The file is read where it lies."""
    waiting: bool = False
    sealed: Mapping[str, bytes] = {}

    @property
    def key(self) -> PhotoKey:
        """Owner and local id of the photo."""
        return PhotoKey(self.owner, self.id)

    @property
    def source(self) -> str | None:
        """What renditions are made of; None when there is nothing to show."""
        return None if self.width is None else self.poster or self.original

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that is kept for it."""
        return tuple(f for f in (self.original, self.motion, self.poster) if f is not None)

    @property
    def binding(self) -> Binding:
        """What its seal is bound to."""
        return Binding(PICTURES.name, self.owner, self.id)


@dataclass(frozen=True)
class SeenPicture:
    """A picture as one viewer may see it; opened here, by the gate, when read."""

    record: PictureRecord
    sight: Visibility
    keys: OwnerKeys

    @cached_property
    def shown(self) -> Shown | None:
        """What shows it; None when there is nothing, or this viewer may see no pictures."""
        plain = open_group(self.sight, DataClass.PICTURE, self.keys, self.record.binding, self.record.sealed)
        return None if plain is None else _SHOWN.decode(plain)


_RECORD = msgspec.msgpack.Decoder(PictureRecord)
_SHOWN = msgspec.msgpack.Decoder(Shown)
_ENCODE = msgspec.msgpack.Encoder().encode


class Pictures:
    """Pictures of photos that were seen, and the one way in which they are written."""

    def __init__(self, store: ItemStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def of_photos(self, scope: Scope, photos: Sequence[SeenPhoto]) -> Mapping[PhotoKey, SeenPicture]:
        """The pictures of photos that this scope let through, with the same sight; one batch. Absent: no file was given."""
        seen = {p.key: p for p in photos if scope.reaches(p.record.owner) and p.sight.may(DataClass.PICTURE)}
        items = await self._store.get_many(PICTURES, [Key(*k) for k in seen]) if seen else {}
        records = [read_record(i) for i in items.values()]
        return {r.key: SeenPicture(r, seen[r.key].sight, seen[r.key].keys) for r in records}

    async def raw(self, keys: Sequence[PhotoKey]) -> Mapping[PhotoKey, PictureRecord]:
        """Records as stored, for writers, who serve no viewer."""
        items = await self._store.get_many(PICTURES, [Key(*k) for k in keys])
        return {r.key: r for r in map(read_record, items.values())}

    async def opened(self, records: Sequence[PictureRecord], sight: Visibility) -> Sequence[SeenPicture]:
        """Records with their keys, for writers; those whose owner has no key any more are left out."""
        keys = await self._keys.keys_of({r.owner for r in records})
        return [SeenPicture(r, sight, keys[r.owner]) for r in records if r.owner in keys]

    async def save(self, record: PictureRecord, shown: Shown | None = None) -> PictureRecord | None:
        """Writes the next version, if the stored one is still the record's; None where it was not. `shown` is sealed anew."""
        (done,) = await self.save_many([(record, shown)])
        return done

    async def save_many(self, given: Sequence[tuple[PictureRecord, Shown | None]]) -> Sequence[PictureRecord | None]:
        """The same for several records at once, each on its own, in order."""
        fresh = [await self._next(record, shown) for record, shown in given]
        puts = [Put(PICTURES, _item(new), old.version) for new, (old, _) in zip(fresh, given, strict=True)]
        done = await self._store.write_each(puts)
        return [new if written else None for new, written in zip(fresh, done, strict=True)]

    async def _next(self, record: PictureRecord, shown: Shown | None) -> PictureRecord:
        sealed = dict(record.sealed)
        if shown is not None:
            keys = await self._keys.ensure(record.owner)
            sealed[_PICTURE] = seal(keys, record.binding, _PICTURE, _ENCODE(shown))
        if not record.waiting:
            sealed.pop(_WAITING, None)
        return msgspec.structs.replace(record, version=record.version + 1, sealed=sealed)

    async def put_waiting(self, found: Sequence[tuple[PictureRecord, Waiting]]) -> None:
        """Remembers files to be looked at, durable on return; whoever changes a record meanwhile wins."""
        writes = []
        for record, waiting in found:
            keys = await self._keys.ensure(record.owner)
            sealed = {**record.sealed, _WAITING: seal(keys, record.binding, _WAITING, _ENCODE(waiting))}
            fresh = msgspec.structs.replace(record, version=record.version + 1, waiting=True, sealed=sealed)
            writes.append(Put(PICTURES, _item(fresh), record.version))
        await self._store.write_each(writes)

    async def waiting(self, owner: str, *, limit: int = 100) -> Sequence[tuple[PictureRecord, Waiting]]:
        """Files of an owner that wait to be looked at; none when the owner has no key any more."""
        entries = await first_entries(self._store, PICTURES, "waiting", owner, Span(), limit=limit)
        records = await self.raw([PhotoKey(*e.key) for e in entries])
        keys = (await self._keys.keys_of([owner])).get(owner)
        wait = [r for r in records.values() if r.waiting]
        return [] if keys is None else [(r, _opened_waiting(keys, r)) for r in wait]

    async def delete_many(self, records: Iterable[PictureRecord]) -> None:
        """Removes records, those that are still as given."""
        await self._store.write_each([Remove(PICTURES, Key(r.owner, r.id), r.version) for r in records])

    async def of_owner(
        self, owner: str, *, after: str | None = None, limit: int = 500
    ) -> tuple[Sequence[PictureRecord], str | None]:
        """Every record of an owner in order of id."""
        page = await self._store.query(PICTURES, owner, Span(), limit=limit, after=after)
        return [read_record(i) for i in page.items], page.after


def _item(record: PictureRecord) -> Item:
    indexes = {"waiting": Key(record.owner, record.id)} if record.waiting else {}
    return Item(Key(record.owner, record.id), record.version, _ENCODE(record), indexes)


def _opened_waiting(keys: OwnerKeys, record: PictureRecord) -> Waiting:
    try:
        return msgspec.msgpack.decode(unseal(keys, record.binding, _WAITING, record.sealed[_WAITING]), type=Waiting)
    except (SealError, KeyError, msgspec.MsgspecError) as e:
        raise Corrupt(PICTURES.name, "a waiting file cannot be read") from e


def read_record(item: Item) -> PictureRecord:
    """The record in an item; raises `Corrupt`."""
    return read_body(_RECORD, item, PICTURES)
