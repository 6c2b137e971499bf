"""Sort keys of an index as bytes whose order is: the key in the index, then the item's own sort key, then its partition.

DynamoDB promises no order among equal keys of an index, so no two keys are equal there.
"""

from __future__ import annotations

from datasources.tables.store import Key

MAX_INDEX_SORT = 1_024
_END = b"\x00\x01"


def index_sort(sort: str, own: Key) -> bytes:
    """The three parts, each with a terminator, so that a prefix sorts before longer keys."""
    return _escaped(sort) + _END + _escaped(own.sort) + _END + own.partition.encode()


def index_bound(sort: str) -> bytes:
    """The lower bound of the entries of a key."""
    return _escaped(sort)


def sort_of(stored: bytes) -> str:
    """The key in the index; raises `ValueError` for bytes that are not from `index_sort`."""
    head, found, _ = stored.partition(_END)
    if not found:
        raise ValueError("not a sort key of an index")
    return head.replace(b"\x00\xff", b"\x00").decode()


def _escaped(text: str) -> bytes:
    return text.encode().replace(b"\x00", b"\x00\xff")
