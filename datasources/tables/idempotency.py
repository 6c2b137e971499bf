"""The table of idempotency keys: the first result of a mutation, returned to repeats within 24 hours."""

from __future__ import annotations

from enum import Enum

import msgspec

from access.classes import DataClass
from access.seals import Binding, OwnerKeys, SealError, seal, unseal
from datasources.errors import Corrupt
from datasources.stored_data import Backup, Export, StoredData
from datasources.tables.erasure import by_partition
from datasources.tables.store import Item, ItemStore, Key, Put, Remove, Table

IDEMPOTENCY_KEYS = Table(
    "repeats",
    expires=True,
    stored=StoredData(
        name="table repeats",
        holds="Idempotency keys; sealed: the result of the first request",
        classes=(DataClass.OPERATIONAL, DataClass.CONTENT),
        erased=by_partition(
            lambda owner: f"CUSTOMER:{owner}", "The rows of the customer as caller; rows of services expire within a day."
        ),
        exported=Export(text="It repeats results of mutations and expires after 24 hours."),
        backed_up=Backup.INCLUDED,
        proven=("tests/erasing/test_erase.py",),
    ),
)
_GROUP = "ANSWER"
_DAY_S = 86_400
_RUNNING_S = 60
"""Maximum time that an unfinished first request blocks its repeats."""
_ENCODE = msgspec.msgpack.Encoder().encode


class Repeat(Enum):
    """The state of an idempotency key."""

    FIRST = "FIRST"
    RUNNING = "RUNNING"
    OTHER_INPUT = "OTHER_INPUT"


class _Row(msgspec.Struct, frozen=True):
    input_hash: str
    answer: bytes | None = None


class IdempotencyKeys:
    """First results by caller and `clientMutationId`."""

    def __init__(self, store: ItemStore) -> None:
        self._store = store

    async def begin(self, key: Key, input_hash: str, keys: OwnerKeys, *, now_s: int) -> Repeat | bytes:
        """Claims a mutation, or returns its first result."""
        row = _Row(input_hash)
        item = Item(key, 1, _ENCODE(row), expires_at=now_s + _RUNNING_S)
        (done,) = await self._store.write_each([Put(IDEMPOTENCY_KEYS, item, 0)])
        if done:
            return Repeat.FIRST
        stored = (await self._store.get_many(IDEMPOTENCY_KEYS, [key])).get(key)
        if stored is None:  # the first request failed between the two calls, so the next one counts as the first
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
        """Stores the first result for a day."""
        row = _Row(input_hash, seal(keys, _binding(key, keys), _GROUP, answer))
        await self._store.write_each([Put(IDEMPOTENCY_KEYS, Item(key, 2, _ENCODE(row), expires_at=now_s + _DAY_S), None)])

    async def forget(self, key: Key) -> None:
        """Releases a claim after a failed request."""
        await self._store.write_each([Remove(IDEMPOTENCY_KEYS, key, None)])


def _binding(key: Key, keys: OwnerKeys) -> Binding:
    return Binding(IDEMPOTENCY_KEYS.name, keys.owner, f"{key.partition}\x1f{key.sort}")
