"""Wrapping keys: one for each month and region, wrapped by the key service, cached in memory once unwrapped.

So the key service is asked a few times a month, and readers go on while it is down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from access.classes import DataClass
from access.seals import DataKey
from datasources.errors import Corrupt
from datasources.keys.port import KeyService
from datasources.stored_data import Backup, Export, StoredData
from datasources.tables.erasure import by_key
from datasources.tables.single_flight import SingleFlight
from datasources.tables.store import Item, ItemStore, Key, Put, Table

KEYS = Table(
    "keys",
    stored=StoredData(
        name="table keys",
        holds="Wrapped data keys of customers, wrapping keys of months, secrets of the installation",
        classes=(DataClass.OPERATIONAL,),
        erased=by_key(lambda owner: Key(f"owner:{owner}", "keys"), "The customer's data keys, before everything else."),
        exported=Export(text="A key is no use outside of this installation."),
        backed_up=Backup.NEVER,
        proven=("tests/erasing/test_erase.py", "tests/tables/test_keys.py"),
    ),
)
SORT = "keys"
"""The sort key of the only row of a partition."""


class WrappingKeys:
    """Wrapping keys by name; a name is a region and a month."""

    def __init__(self, store: ItemStore, service: KeyService, region: str) -> None:
        self._store = store
        self._service = service
        self._region = region
        self._known: dict[str, DataKey] = {}
        self._loads: SingleFlight[str, DataKey] = SingleFlight(self._load)

    async def current(self, now_s: float) -> DataKey:
        """The key of this month, created if there is none. Its id is its name."""
        name = f"{self._region}:{datetime.fromtimestamp(now_s, UTC):%Y-%m}"
        known = await self.by_name([name])
        if name in known:
            return known[name]
        plain = await secret_of(self._store, self._service, _row(name), _context(name))
        return self._known.setdefault(name, DataKey(name.encode(), plain))

    async def by_name(self, names: Iterable[str]) -> Mapping[str, DataKey]:
        """The keys that exist; at most one batch from the store."""
        wanted = set(names)
        missing = [name for name in wanted if name not in self._known]
        if missing:
            self._known.update(await self._loads.load_many(missing))
        return {name: self._known[name] for name in wanted if name in self._known}

    async def _load(self, names: Sequence[str]) -> Mapping[str, DataKey]:
        rows = await self._store.get_many(KEYS, [_row(name) for name in names])
        stored = [(name, rows[_row(name)].body) for name in names if _row(name) in rows]
        plain = await asyncio.gather(*(self._service.unwrap(body, _context(name)) for name, body in stored))
        return {name: DataKey(name.encode(), secret) for (name, _), secret in zip(stored, plain, strict=True)}


async def secret_of(store: ItemStore, service: KeyService, row: Key, context: Mapping[str, str]) -> bytes:
    """The unwrapped secret of a row, created if there is none. Concurrent callers get the same secret."""
    found = (await store.get_many(KEYS, [row])).get(row)
    if found is None:
        plain, wrapped = await service.generate(context)
        (first,) = await store.write_each([Put(KEYS, Item(row, 1, wrapped), 0)])
        if first:
            return plain
        found = (await store.get_many(KEYS, [row])).get(row)
        if found is None:
            raise Corrupt("keys", "a wrapped secret was there and is not")
    return await service.unwrap(found.body, context)


def _row(name: str) -> Key:
    return Key(f"wrapping:{name}", SORT)


def _context(name: str) -> Mapping[str, str]:
    return {"purpose": "wrapping", "name": name}
