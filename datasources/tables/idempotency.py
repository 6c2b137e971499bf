"""The table of repeats: what a mutation answered the first time, so that sending it again does nothing (24 hours)."""

from __future__ import annotations

from enum import Enum

import msgspec

from access.seals import Binding, OwnerKeys, SealError, seal, unseal
from datasources.errors import Corrupt
from datasources.tables.store import Item, ItemStore, Key, Put, Remove, Table

IDEMPOTENCY_KEYS = Table("repeats", expires=True)
_GROUP = "ANSWER"
_DAY_S = 86_400
_RUNNING_S = 60
"""A first try that never ended blocks its repeats no longer than this."""
_ENCODE = msgspec.msgpack.Encoder().encode


class Repeat(Enum):
    """What is known of a mutation by its id."""

    FIRST = "FIRST"
    RUNNING = "RUNNING"
    OTHER_INPUT = "OTHER_INPUT"


class _Row(msgspec.Struct, frozen=True):
    input_hash: str
    answer: bytes | None = None


class IdempotencyKeys:
    """First answers by caller and `clientMutationId`."""

    def __init__(self, store: ItemStore) -> None:
        self._store = store

    async def begin(self, key: Key, input_hash: str, keys: OwnerKeys, *, now_s: int) -> Repeat | bytes:
        """Claims a mutation, or gives its first answer."""
        row = _Row(input_hash)
        item = Item(key, 1, _ENCODE(row), expires_at=now_s + _RUNNING_S)
        (done,) = await self._store.write_each([Put(IDEMPOTENCY_KEYS, item, 0)])
        if done:
            return Repeat.FIRST
        stored = (await self._store.get_many(IDEMPOTENCY_KEYS, [key])).get(key)
        if stored is None:  # it ended between the two calls: the next try is the first
            return Repeat.RUNNING
        known = msgspec.msgpack.decode(stored.body, type=_Row)
        if known.input_hash != input_hash:
            return Repeat.OTHER_INPUT
        if known.answer is None:
            return Repeat.RUNNING
        try:
            return unseal(keys, _binding(key, keys), _GROUP, known.answer)
        except SealError as e:
            raise Corrupt("repeats", str(e)) from e

    async def end(self, key: Key, input_hash: str, answer: bytes, keys: OwnerKeys, *, now_s: int) -> None:
        """Keeps the first answer for a day."""
        row = _Row(input_hash, seal(keys, _binding(key, keys), _GROUP, answer))
        await self._store.write_each([Put(IDEMPOTENCY_KEYS, Item(key, 2, _ENCODE(row), expires_at=now_s + _DAY_S), None)])

    async def forget(self, key: Key) -> None:
        """The first try failed as a whole: the next one is the first."""
        await self._store.write_each([Remove(IDEMPOTENCY_KEYS, key, None)])


def _binding(key: Key, keys: OwnerKeys) -> Binding:
    return Binding(IDEMPOTENCY_KEYS.name, keys.owner, f"{key.partition}\x1f{key.sort}")
