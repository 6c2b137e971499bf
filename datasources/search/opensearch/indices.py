"""The indices behind a name in OpenSearch: made from one template, and put in the place of one another at once.

`photos` stands for the index that is read, `photos-also` for a second one that is written to as well: a new one that
is being filled, or the old one that is kept as the way back. Both are aliases, of indices `photos-000001` and so on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datasources.search.opensearch.index import ALSO, OpenSearchIndex
from datasources.search.opensearch.schema import mapping, settings
from datasources.search.opensearch.transport import Cluster, Wire

_SLOW_S = 60.0


@dataclass(frozen=True, slots=True)
class Shape:
    """How an index is cut up. A customer lies in one shard, so more shards are for more customers."""

    shards: int = 1
    replicas: int | None = None


class Indices:
    """Making and exchanging the indices of one name."""

    def __init__(self, wire: Wire, name: str, shape: Shape) -> None:
        self._wire = wire
        self.name = name
        self.also = name + ALSO
        self._shape = shape

    @classmethod
    def connect(cls, cluster: Cluster, name: str = "photos", shape: Shape | None = None) -> Indices:
        """Those of a cluster; nothing is asked of it yet."""
        return cls(Wire(cluster), name, shape or Shape())

    def template(self) -> dict[str, Any]:
        """What every index of this name is made from."""
        made = {"settings": {"index": settings(shards=self._shape.shards, replicas=self._shape.replicas)}, "mappings": mapping()}
        return {"index_patterns": [f"{self.name}-0*"], "priority": 500, "template": made}

    async def prepare(self) -> bool:
        """The template, and an index behind the name if there is none; whether one was made."""
        await self._wire.call("PUT", f"/_index_template/{self.name}", self.template(), deadline_s=_SLOW_S)
        if await self.behind(self.name) is not None:
            return False
        await self._make(self.name)
        return True

    async def behind(self, name: str) -> str | None:
        """The index that an alias stands for."""
        found = await self._wire.call("GET", f"/_alias/{name}")
        return max(found) if found else None

    async def begin(self) -> str:
        """The second index, made if there is none; from now on every writer writes to both."""
        await self.prepare()
        return await self.behind(self.also) or await self._make(self.also)

    async def exchange(self) -> None:
        """The second takes the place of the first and the first that of the second: at once, for every reader and writer."""
        first, second = await self.behind(self.name), await self.behind(self.also)
        pairs = [
            ("remove", first, self.name),
            ("add", second, self.name),
            ("remove", second, self.also),
            ("add", first, self.also),
        ]
        actions = [{act: {"index": index, "alias": alias}} for act, index, alias in pairs]
        await self._wire.call("POST", "/_aliases", {"actions": actions}, deadline_s=_SLOW_S)

    async def drop(self) -> str | None:
        """Deletes the second index; gives its name, if there was one."""
        second = await self.behind(self.also)
        if second is not None:
            await self._wire.call("DELETE", f"/{second}", deadline_s=_SLOW_S)
        return second

    async def wipe(self) -> None:
        """Deletes every index of this name and their template: for a name that was made to be thrown away."""
        for index in await self._all():
            await self._wire.call("DELETE", f"/{index}", deadline_s=_SLOW_S)
        await self._wire.call("DELETE", f"/_index_template/{self.name}")

    async def counts(self) -> Mapping[str, int]:
        """How many documents each index of this name has, marks of removals too."""
        told = await self._wire.call("GET", f"/_cat/indices/{self.name}-0*", format="json", h="index,docs.count")
        return {row["index"]: int(row["docs.count"] or 0) for row in told or ()}

    def second(self) -> OpenSearchIndex:
        """The second index as an index of its own, to fill and compare it; closed with these."""
        return OpenSearchIndex(self._wire, self.also)

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._wire.close()

    async def _make(self, alias: str) -> str:
        number = 1 + max((_number(index) for index in await self._all()), default=0)
        index = f"{self.name}-{number:06d}"
        await self._wire.call("PUT", f"/{index}", {"aliases": {alias: {}}}, deadline_s=_SLOW_S)
        return index

    async def _all(self) -> Sequence[str]:
        return list(await self.counts())


def _number(index: str) -> int:
    last = index.rpartition("-")[2]
    return int(last) if last.isdecimal() else 0
