"""The OpenSearch indices of one alias: created from an index template and switched atomically.

The alias `photos` is the index that is read. The alias `photos-also` is a second index that receives the same writes: a
new one that is being filled, or the previous one, retained for a rollback. The indices are `photos-000001` and so on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from datasources.search.index_versions import index_versions
from datasources.search.opensearch.index import SECOND_SUFFIX, OpenSearchIndex
from datasources.search.opensearch.schema import VERSIONS, mapping, settings
from datasources.search.opensearch.transport import Cluster, Transport

_SLOW_S = 60.0


@dataclass(frozen=True, slots=True)
class IndexShape:
    """Shards and replicas of an index. The photos of a customer are in one shard, so shards scale with customers."""

    shards: int = 1
    replicas: int | None = None


class Indices:
    """Creates and switches the indices of one alias."""

    def __init__(self, transport: Transport, name: str, shape: IndexShape) -> None:
        self._transport = transport
        self.name = name
        self.also = name + SECOND_SUFFIX
        self._shape = shape

    @classmethod
    def connect(cls, cluster: Cluster, name: str = "photos", shape: IndexShape | None = None) -> Indices:
        """The indices of a cluster; sends no request yet."""
        return cls(Transport(cluster), name, shape or IndexShape())

    def template(self) -> dict[str, Any]:
        """The index template of this alias."""
        template = {
            "settings": {"index": settings(shards=self._shape.shards, replicas=self._shape.replicas)},
            "mappings": mapping(),
        }
        return {"index_patterns": [f"{self.name}-0*"], "priority": 500, "template": template}

    async def prepare(self) -> bool:
        """Put the template, and create an index if the alias has none; returns whether an index was created."""
        await self._transport.call("PUT", f"/_index_template/{self.name}", self.template(), deadline_s=_SLOW_S)
        if await self.index_of(self.name) is not None:
            return False
        await self._create(self.name)
        return True

    async def index_of(self, name: str) -> str | None:
        """The index of an alias; None if the alias does not exist."""
        found = await self._transport.call("GET", f"/_alias/{name}")
        return max(found) if found else None

    async def is_current(self, name: str) -> bool:
        """Whether the index behind an alias was created with the versions of this program; True where there is none."""
        found = await self._transport.call("GET", f"/{name}/_mapping")
        stored = [index["mappings"].get("_meta", {}).get(VERSIONS) for index in (found or {}).values()]
        return all(versions == msgspec.to_builtins(index_versions()) for versions in stored)

    async def create_second(self) -> str:
        """The second index, made if there is none; from now on every writer writes to both.

        A second index that a program of other versions began to fill is deleted first: it cannot be continued.
        """
        await self.prepare()
        if await self.index_of(self.also) is not None and not await self.is_current(self.also):
            await self.drop()
        return await self.index_of(self.also) or await self._create(self.also)

    async def swap_aliases(self) -> None:
        """Swap the aliases of both indices atomically, for all readers and writers."""
        first, second = await self.index_of(self.name), await self.index_of(self.also)
        pairs = [
            ("remove", first, self.name),
            ("add", second, self.name),
            ("remove", second, self.also),
            ("add", first, self.also),
        ]
        actions = [{act: {"index": index, "alias": alias}} for act, index, alias in pairs]
        await self._transport.call("POST", "/_aliases", {"actions": actions}, deadline_s=_SLOW_S)

    async def drop(self) -> str | None:
        """Delete the second index; returns its name, None if there was none."""
        second = await self.index_of(self.also)
        if second is not None:
            await self._transport.call("DELETE", f"/{second}", deadline_s=_SLOW_S)
        return second

    async def delete_all(self) -> None:
        """Delete every index of this alias and the template; for temporary aliases of tests and benchmarks."""
        for index in await self._all():
            await self._transport.call("DELETE", f"/{index}", deadline_s=_SLOW_S)
        await self._transport.call("DELETE", f"/_index_template/{self.name}")

    async def counts(self) -> Mapping[str, int]:
        """The number of documents of each index, including tombstones."""
        response = await self._transport.call("GET", f"/_cat/indices/{self.name}-0*", format="json", h="index,docs.count")
        return {row["index"]: int(row["docs.count"] or 0) for row in response or ()}

    def second(self) -> OpenSearchIndex:
        """The second index as a `PhotoIndex`, to fill and compare it; shares the connection of this object."""
        return OpenSearchIndex(self._transport, self.also)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def _create(self, alias: str) -> str:
        number = 1 + max((_number(index) for index in await self._all()), default=0)
        index = f"{self.name}-{number:06d}"
        await self._transport.call("PUT", f"/{index}", {"aliases": {alias: {}}}, deadline_s=_SLOW_S)
        return index

    async def _all(self) -> Sequence[str]:
        return list(await self.counts())


def _number(index: str) -> int:
    last = index.rpartition("-")[2]
    return int(last) if last.isdecimal() else 0
