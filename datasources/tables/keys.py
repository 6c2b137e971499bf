"""The table of keys: the wrapped data keys of each owner. Without the row, everything sealed under it is unreadable.

One item holds all versions of an owner's key, so that the keys of a page are one batch. Of a destroyed owner a hashed mark
stays for ever (`erased`): such an owner never silently gets a new key.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag

from access.seals import DataKey, OwnerKeys
from datasources.errors import Conflict, Corrupt, SourceError
from datasources.keys.port import KeyService
from datasources.tables.erasure_marks import is_marked, put_mark, unless_marked
from datasources.tables.single_flight import SingleFlight
from datasources.tables.store import Item, ItemStore, Key, Put, Remove
from datasources.tables.wrapping_keys import KEYS, SORT, WrappingKeys, secret_of

__all__ = ["CACHE_S", "KEYS", "Clocks", "Destroyed", "KeyRing"]

CACHE_S = 45.0
"""Maximum age of a key in memory, and so the time until a destroyed key is unknown to every process."""
_CACHED_OWNERS = 10_000
_TRIES = 10
_NONCE_BYTES = 12


class Destroyed(SourceError):
    """The keys of the owner were destroyed and cannot be created again."""


class Clocks(NamedTuple):
    """Wall clock in seconds since 1970, and a monotonic clock in seconds."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic


class _Version(msgspec.Struct, frozen=True, array_like=True):
    id: bytes
    wrapped_by: str
    wrapped: bytes
    seals_from_s: int


class _Row(msgspec.Struct, frozen=True, array_like=True):
    """Keys. Earlier versions left a row without keys as the mark of a destroyed owner; both or neither was tampered with."""

    versions: tuple[_Version, ...]
    destroyed: bool


_DECODE = msgspec.msgpack.Decoder(_Row).decode
_ENCODE = msgspec.msgpack.Encoder().encode


