"""Batches of stream records of a Lambda event source mapping."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from datasources.errors import Corrupt
from datasources.tables.changes import Change
from datasources.tables.dynamodb.records import change_of, sequence_of, table_of


def changes_of(event: Mapping[str, Any], prefix: str) -> Sequence[Change]:
    """The changes of an event in its order; each position is the record's number in its shard. Raises `Corrupt`."""
    records = event.get("Records")
    if not isinstance(records, list):
        raise Corrupt("tables", "an event that is none of a stream")
    return [_change(record, prefix) for record in records]


def _change(record: Mapping[str, Any], prefix: str) -> Change:
    return change_of(_plain(record), table_of(str(record.get("eventSourceARN", "")), prefix), sequence_of(record))


def _plain(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """In Lambda's events, bytes are base64."""
    try:
        images = {
            name: {attribute: _value(value) for attribute, value in image.items()}
            for name, image in record.get("dynamodb", {}).items()
            if name in {"Keys", "NewImage", "OldImage"}
        }
    except (AttributeError, binascii.Error) as e:
        raise Corrupt("tables", "a record of the stream that is none") from e
    return {**record, "dynamodb": {**record.get("dynamodb", {}), **images}}


def _value(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"B": base64.b64decode(value["B"], validate=True)} if isinstance(value.get("B"), str) else value
