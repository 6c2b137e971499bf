"""The table of albums. Photos name their albums; titles are sealed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from access.classes import DataClass
from access.policy import Visibility
from access.scope import Scope
from access.seals import Binding, OwnerKeys, seal
from datasources.stored_data import Backup, Export, StoredData
from datasources.tables.erasure import by_partition
from datasources.tables.sealed_body import Keys, open_group, read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Span, Table

ALBUMS = Table(
    "albums",
    feed=True,
    stored=StoredData(
        name="table albums",
        holds="Albums; sealed: titles",
        classes=(DataClass.OPERATIONAL, DataClass.CONTENT),
        erased=by_partition(),
        exported=Export(("albums",)),
        backed_up=Backup.INCLUDED,
        proven=("tests/erasing/test_erase.py", "tests/exporting/test_round_trip.py"),
    ),
)
_ENCODE = msgspec.msgpack.Encoder().encode


class AlbumKey(msgspec.Struct, frozen=True):
    """The owner and the local id of an album."""

    owner: str
    id: str


class AlbumRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An album; `deleted` marks a tombstone."""

    owner: str
    id: str
    version: int
    created_at_ms: int
    cover: str | None = None
    deleted: bool = False
    sealed: Mapping[str, bytes] = {}

    @property
    def key(self) -> AlbumKey:
        """The owner and the local id."""
        return AlbumKey(self.owner, self.id)

    @property
    def binding(self) -> Binding:
        """The binding of its seals."""
        return Binding(ALBUMS.name, self.owner, self.id)


@dataclass(frozen=True)
class SeenAlbum:
    """An album with the visibility of one viewer."""

    record: AlbumRecord
    visibility: Visibility
    keys: OwnerKeys

    @cached_property
    def title(self) -> str | None:
        """The title, None if the viewer may not see it."""
        plain = open_group(self.visibility, DataClass.CONTENT, self.keys, self.record.binding, self.record.sealed)
        return None if plain is None else plain.decode()


_RECORD = msgspec.msgpack.Decoder(AlbumRecord)


class Albums:
    """Reads albums of a scope, and writes albums."""

    def __init__(self, store: ItemStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def by_ids(self, scope: Scope, ids: Sequence[AlbumKey]) -> Mapping[AlbumKey, SeenAlbum]:
        """The albums that are visible in the scope; one batch."""
        wanted = [Key(k.owner, k.id) for k in dict.fromkeys(ids) if scope.album_visibility(k.owner, k.id)]
        items = await self._store.get_many(ALBUMS, wanted) if wanted else {}
        return await self._seen(scope, [read_body(_RECORD, i, ALBUMS) for i in items.values()])

    async def of_invitations(self, ids: Collection[AlbumKey], visibility: Visibility) -> Mapping[AlbumKey, SeenAlbum]:
        """The albums of invitations that the viewer received."""
        live = [r for r in (await self.raw(list(ids))).values() if not r.deleted] if ids else []
        keys = await self._keys.keys_of({r.owner for r in live}) if live else {}
        return {r.key: SeenAlbum(r, visibility, keys[r.owner]) for r in live if r.owner in keys}

    async def all(self, scope: Scope) -> Sequence[SeenAlbum]:
        """Every album of the customers of the scope, in no order."""
        records: list[AlbumRecord] = []
        for owner in sorted(o for o in scope.owners if scope.library_visibility(o)):
            records += await self._of_owner(owner)
        granted = [Key(g.owner, g.album) for g in scope.grants if g.owner != scope.own]
        if granted:
            items = await self._store.get_many(ALBUMS, granted)
            records += [read_body(_RECORD, i, ALBUMS) for i in items.values()]
        return list((await self._seen(scope, records)).values())

    async def _of_owner(self, owner: str) -> list[AlbumRecord]:
        records: list[AlbumRecord] = []
        after: str | None = None
        while True:
            page = await self._store.query(ALBUMS, owner, Span(), limit=1_000, after=after)
            records += [read_body(_RECORD, i, ALBUMS) for i in page.items]
            after = page.after
            if after is None:
                return records

    async def save(self, record: AlbumRecord, *, title: str | None = None) -> AlbumRecord | None:
        """Writes the next version and seals the title, if given. Returns None if the stored version differs."""
        sealed = dict(record.sealed)
        if title is not None:
            keys = await self._keys.ensure(record.owner)
            sealed[DataClass.CONTENT.value] = seal(keys, record.binding, DataClass.CONTENT.value, title.encode())
        written = msgspec.structs.replace(record, version=record.version + 1, sealed={} if record.deleted else sealed)
        item = Item(Key(record.owner, record.id), written.version, _ENCODE(written))
        (done,) = await self._store.write_each([Put(ALBUMS, item, record.version)])
        return written if done else None

    async def raw(self, ids: Sequence[AlbumKey]) -> Mapping[AlbumKey, AlbumRecord]:
        """Records as stored, also tombstones; for writers."""
        items = await self._store.get_many(ALBUMS, [Key(k.owner, k.id) for k in ids])
        return {r.key: r for r in (read_body(_RECORD, i, ALBUMS) for i in items.values())}

    async def _seen(self, scope: Scope, records: Sequence[AlbumRecord]) -> Mapping[AlbumKey, SeenAlbum]:
        live = [(r, scope.album_visibility(r.owner, r.id)) for r in records if not r.deleted]
        keys = await self._keys.keys_of({r.owner for r, _ in live}) if live else {}
        return {r.key: SeenAlbum(r, s, keys[r.owner]) for r, s in live if s is not None and r.owner in keys}