class KeyRing:
    """The data keys of owners, cached for at most `CACHE_S`, also while the key service is unavailable."""

    def __init__(self, store: ItemStore, service: KeyService, *, region: str = "local", clocks: Clocks | None = None) -> None:
        self._store = store
        self._service = service
        self._clocks = clocks or Clocks()
        self._wrapping = WrappingKeys(store, service, region)
        self._loads: SingleFlight[str, OwnerKeys] = SingleFlight(self._load)
        self._cache: OrderedDict[str, tuple[OwnerKeys, float]] = OrderedDict()
        self._destroyed: set[str] = set()

    async def keys_of(self, owners: Iterable[str]) -> Mapping[str, OwnerKeys]:
        """The keys of these owners; one batch for keys that are not cached. Unknown and erased owners are absent."""
        wanted = set(owners)
        found = {owner: keys for owner in wanted if (keys := self._cached(owner)) is not None}
        missing = wanted - found.keys()
        if missing:
            found |= await self._loads.load_many(missing)
        return {owner: keys for owner, keys in found.items() if owner not in self._destroyed}

    async def ensure(self, owner: str) -> OwnerKeys:
        """The keys of an owner, created if there are none. Concurrent callers get the same keys. Raises `Destroyed`."""
        keys = (await self.keys_of([owner])).get(owner)
        return keys or await self._add(owner, lambda row: not row.versions)

    async def rotate(self, owner: str) -> OwnerKeys:
        """Adds a key. It decrypts at once and encrypts after twice `CACHE_S`, when every process has it."""
        return await self._add(owner, lambda _: True)

    async def is_destroyed(self, owner: str) -> bool:
        """Whether the owner was erased, read from the table."""
        return await is_marked(self._store, owner)

    async def destroy(self, owner: str) -> None:
        """Destroys all keys of an owner and writes the mark. A repeat only writes the mark."""
        self._destroyed.add(owner)
        try:
            await self._store.transact([put_mark(owner), Remove(KEYS, _key(owner), None)])
        except BaseException:
            self._destroyed.discard(owner)
            raise
        finally:
            self._cache.pop(owner, None)

    async def installation_secret(self, name: str) -> bytes:
        """32 secret bytes of this installation for one purpose. Concurrent callers get the same ones."""
        return await secret_of(self._store, self._service, Key(f"secret:{name}", SORT), {"purpose": "installation", "name": name})

    async def has_installation_secret(self, name: str) -> bool:
        """Whether the secret exists; it is not created."""
        row = Key(f"secret:{name}", SORT)
        return row in await self._store.get_many(KEYS, [row])

    def _cached(self, owner: str) -> OwnerKeys | None:
        entry = self._cache.get(owner)
        if entry is None or entry[1] <= self._clocks.steady():
            return None
        self._cache.move_to_end(owner)
        return entry[0]

    def _keep(self, keys: OwnerKeys, until: float) -> None:
        if keys.owner in self._destroyed:
            return
        self._cache[keys.owner] = (keys, until)
        self._cache.move_to_end(keys.owner)
        if len(self._cache) > _CACHED_OWNERS:
            self._cache.popitem(last=False)

    async def _load(self, owners: Sequence[str]) -> Mapping[str, OwnerKeys]:
        # The time counts from before the read: what is destroyed after it is gone in time.
        until = self._clocks.steady() + CACHE_S
        items = await self._store.get_many(KEYS, [_key(owner) for owner in owners])
        rows = {owner: _read(items.get(_key(owner))) for owner in owners}
        live = {owner: row for owner, row in rows.items() if row.versions}
        opened = await self._open(live)
        for keys in opened.values():
            self._keep(keys, until)
        return opened

    async def _open(self, rows: Mapping[str, _Row]) -> Mapping[str, OwnerKeys]:
        wrapping = await self._wrapping.by_name({v.wrapped_by for row in rows.values() for v in row.versions})
        now = self._clocks.wall()
        opened = {}
        for owner, row in rows.items():
            by_id = {v.id: _unwrap(owner, v, wrapping) for v in row.versions}
            current = [v.id for v in row.versions if v.seals_from_s <= now] or [row.versions[0].id]
            opened[owner] = OwnerKeys(owner, by_id[current[-1]], by_id)
        return opened

    async def _add(self, owner: str, wanted: Callable[[_Row], bool]) -> OwnerKeys:
        for _ in range(_TRIES):
            until = self._clocks.steady() + CACHE_S
            item = (await self._store.get_many(KEYS, [_key(owner)])).get(_key(owner))
            before = _read(item)
            if before.destroyed or owner in self._destroyed or await self.is_destroyed(owner):
                raise Destroyed("keys", "the customer was erased")
            after = _Row((*before.versions, await self._fresh(owner, before)), destroyed=False) if wanted(before) else before
            if after is before or await self._stored(owner, item, after):
                keys = (await self._open({owner: after}))[owner]
                self._keep(keys, until)
                return keys
        raise Conflict("keys", "the keys of an owner change all the time")

    async def _fresh(self, owner: str, row: _Row) -> _Version:
        now = self._clocks.wall()
        wrapping = await self._wrapping.current(now)
        name = wrapping.id.decode()
        version = _Version(secrets.token_bytes(8), name, b"", int(now + 2 * CACHE_S) + 1 if row.versions else 0)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = wrapping.cipher.encrypt(nonce, secrets.token_bytes(32), _associated(owner, version))
        return msgspec.structs.replace(version, wrapped=nonce + sealed)

    async def _stored(self, owner: str, before: Item | None, row: _Row) -> bool:
        version = before.version if before else 0
        put = Put(KEYS, Item(_key(owner), version + 1, _ENCODE(row)), version)
        try:
            # In one with the mark's absence: no race gives an erased owner a key.
            await self._store.transact([put, unless_marked(owner)])
        except Conflict:
            return False
        return True


def _key(owner: str) -> Key:
    return Key(f"owner:{owner}", SORT)


def _read(item: Item | None) -> _Row:
    if item is None:
        return _Row((), destroyed=False)
    try:
        row = _DECODE(item.body)
    except ValueError as e:  # msgspec's own errors, and UnicodeDecodeError, which it lets through
        raise Corrupt("keys", "the keys of an owner cannot be read") from e
    if row.destroyed == bool(row.versions):
        raise Corrupt("keys", "the keys of an owner are neither there nor destroyed")
    return row


def _unwrap(owner: str, version: _Version, wrapping: Mapping[str, DataKey]) -> DataKey:
    key = wrapping.get(version.wrapped_by)
    if key is None:
        raise Corrupt("keys", f"the wrapping key {version.wrapped_by} is gone")
    nonce, sealed = version.wrapped[:_NONCE_BYTES], version.wrapped[_NONCE_BYTES:]
    try:
        return DataKey(version.id, key.cipher.decrypt(nonce, sealed, _associated(owner, version)))
    except (InvalidTag, ValueError) as e:
        raise Corrupt("keys", "a wrapped data key was altered or moved") from e


def _associated(owner: str, version: _Version) -> bytes:
    parts = (
        b"photos-data-gateway data key",
        owner.encode(),
        version.id,
        version.wrapped_by.encode(),
        str(version.seals_from_s).encode(),
    )
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
