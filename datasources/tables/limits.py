"""Limits that hold on every engine, checked before a call is sent. A violation is a mistake of the caller: `ValueError`.

The numbers are the quotas of DynamoDB (keys 2,048 and 1,024 bytes, a transaction 4 MB), so that both engines accept the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from datasources.tables.index_keys import MAX_INDEX_SORT, index_sort
from datasources.tables.store import MAX_BODY, MAX_TRANSACTION, Item, Key, Put, Table, Write

_MAX_PARTITION = 2_048
_MAX_SORT = 1_024
_MAX_TRANSACTION_BYTES = 4_000_000
_MAX_NUMBER = 2**63 - 1


def check_key(key: Key) -> None:
    """Checks that both parts are non-empty, valid Unicode and within their limits."""
    check_text(key.partition, _MAX_PARTITION)
    check_text(key.sort, _MAX_SORT)


def check_text(text: str, most: int = _MAX_PARTITION) -> None:
    """Checks a part of a key."""
    if not text:
        raise ValueError("a key has an empty part")
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("a key is not Unicode text") from None
    if size > most:
        raise ValueError(f"a key has {size} bytes, at most {most}")


def check_limit(limit: int) -> None:
    """Checks that a page may contain an item."""
    if limit < 1:
        raise ValueError("the limit of a page is at least 1")


def check_each(writes: Sequence[Write]) -> None:
    """Checks each write, and that no item is written twice."""
    seen: set[tuple[str, Key]] = set()
    for write in writes:
        key = _checked(write)
        seen.add((write.table.name, key))
    if len(seen) != len(writes):
        raise ValueError("an item is written twice in one call")


def check_transaction(writes: Sequence[Write]) -> None:
    """`check_each`, and the limits of a transaction."""
    if len(writes) > MAX_TRANSACTION:
        raise ValueError(f"a transaction has {len(writes)} writes, at most {MAX_TRANSACTION}")
    check_each(writes)
    if sum(len(w.item.body) for w in writes if isinstance(w, Put)) > _MAX_TRANSACTION_BYTES:
        raise ValueError(f"a transaction holds more than {_MAX_TRANSACTION_BYTES} bytes")


def _checked(write: Write) -> Key:
    if write.if_version is not None and write.if_version < 0:
        raise ValueError("a condition on a version below 0")
    if isinstance(write, Put):
        _check_item(write.table, write.item)
        return write.item.key
    check_key(write.key)
    return write.key


def _check_item(table: Table, item: Item) -> None:
    check_key(item.key)
    if not 1 <= item.version <= _MAX_NUMBER:
        raise ValueError(f"{table.name}: versions start at 1")
    if len(item.body) > MAX_BODY:
        raise ValueError(f"{table.name}: a body of {len(item.body)} bytes, at most {MAX_BODY}")
    if item.expires_at is not None and not (table.expires and abs(item.expires_at) <= _MAX_NUMBER):
        raise ValueError(f"{table.name}: items of this table do not expire, or not then")
    for name, key in item.indexes.items():
        if name not in table.indexes:
            raise ValueError(f"{table.name}: no index {name}")
        check_key(key)
        if len(index_sort(key.sort, item.key)) > MAX_INDEX_SORT:
            raise ValueError(f"{table.name}: index {name}: the keys together are too long")
