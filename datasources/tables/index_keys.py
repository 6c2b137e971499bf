"""Sort keys of an index as bytes whose order is: the key in the index, then the item's own sort key, then its partition.

DynamoDB promises no order among equal keys of an index, so no two keys are equal there.
"""

from __future__ import annotations

from datasources.tables.store import Key

MAX_INDEX_SORT = 1_024
_END = b"\x00\x01"


def index_sort(sort: str, own: Key) -> bytes:
    """The three parts, each ended so that a beginning stands before what goes on."""
    return _escaped(sort) + _END + _escaped(own.sort) + _END + own.partition.encode()


def index_bound(sort: str) -> bytes:
    """Where the entries of this key begin: all of them and nothing before."""
    return _escaped(sort)


def sort_of(stored: bytes) -> str:
    """The key in the index; raises `ValueError` for bytes that `index_sort` never made."""
    head, found, _ = stored.partition(_END)
    if not found:
        raise ValueError("not a sort key of an index")
    return head.replace(b"\x00\xff", b"\x00").decode()


def _escaped(text: str) -> bytes:
    return text.encode().replace(b"\x00", b"\x00\xff")
