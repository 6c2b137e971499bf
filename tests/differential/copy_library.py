"""A library as it lies in embedded tables, put into real ones: the same items to the byte, their keys wrapped anew.

So both stacks have the same secrets of the installation, and with them the same ids, cursors and signed addresses.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from datasources import TABLES, Sources
from datasources.aws.calls import AwsCalls
from datasources.aws.stack import Stack
from datasources.retry import RetryPolicy
from datasources.tables.dynamodb.store import DynamoTables
from datasources.tables.keys import KEYS
from datasources.tables.store import Item, Key, Put, Table

_AT_ONCE = 400
_PURPOSES = {"secret": "installation", "wrapping": "wrapping"}


async def copied(embedded: Sources, file: Path, stack: Stack) -> int:
    """Copy all tables of `file` into those of a provisioned stack; returns the number of items."""
    access, retry_policy = replace(stack.access(stack.dynamodb_url), read_timeout_s=60.0), RetryPolicy(deadline_s=60.0)
    tables = await DynamoTables.open(access, TABLES, prefix=stack.prefix, clock=lambda: 0.0, retry_policy=retry_policy)
    kms = await AwsCalls.open("keys", "kms", stack.access(stack.kms_url), stack.retry_policy)
    count = 0
    try:
        for table in TABLES:
            rows = items_in(file, table)
            while some := list(islice(rows, _AT_ONCE)):
                if table is KEYS:
                    some = [await _wrapped_again(embedded, kms, stack.key_id, item) for item in some]
                await tables.items.write_each([Put(table, item, None) for item in some])
                count += len(some)
    finally:
        await tables.close()
        await kms.close()
    return count


def items_in(file: Path, table: Table) -> Iterator[Item]:
    """All items of a table, read from the file because no port can list them."""
    places = "".join(f", {index}_pk, {index}_sk" for index in table.indexes)
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as conn:
        rows = conn.execute(f"SELECT pk, sk, version, body, expires{places} FROM items_{table.name}")
        for partition, sort, version, body, expires, *at in rows:
            stands = zip(table.indexes, at[::2], at[1::2], strict=True)
            indexes = {name: Key(p, s) for name, p, s in stands if p is not None}
            yield Item(Key(partition, sort), version, body, indexes, expires)


async def _wrapped_again(embedded: Sources, kms: AwsCalls, key_id: str, item: Item) -> Item:
    """Rewrap the wrapping keys with KMS; the data keys of owners do not change."""
    kind, _, name = item.key.partition.partition(":")
    if kind not in _PURPOSES:
        return item
    context: Mapping[str, str] = {"purpose": _PURPOSES[kind], "name": name}
    plain = await embedded.key_service.unwrap(item.body, context)
    requested: dict[str, Any] = {"KeyId": key_id, "Plaintext": plain, "EncryptionContext": dict(context)}
    answer = await kms.call("encrypt", requested)
    return Item(item.key, item.version, answer["CiphertextBlob"], item.indexes, item.expires_at)


def at(moment: int, sources: Sources) -> Sources:
    """Use a fixed clock, so that signatures are equal."""
    return replace(sources, now_ms=lambda: moment)
