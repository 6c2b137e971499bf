"""Records of DynamoDB Streams, read by the poller or received by Lambda."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datasources.errors import Corrupt
from datasources.tables.changes import Change
from datasources.tables.dynamodb.rows import key_of, version_of


def change_of(record: Mapping[str, Any], table: str, position: str) -> Change:
    """The change of a record; raises `Corrupt`. A removal or expiry has the removed version."""
    change = record.get("dynamodb", {})
    try:
        return Change(position, table, key_of(change["Keys"]), version_of(change.get("NewImage") or change["OldImage"]))
    except (KeyError, TypeError, ValueError) as e:
        raise Corrupt("tables", "a record of the stream that is none") from e


def sequence_of(record: Mapping[str, Any]) -> str:
    """Its place in its shard: a number of many digits that only grows."""
    sequence = str(record.get("dynamodb", {}).get("SequenceNumber", ""))
    if not (sequence.isascii() and sequence.isdecimal()):
        raise Corrupt("tables", "a record of the stream without a number")
    return sequence


def table_of(arn: str, prefix: str) -> str:
    """The table whose stream an ARN names, without the prefix; raises `Corrupt` for any other."""
    name = arn.partition(":table/")[2].partition("/stream/")[0]
    if not name.startswith(prefix) or name == prefix:
        raise Corrupt("tables", "a record of a table that is none of ours")
    return name.removeprefix(prefix)
