"""The table of erased customers: a permanent hashed mark for each, and nothing else of them.

The mark is a hash of the local id, which is a keyed hash itself: whoever reads the table learns nobody. It refuses keys, and
so every import and every mutation, for ever.
"""

from __future__ import annotations

import hashlib

from datasources.tables.store import Item, ItemStore, Key, Put, Remove, Table

ERASURE_MARKS = Table("erased")
_SORT = "mark"


def mark_of(owner: str) -> Key:
    """Where the mark of an owner stands."""
    return Key(hashlib.blake2b(owner.encode(), digest_size=16, person=b"erased").hexdigest(), _SORT)


def put_mark(owner: str) -> Put:
    """Writes the mark; again: nothing changes."""
    return Put(ERASURE_MARKS, Item(mark_of(owner), 1, b"\x01"), None)


def unless_marked(owner: str) -> Remove:
    """The condition of a transaction that there is no mark."""
    return Remove(ERASURE_MARKS, mark_of(owner), 0)


async def is_marked(store: ItemStore, owner: str) -> bool:
    """Whether this customer was erased."""
    key = mark_of(owner)
    return key in await store.get_many(ERASURE_MARKS, [key])
