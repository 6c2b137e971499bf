"""The table of pictures: facts about the file of a photo. Values that show the picture are sealed with class PICTURE.

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
from datasources.stored_data import Backup, Export, StoredData
from datasources.tables.erasure import by_partition
from datasources.tables.index_entries import first_entries
from datasources.tables.photos import SeenPhoto
from datasources.tables.sealed_body import Keys, open_group, read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Remove, Span, Table

PICTURES = Table(
    "pictures",
    indexes=("waiting",),
    stored=StoredData(
        name="table pictures",
        holds="Sizes and ids of originals; sealed: placeholders, perceptual hashes",
        classes=(DataClass.OPERATIONAL, DataClass.PICTURE),
        erased=by_partition(),
        exported=Export(text="It is computed from the originals, which are exported."),
        backed_up=Backup.INCLUDED,
        proven=("tests/erasing/test_erase.py",),
    ),
)
_WAITING = "WAITING"
"""A separate sealed group, because the path of a file reveals names of folders."""
MAX_NEAR_DUPLICATES = 100
_PICTURE = DataClass.PICTURE.value


class Shown(msgspec.Struct, frozen=True, array_like=True):
    """The ThumbHash and the perceptual hashes (`pictures.likeness`) of a picture; empty when unknown."""

    thumbhash: bytes = b""
    hashes: bytes = b""
    sketch: bytes = b""


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """A file that an import found and has not decoded yet."""

    path: bytes
    sha256: str
    content_type: str
    link: bool = False
    motion_path: bytes | None = None
    motion_sha256: str | None = None
    orientation: int = 0
    """The orientation of a sidecar, if the picture must be turned by it; 0 otherwise."""
    motion_type: str | None = None
    motion_start: int = 0
    """The first byte of a film that is a part of the file of its picture, and `motion_size` its size; 0 otherwise."""
    motion_size: int = 0


class PictureRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The file of a photo. `original` is its name in the media store; width and height are those of the displayed picture."""

    owner: str
    id: str
    version: int = 0
    original: str | None = None
    motion: str | None = None
    """The video of a live photo."""
    motion_type: str | None = None
    """Its media type; None for one that was imported before types were stored."""
    poster: str | None = None
    """The picture from which renditions are made: a still of a video, or a picture that was turned by its sidecar."""
    content_type: str | None = None
    width: int | None = None
    height: int | None = None
    """None if the file cannot be rendered."""
    near_duplicates: tuple[str, ...] = msgspec.field(default=(), name="twins")
    """Photos of the same owner that show the same picture."""
    linked: bool = False
    """The original is a referenced file and is not copied."""
    waiting: bool = False
    sealed: Mapping[str, bytes] = {}

    @property
    def key(self) -> PhotoKey:
        """Owner and local id of the photo."""
        return PhotoKey(self.owner, self.id)

    @property
    def source(self) -> str | None:
        """The file that renditions are made from; None if there is none."""
        return None if self.width is None else self.poster or self.original

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files in the media store."""
        return tuple(f for f in (self.original, self.motion, self.poster) if f is not None)

    @property
    def binding(self) -> Binding:
        """The binding of its seal."""
        return Binding(PICTURES.name, self.owner, self.id)


@dataclass(frozen=True)
class SeenPicture:
    """A picture with the visibility of one viewer. Sealed values are decrypted when read."""

    record: PictureRecord
    visibility: Visibility
    keys: OwnerKeys

    @cached_property
    def shown(self) -> Shown | None:
        """The values that show it; None if there are none or the viewer may not see pictures."""
        plain = open_group(self.visibility, DataClass.PICTURE, self.keys, self.record.binding, self.record.sealed)
        return None if plain is None else _SHOWN.decode(plain)


_RECORD = msgspec.msgpack.Decoder(PictureRecord)
_SHOWN = msgspec.msgpack.Decoder(Shown)
_ENCODE = msgspec.msgpack.Encoder().encode


class Pictures:
    """Reads pictures of visible photos, and writes pictures."""

    def __init__(self, store: ItemStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def of_photos(self, scope: Scope, photos: Sequence[SeenPhoto]) -> Mapping[PhotoKey, SeenPicture]:
        """The pictures of visible photos, with the same visibility; one batch. Photos without a file are absent."""
        seen = {p.key: p for p in photos if scope.reaches(p.record.owner) and p.visibility.may(DataClass.PICTURE)}
        items = await self._store.get_many(PICTURES, [Key(*k) for k in seen]) if seen else {}
        records = [read_record(i) for i in items.values()]
        return {r.key: SeenPicture(r, seen[r.key].visibility, seen[r.key].keys) for r in records}

    async def raw(self, keys: Sequence[PhotoKey]) -> Mapping[PhotoKey, PictureRecord]:
        """Records as stored; for writers."""
        items = await self._store.get_many(PICTURES, [Key(*k) for k in keys])
        return {r.key: r for r in map(read_record, items.values())}

    async def opened(self, records: Sequence[PictureRecord], visibility: Visibility) -> Sequence[SeenPicture]:
        """Records with their keys, for writers. Records of owners without a key are absent."""
        keys = await self._keys.keys_of({r.owner for r in records})
        return [SeenPicture(r, visibility, keys[r.owner]) for r in records if r.owner in keys]

    async def save(self, record: PictureRecord, shown: Shown | None = None) -> PictureRecord | None:
        """Writes the next version and seals `shown`. Returns None if the stored version differs."""
        (done,) = await self.save_many([(record, shown)])
        return done

    async def save_many(self, given: Sequence[tuple[PictureRecord, Shown | None]]) -> Sequence[PictureRecord | None]:
        """`save` for several records, each separately, in order."""
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
        """Stores files to decode, durable on return. A concurrent change of a record wins."""
        writes = []
        for record, waiting in found:
            keys = await self._keys.ensure(record.owner)
            sealed = {**record.sealed, _WAITING: seal(keys, record.binding, _WAITING, _ENCODE(waiting))}
            fresh = msgspec.structs.replace(record, version=record.version + 1, waiting=True, sealed=sealed)
            writes.append(Put(PICTURES, _item(fresh), record.version))
        await self._store.write_each(writes)

    async def waiting(self, owner: str, *, limit: int = 100) -> Sequence[tuple[PictureRecord, Waiting]]:
        """Files of an owner that wait to be decoded; empty if the owner has no key."""
        entries = await first_entries(self._store, PICTURES, "waiting", owner, Span(), limit=limit)
        records = await self.raw([PhotoKey(*e.key) for e in entries])
        keys = (await self._keys.keys_of([owner])).get(owner)
        wait = [r for r in records.values() if r.waiting]
        return [] if keys is None else [(r, _opened_waiting(keys, r)) for r in wait]

    async def delete_many(self, records: Iterable[PictureRecord]) -> None:
        """Removes records whose stored version is that of the record."""
        await self._store.write_each([Remove(PICTURES, Key(r.owner, r.id), r.version) for r in records])

    async def of_owner(
        self, owner: str, *, after: str | None = None, limit: int = 500
    ) -> tuple[Sequence[PictureRecord], str | None]:
        """A page of the records of an owner in order of id."""
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
    """Decodes the record of an item; raises `Corrupt`."""
    return read_body(_RECORD, item, PICTURES)
