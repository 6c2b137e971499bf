"""The table of people in photos. Names are sealed; shares do not show people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

PEOPLE = Table(
    "people",
    feed=True,
    stored=StoredData(
        name="table people",
        holds="People in photos; sealed: names",
        classes=(DataClass.OPERATIONAL, DataClass.BIOMETRIC, DataClass.CONTENT),
        erased=by_partition(),
        exported=Export(("people",)),
        backed_up=Backup.INCLUDED,
        proven=("tests/erasing/test_erase.py", "tests/exporting/test_round_trip.py"),
    ),
)
_ENCODE = msgspec.msgpack.Encoder().encode


class PersonKey(msgspec.Struct, frozen=True):
    """The owner and the local id of a person."""

    owner: str
    id: str


class PersonRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person. A merged person remains as a reference, so that a later import finds the other one."""

    owner: str
    id: str
    version: int
    cover: str | None = None
    merged_into: str | None = None
    sealed: Mapping[str, bytes] = {}

    @property
    def key(self) -> PersonKey:
        """The owner and the local id."""
        return PersonKey(self.owner, self.id)

    @property
    def binding(self) -> Binding:
        """The binding of its seals."""
        return Binding(PEOPLE.name, self.owner, self.id)


@dataclass(frozen=True)
class SeenPerson:
    """A person with the visibility of one viewer."""

    record: PersonRecord
    visibility: Visibility
    keys: OwnerKeys

    @cached_property
    def name(self) -> str | None:
        """The name that the owner gave."""
        plain = open_group(self.visibility, DataClass.BIOMETRIC, self.keys, self.record.binding, self.record.sealed)
        return None if plain is None else plain.decode()


_RECORD = msgspec.msgpack.Decoder(PersonRecord)


class People:
    """Reads people of a scope, and writes people."""

    def __init__(self, store: ItemStore, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def by_ids(self, scope: Scope, ids: Sequence[PersonKey]) -> Mapping[PersonKey, SeenPerson]:
        """The people of libraries in which the viewer may see people; one batch. Others are absent."""
        wanted = [Key(k.owner, k.id) for k in dict.fromkeys(ids) if _people_visibility(scope, k.owner)]
        items = await self._store.get_many(PEOPLE, wanted) if wanted else {}
        return await self._seen(scope, [read_body(_RECORD, i, PEOPLE) for i in items.values()])

    async def all(self, scope: Scope) -> Sequence[SeenPerson]:
        """Every person of the customers of the scope, in no order."""
        records: list[PersonRecord] = []
        for owner in sorted(o for o in scope.owners if _people_visibility(scope, o)):
            after: str | None = None
            while True:
                page = await self._store.query(PEOPLE, owner, Span(), limit=1_000, after=after)
                records += [read_body(_RECORD, i, PEOPLE) for i in page.items]
                after = page.after
                if after is None:
                    break
        return list((await self._seen(scope, records)).values())

    async def raw(self, ids: Sequence[PersonKey]) -> Mapping[PersonKey, PersonRecord]:
        """Records as stored, also merged ones; for writers."""
        items = await self._store.get_many(PEOPLE, [Key(k.owner, k.id) for k in ids])
        return {r.key: r for r in (read_body(_RECORD, i, PEOPLE) for i in items.values())}

    async def save(self, record: PersonRecord, *, name: str | None = None) -> PersonRecord | None:
        """Writes the next version and seals the name, if given. Returns None if the stored version differs."""
        sealed = dict(record.sealed)
        if name is not None:
            keys = await self._keys.ensure(record.owner)
            sealed[DataClass.BIOMETRIC.value] = seal(keys, record.binding, DataClass.BIOMETRIC.value, name.encode())
        written = msgspec.structs.replace(record, version=record.version + 1, sealed={} if record.merged_into else sealed)
        item = Item(Key(record.owner, record.id), written.version, _ENCODE(written))
        (done,) = await self._store.write_each([Put(PEOPLE, item, record.version)])
        return written if done else None

    async def _seen(self, scope: Scope, records: Sequence[PersonRecord]) -> Mapping[PersonKey, SeenPerson]:
        live = [(r, _people_visibility(scope, r.owner)) for r in records if r.merged_into is None]
        keys = await self._keys.keys_of({r.owner for r, _ in live}) if live else {}
        return {r.key: SeenPerson(r, s, keys[r.owner]) for r, s in live if s is not None and r.owner in keys}


def _people_visibility(scope: Scope, owner: str) -> Visibility | None:
    """People belong to a library, not to an album. A viewer without permission cannot learn that they exist."""
    visibility = scope.library_visibility(owner)
    return visibility if visibility is not None and visibility.may(DataClass.BIOMETRIC) else None


def unnamed(record: PersonRecord) -> PersonRecord:
    """The same person without a name."""
    return msgspec.structs.replace(record, sealed={})
