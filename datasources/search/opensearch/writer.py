"""Bulk writes to OpenSearch with external versions, into both indices of an alias."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from datasources.errors import Corrupt, Throttled, Unavailable
from datasources.photo_key import PhotoKey
from datasources.search.opensearch.schema import HOLDER, document_id, routing, row
from datasources.search.opensearch.transport import (
    MAX_ATTEMPTS,
    SOURCE,
    Transport,
    error_of_status,
    raise_no_index,
    reading_response,
)
from datasources.search.port import PhotoDocument, Removal, Unwritable

_log = logging.getLogger("photos.search")
_MAX_ENTRIES = 500
_MAX_BYTES = 1_000_000
"""The client warns about bodies of 1 MiB or more, because sending them blocks the event loop."""
_WRITTEN = frozenset({200, 201, 409})
"""409: the index has the same or a newer version."""
_MISSING = 404
_ERASE_S = 600.0
_SEQUENCE_POLLS, _SEQUENCE_POLL_S = 90, 1.0

_Line = tuple[PhotoKey, str, bytes]
"""A photo, the target index, and the action and document lines."""


class Writer:
    """`also`: the alias of the second index; it is skipped if it does not exist.

    Every write names both and requires them to be aliases, so that a reindex in another process may begin or end between
    any two writes without coordination (docs/decisions/082-writes-go-to-both-indexes.md).
    """

    def __init__(self, transport: Transport, name: str, also: str | None) -> None:
        self._transport = transport
        self._name = name
        self._names = (name,) if also is None else (name, also)

    async def write(self, entries: Sequence[PhotoDocument | Removal]) -> None:
        """Write all entries; raises `Unwritable` for rejected ones after the others are written."""
        refused: list[PhotoKey] = []
        for lines in _batches(entries, self._names):
            refused += await self._bulk(lines)
        if refused:
            raise Unwritable(tuple(dict.fromkeys(refused)))

    async def erase(self, owner: str) -> None:
        """Delete everything of one customer, including tombstones; repeats until no version conflicts occur."""
        body = {"query": {"term": {HOLDER: owner}}}
        parameters = {"conflicts": "proceed", "refresh": "true", "routing": routing(owner), "ignore_unavailable": "true"}
        # Delete-by-query sees only refreshed documents.
        await self.refresh()
        while True:
            path = f"/{','.join(self._names)}/_delete_by_query"
            response = await self._transport.call("POST", path, body, deadline_s=_ERASE_S, **parameters)
            if response is None:
                raise_no_index()
            if response.get("timed_out") or response.get("failures"):
                raise Unavailable(SOURCE, "some documents of the customer could not be deleted: run the erasure again")
            if not response["version_conflicts"]:
                return

    async def expunge(self) -> None:
        """Rewrite segments that contain deleted documents, and trim the translog."""
        await self._wait_for_retention()
        # A merge removes only deletions that are part of the last commit.
        await self._maintain("_flush", force="true", wait_if_ongoing="true")
        await self._maintain("_forcemerge", only_expunge_deletes="true", flush="true")
        # Searchers keep the files of merged segments open until a refresh, and automatic refresh is off.
        await self.refresh()

    async def _maintain(self, operation: str, **parameters: str) -> None:
        """Run a maintenance operation on every shard of both indices."""
        path = f"/{','.join(self._names)}/{operation}"
        response = await self._transport.call("POST", path, deadline_s=_ERASE_S, ignore_unavailable="true", **parameters)
        if (response or {}).get("_shards", {}).get("failed"):
            raise Unavailable(SOURCE, "a shard could not be rewritten: run the erasure again")

    async def _wait_for_retention(self) -> None:
        """Wait until all retention leases are past the last operation: merges keep deleted documents until then.

        The engine advances the leases about every 30 seconds, even with a single copy.
        """
        deleted = {shard: last for shard, (last, _) in (await self._sequence_numbers()).items()}
        for _ in range(_SEQUENCE_POLLS):
            if all(retained > deleted.get(shard, -1) for shard, (_, retained) in (await self._sequence_numbers()).items()):
                return
            await self._transport.pause(_SEQUENCE_POLL_S)
        raise Unavailable(SOURCE, "a replica is behind and retains deleted documents: run the erasure again")

    async def _sequence_numbers(self) -> dict[tuple[str, str], tuple[int, int]]:
        """By shard: the last sequence number, and the first one that retention leases still retain."""
        response = await self._transport.call(
            "GET", f"/{','.join(self._names)}/_stats", level="shards", ignore_unavailable="true"
        )
        if response is None:
            raise_no_index()
        with reading_response():
            return {
                (index, shard): (
                    copy["seq_no"]["max_seq_no"],
                    min(_retained(copy), default=copy["seq_no"]["max_seq_no"] + 1),
                )
                for index, of_index in response["indices"].items()
                for shard, copies in of_index["shards"].items()
                for copy in copies
                if copy["routing"]["primary"]
            }

    async def refresh(self) -> None:
        """Make all writes visible."""
        path = f"/{','.join(self._names)}/_refresh"
        response = await self._transport.call("POST", path, ignore_unavailable="true")
        shards = (response or {}).get("_shards", {})
        if not shards.get("total"):
            raise_no_index()
        if shards.get("failed"):
            raise Unavailable(SOURCE, "a shard could not be refreshed")

    async def _bulk(self, lines: Sequence[_Line]) -> list[PhotoKey]:
        """Send the lines, retry those that failed because of load, and return the keys of rejected documents."""
        attempts, refused = 0, []
        while True:
            body = b"".join(line for _, _, line in lines)
            response = await self._transport.call("POST", "/_bulk", body)
            if not isinstance(response, dict) or len(response.get("items", ())) != len(lines):
                raise Corrupt(SOURCE, "the response does not match the bulk request")
            retries = []
            for line, item in zip(lines, response["items"], strict=True):
                match self._outcome(line, item["index"]):
                    case "busy":
                        retries.append(line)
                    case "refused":
                        refused.append(line[0])
            if not retries:
                return refused
            attempts += 1
            if attempts == MAX_ATTEMPTS:
                if all(name != self._name for _, name, _ in retries):
                    # The comparison with the tables before the switch finds the missing photos.
                    _log.warning("photos were not written to the second index", extra={"count": len(retries)})
                    return refused
                raise Throttled(SOURCE, "the cluster is overloaded; retry later")
            lines = retries
            await self._transport.back_off(attempts)

    def _outcome(self, line: _Line, item: Mapping[str, Any]) -> str:
        key, name, _ = line
        status, kind = item["status"], str(item.get("error", {}).get("type", ""))
        if status in _WRITTEN:
            return "done"
        if status == _MISSING:
            if name != self._name:
                return "done"
            raise_no_index()
        failure = error_of_status(status, kind)
        if isinstance(failure, Throttled | Unavailable):
            return "busy"
        if name != self._name:
            return "done"
        _log.error("a photo cannot be indexed", extra={"path": f"{key.owner}/{key.id}", "reason": f"{status} {kind}"})
        return "refused"


def _retained(copy: Mapping[str, Any]) -> Iterator[int]:
    return (lease["retaining_seq_no"] for lease in copy["retention_leases"]["leases"])


def _batches(entries: Sequence[PhotoDocument | Removal], names: Sequence[str]) -> Iterator[list[_Line]]:
    """The lines of each bulk request, limited by number and bytes."""
    batch: list[_Line] = []
    size = 0
    for entry in entries:
        document = orjson.dumps(row(entry), option=orjson.OPT_SERIALIZE_NUMPY)
        found = [(entry.key, name, _action(entry, name) + b"\n" + document + b"\n") for name in names]
        added = sum(len(line) for _, _, line in found)
        if batch and (len(batch) + len(found) > _MAX_ENTRIES * len(names) or size + added > _MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch += found
        size += added
    if batch:
        yield batch


def _action(entry: PhotoDocument | Removal, name: str) -> bytes:
    # `require_alias`: a write to a missing alias fails instead of creating an index with a guessed mapping.
    action = {
        "_index": name, "_id": document_id(entry.key), "routing": routing(entry.key.owner),
        "version": entry.version, "version_type": "external", "require_alias": True,
    }  # fmt: skip
    return orjson.dumps({"index": action})
