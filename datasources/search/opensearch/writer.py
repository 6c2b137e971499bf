"""Writing to OpenSearch: in bulk, by external version, into every index that stands behind the name."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from datasources.errors import Corrupt, Throttled, Unavailable
from datasources.photo_key import PhotoKey
from datasources.search.opensearch.schema import HOLDER, document_id, routing, row
from datasources.search.opensearch.transport import SOURCE, TRIES, Wire, legible, no_index, of_status
from datasources.search.port import PhotoDocument, Removal, Unwritable

_log = logging.getLogger("photos.search")
_MOST_ENTRIES = 500
_MOST_BYTES = 1_000_000
"""From a mebibyte on the client warns that sending may keep others waiting."""
_DONE = frozenset({200, 201, 409})
"""409: the index has this version or a newer one."""
_MISSING = 404
_ERASE_S = 600.0
_MARK_LOOKS, _MARK_PAUSE_S = 90, 1.0

_Line = tuple[PhotoKey, str, bytes]
"""A photo, the index it goes to, and the two lines that say so."""


class Writer:
    """`also`: an index that is being made, or was left, beside the first; it may be missing, and is then passed over.

    Each line names it and requires it to be an alias, so that a reindex may begin or end between any two writes, in any
    process, without a word to the writers.
    """

    def __init__(self, wire: Wire, name: str, also: str | None) -> None:
        self._wire = wire
        self._name = name
        self._names = (name,) if also is None else (name, also)

    async def write(self, entries: Sequence[PhotoDocument | Removal]) -> None:
        """All of them; those that the engine refuses are named in `Unwritable` when the others are written."""
        refused: list[PhotoKey] = []
        for lines in _loads(entries, self._names):
            refused += await self._written(lines)
        if refused:
            raise Unwritable(tuple(dict.fromkeys(refused)))

    async def erase(self, owner: str) -> None:
        """Everything of one customer, the marks of removals too; goes on until there is nothing left."""
        body = {"query": {"term": {HOLDER: owner}}}
        asked = {"conflicts": "proceed", "refresh": "true", "routing": routing(owner), "ignore_unavailable": "true"}
        # What was written and not yet refreshed must be seen to be deleted.
        await self.refresh()
        while True:
            path = f"/{','.join(self._names)}/_delete_by_query"
            told = await self._wire.call("POST", path, body, deadline_s=_ERASE_S, **asked)
            if told is None:
                no_index()
            if told.get("timed_out") or told.get("failures"):
                raise Unavailable(SOURCE, "not everything of the customer could be erased: erase again")
            if not told["version_conflicts"]:
                return

    async def expunge(self) -> None:
        """Segments with deleted documents are written anew without them and let go of, and the log of operations is emptied."""
        await self._forgettable()
        # What is not in the last commit as deleted is kept by every merge too.
        await self._whole("_flush", force="true", wait_if_ongoing="true")
        await self._whole("_forcemerge", only_expunge_deletes="true", flush="true")
        # Searchers hold the files of segments that were merged away until the next refresh, and none comes by itself.
        await self.refresh()

    async def _whole(self, work: str, **asked: str) -> None:
        """Has something done to every part of every index, however long it takes."""
        path = f"/{','.join(self._names)}/{work}"
        told = await self._wire.call("POST", path, deadline_s=_ERASE_S, ignore_unavailable="true", **asked)
        if (told or {}).get("_shards", {}).get("failed"):
            raise Unavailable(SOURCE, "a part of the index could not be written anew: erase again")

    async def _forgettable(self) -> None:
        """Waits until every copy has what was deleted: until then, each merge keeps deleted documents to send them on.

        The engine moves that mark twice a minute, also where there is one copy.
        """
        deleted = {shard: last for shard, (last, _) in (await self._marks()).items()}
        for _ in range(_MARK_LOOKS):
            if all(kept > deleted.get(shard, -1) for shard, (_, kept) in (await self._marks()).items()):
                return
            await self._wire.rest(_MARK_PAUSE_S)
        raise Unavailable(SOURCE, "a copy of the index is behind and keeps what was deleted: erase again")

    async def _marks(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Of each shard: the number of its last operation, and of the first that is kept for copies."""
        told = await self._wire.call("GET", f"/{','.join(self._names)}/_stats", level="shards", ignore_unavailable="true")
        if told is None:
            no_index()
        with legible():
            return {
                (index, shard): (copy["seq_no"]["max_seq_no"], min(_kept(copy), default=copy["seq_no"]["max_seq_no"] + 1))
                for index, of_index in told["indices"].items()
                for shard, copies in of_index["shards"].items()
                for copy in copies
                if copy["routing"]["primary"]
            }

    async def refresh(self) -> None:
        """What was written is visible."""
        path = f"/{','.join(self._names)}/_refresh"
        told = await self._wire.call("POST", path, ignore_unavailable="true")
        shards = (told or {}).get("_shards", {})
        if not shards.get("total"):
            no_index()
        if shards.get("failed"):
            raise Unavailable(SOURCE, "a part of the index could not be refreshed")

    async def _written(self, lines: Sequence[_Line]) -> list[PhotoKey]:
        """Sends the lines; again those that the cluster was too busy for. Gives what it will never take."""
        tried, refused = 0, []
        while True:
            body = b"".join(line for _, _, line in lines)
            told = await self._wire.call("POST", "/_bulk", body)
            if not isinstance(told, dict) or len(told.get("items", ())) != len(lines):
                raise Corrupt(SOURCE, "the answer to a write does not match it")
            again = []
            for line, item in zip(lines, told["items"], strict=True):
                match self._ended(line, item["index"]):
                    case "busy":
                        again.append(line)
                    case "refused":
                        refused.append(line[0])
            if not again:
                return refused
            tried += 1
            if tried == TRIES:
                if all(name != self._name for _, name, _ in again):
                    # Comparing with the truth, before the second index takes over, finds what it missed.
                    _log.warning("a second index missed photos", extra={"count": len(again)})
                    return refused
                raise Throttled(SOURCE, "the cluster has too much to do")
            lines = again
            await self._wire.back_off(tried)

    def _ended(self, line: _Line, item: Mapping[str, Any]) -> str:
        key, name, _ = line
        status, kind = item["status"], str(item.get("error", {}).get("type", ""))
        if status in _DONE:
            return "done"
        if status == _MISSING:
            if name != self._name:
                return "done"
            no_index()
        failure = of_status(status, kind)
        if isinstance(failure, Throttled | Unavailable):
            return "busy"
        if name != self._name:
            return "done"
        _log.error("a photo cannot be indexed", extra={"path": f"{key.owner}/{key.id}", "reason": f"{status} {kind}"})
        return "refused"


def _kept(copy: Mapping[str, Any]) -> Iterator[int]:
    return (lease["retaining_seq_no"] for lease in copy["retention_leases"]["leases"])


def _loads(entries: Sequence[PhotoDocument | Removal], names: Sequence[str]) -> Iterator[list[_Line]]:
    """Lines for one request each: not too many, and not too long."""
    load: list[_Line] = []
    size = 0
    for entry in entries:
        document = orjson.dumps(row(entry), option=orjson.OPT_SERIALIZE_NUMPY)
        found = [(entry.key, name, _action(entry, name) + b"\n" + document + b"\n") for name in names]
        grown = sum(len(line) for _, _, line in found)
        if load and (len(load) + len(found) > _MOST_ENTRIES * len(names) or size + grown > _MOST_BYTES):
            yield load
            load, size = [], 0
        load += found
        size += grown
    if load:
        yield load


def _action(entry: PhotoDocument | Removal, name: str) -> bytes:
    # `require_alias`: a write to a name that is none makes no index of a wrong form; it fails.
    action = {
        "_index": name, "_id": document_id(entry.key), "routing": routing(entry.key.owner),
        "version": entry.version, "version_type": "external", "require_alias": True,
    }  # fmt: skip
    return orjson.dumps({"index": action})
