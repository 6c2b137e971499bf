"""The table of erased customers: a permanent mark for each, and nothing else.

The mark is a hash of the local id, which is a keyed hash itself, so the table reveals no identity. An owner with a mark gets no
keys, and so no import and no mutation succeeds.
"""

from __future__ import annotations

import hashlib

from access.classes import DataClass
from datasources.stored_data import Backup, Erasure, Export, StoredData
from datasources.tables.store import Item, ItemStore, Key, Put, Remove, Table

ERASURE_MARKS = Table(
    "erased",
    stored=StoredData(
        name="table erased",
        holds="Hashes of the ids of erased customers",
        classes=(DataClass.OPERATIONAL,),
        erased=Erasure("Never: the mark refuses new data of an erased customer."),
        exported=Export(text="Only erased customers have a mark."),
        backed_up=Backup.INCLUDED,
        proven=("tests/erasing/test_staying_out.py",),
    ),
)
_SORT = "mark"


def mark_of(owner: str) -> Key:
    """The key of the mark of an owner."""
    return Key(hashlib.blake2b(owner.encode(), digest_size=16, person=b"erased").hexdigest(), _SORT)


def put_mark(owner: str) -> Put:
    """Writes the mark; a repeat changes nothing."""
    return Put(ERASURE_MARKS, Item(mark_of(owner), 1, b"\x01"), None)


def unless_marked(owner: str) -> Remove:
    """The condition of a transaction that the owner has no mark."""
    return Remove(ERASURE_MARKS, mark_of(owner), 0)


async def is_marked(store: ItemStore, owner: str) -> bool:
    """Whether the customer was erased."""
    key = mark_of(owner)
    return key in await store.get_many(ERASURE_MARKS, [key])
