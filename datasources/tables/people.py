"""The table of people seen in photos. Names are sealed; a share shows nobody's people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from access.classes import DataClass
from access.policy import Visibility
from access.scope import Scope
from access.seals import Binding, OwnerKeys, seal
from datasources.tables.sealed_body import Keys, open_group, read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Span, Table

PEOPLE = Table("people", feed=True)
_ENCODE = msgspec.msgpack.Encoder().encode


class PersonKey(msgspec.Struct, frozen=True):
    """A person's owner and local id."""

    owner: str
    id: str


class PersonRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person. Merged into another they stay as a pointer, so that a later import finds the survivor."""

    owner: str
    id: str
    version: int
    cover: str | None = None
    merged_into: str | None = None
    sealed: Mapping[str, bytes] = {}

    @property
    def key(self) -> PersonKey:
        """Owner and local id."""
        return PersonKey(self.owner, self.id)

    @property
    def binding(self) -> Binding:
        """What its seals are bound to."""
        return Binding(PEOPLE.name, self.owner, self.id)


@dataclass(frozen=True)
class SeenPerson:
    """A person as one viewer may see them."""

    record: PersonRecord
    sight: Visibility
    keys: OwnerKeys

    @cached_property
    def name(self) -> str | None:
        """As the owner named them."""
        plain = open_group(self.sight, DataClass.BIOMETRIC, self.keys, self.record.binding, self.record.sealed)
        return None if plain is None else plain.decode()


_RECORD = msgspec.msgpack.Decoder(PersonRecord)


class People:
    """People of a scope, and the one way in which they are written."""

    def __init__(self, store: ItemStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def by_ids(self, scope: Scope, ids: Sequence[PersonKey]) -> Mapping[PersonKey, SeenPerson]:
        """Those of libraries whose people the viewer may know; one batch. Others do not exist for a viewer."""
        wanted = [Key(k.owner, k.id) for k in dict.fromkeys(ids) if _sight(scope, k.owner)]
        items = await self._store.get_many(PEOPLE, wanted) if wanted else {}
        return await self._seen(scope, [read_body(_RECORD, i, PEOPLE) for i in items.values()])

    async def all(self, scope: Scope) -> Sequence[SeenPerson]:
        """Everyone of the libraries of the scope's named customers, in no order."""
        records: list[PersonRecord] = []
        for owner in sorted(o for o in scope.owners if _sight(scope, o)):
            after: str | None = None
            while True:
                page = await self._store.query(PEOPLE, owner, Span(), limit=1_000, after=after)
                records += [read_body(_RECORD, i, PEOPLE) for i in page.items]
                after = page.after
                if after is None:
                    break
        return list((await self._seen(scope, records)).values())

    async def raw(self, ids: Sequence[PersonKey]) -> Mapping[PersonKey, PersonRecord]:
        """Records as stored, merged ones too; for writers."""
        items = await self._store.get_many(PEOPLE, [Key(k.owner, k.id) for k in ids])
        return {r.key: r for r in (read_body(_RECORD, i, PEOPLE) for i in items.values())}

    async def save(self, record: PersonRecord, *, name: str | None = None) -> PersonRecord | None:
        """Writes the next version, sealing a name if one is given; None when the stored version is another."""
        sealed = dict(record.sealed)
        if name is not None:
            keys = await self._keys.ensure(record.owner)
            sealed[DataClass.BIOMETRIC.value] = seal(keys, record.binding, DataClass.BIOMETRIC.value, name.encode())
        written = msgspec.structs.replace(record, version=record.version + 1, sealed={} if record.merged_into else sealed)
        item = Item(Key(record.owner, record.id), written.version, _ENCODE(written))
        (done,) = await self._store.write_each([Put(PEOPLE, item, record.version)])
        return written if done else None

    async def _seen(self, scope: Scope, records: Sequence[PersonRecord]) -> Mapping[PersonKey, SeenPerson]:
        live = [(r, _sight(scope, r.owner)) for r in records if r.merged_into is None]
        keys = await self._keys.keys_of({r.owner for r, _ in live}) if live else {}
        return {r.key: SeenPerson(r, s, keys[r.owner]) for r, s in live if s is not None and r.owner in keys}


def _sight(scope: Scope, owner: str) -> Visibility | None:
    """People are of a library, not of an album; who may not know them does not learn that they exist."""
    sight = scope.library_sight(owner)
    return sight if sight is not None and sight.may(DataClass.BIOMETRIC) else None


def unnamed(record: PersonRecord) -> PersonRecord:
    """The same person without a name."""
    return msgspec.structs.replace(record, sealed={})
