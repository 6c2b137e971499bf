"""Updates the index for a batch of stream records in a Lambda function, as `indexing.change_feed_consumer` does by polling.

Updates are idempotent by version, so that a batch may be delivered repeatedly.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from datasources import Sources
from datasources.errors import Corrupt, SourceError
from datasources.photo_key import PhotoKey
from datasources.tables.changes import Change
from datasources.tables.dynamodb.events import changes_of
from datasources.tables.photos import PHOTOS
from indexing.change_feed_consumer import IndexFollower

_log = logging.getLogger("photos.stream")


async def handle(sources: Sources, event: Mapping[str, Any], prefix: str) -> dict[str, list[dict[str, str]]]:
    """Indexes a batch; the response names the record from which Lambda must retry (`ReportBatchItemFailures`).

    A record that cannot be read blocks its shard until it is in the dead-letter queue; the records before it are indexed.
    """
    good, bad = _readable(event, prefix)
    try:
        await _index(sources, good)
    except SourceError as e:
        _log.warning("a batch was not indexed", extra={"reason": f"{e.source}: {type(e).__name__}"})
        return _from(good[0].position)
    return _from(bad) if bad is not None else {"batchItemFailures": []}


def _readable(event: Mapping[str, Any], prefix: str) -> tuple[Sequence[Change], str | None]:
    """The changes before the first record that cannot be read, and the sequence number of that record."""
    good: list[Change] = []
    for record in event.get("Records") or ():
        try:
            good += changes_of({"Records": [record]}, prefix)
        except Corrupt:
            number = str(record.get("dynamodb", {}).get("SequenceNumber", ""))
            _log.exception("a record of the stream cannot be read", extra={"path": number})
            return good, number
    return good, None


async def _index(sources: Sources, changes: Sequence[Change]) -> None:
    keys = dict.fromkeys(PhotoKey(*c.key) for c in changes if c.table == PHOTOS.name)
    if keys:
        await IndexFollower(sources).index(list(keys))


def _from(number: str) -> dict[str, list[dict[str, str]]]:
    return {"batchItemFailures": [{"itemIdentifier": number}]}
