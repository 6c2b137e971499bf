"""The template, the index and its alias in OpenSearch. New fields are added; what else differs needs a new index."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from datasources.provisioning.steps import Plan, Step
from datasources.search.opensearch.indices import Indices
from datasources.search.opensearch.transport import Wire

_AUTO = "action.auto_create_index"
_DEFAULTS: dict[str, Any] = {"index_options": "positions"}
"""What an index does not repeat of its fields, because it is so anyway."""


class SearchPlan:
    """The index behind one name; the connection is the caller's."""

    def __init__(self, wire: Wire, indices: Indices) -> None:
        self._wire = wire
        self._indices = indices
        self._name = indices.name

    async def look(self) -> Plan:
        """What would have to be done; changes nothing."""
        steps = await self._template() + await self._no_surprises()
        index = await self._indices.behind(self._name)
        if index is None:
            return Plan([*steps, Step(f"make index {self._name}-000001 behind the name {self._name}", self._indices.prepare)])
        plan = await self._fields(index)
        return Plan([*steps, *plan.steps], plan.refused, plan.notes)

    async def _template(self) -> list[Step]:
        wanted = self._indices.template()
        found = await self._wire.call("GET", f"/_index_template/{self._name}")
        there = found["index_templates"][0]["index_template"] if found else None
        if there is not None and _alike(there, wanted):
            return []
        words = "make" if there is None else "renew"
        put = partial(self._wire.call, "PUT", f"/_index_template/{self._name}", wanted)
        return [Step(f"{words} the template of {self._name}", put)]

    async def _no_surprises(self) -> list[Step]:
        """A write must never make an index: it would have guessed fields, and be found by nobody."""
        told = await self._wire.call("GET", "/_cluster/settings", flat_settings="true")
        now = str({**told["persistent"], **told["transient"]}.get(_AUTO, "true"))
        ours = f"-{self._name}*"
        if now == "false" or ours in now.split(","):
            return []
        rest = "+*" if now == "true" else now
        put = partial(self._wire.call, "PUT", "/_cluster/settings", {"persistent": {_AUTO: f"{ours},{rest}"}})
        return [Step(f"let no write make an index {self._name}*", put)]

    async def _fields(self, index: str) -> Plan:
        wanted = self._indices.template()["template"]["mappings"]
        there = (await self._wire.call("GET", f"/{index}/_mapping"))[index]["mappings"]
        has = there.get("properties", {})
        missing = {name: field for name, field in wanted["properties"].items() if name not in has}
        other = sorted(name for name, field in wanted["properties"].items() if name in has and has[name] != _plain(field))
        if other or any(there.get(name) != wanted[name] for name in wanted if name != "properties"):
            what = f"fields {', '.join(other)}" if other else "rules"
            return Plan(
                refused=[f"Index {index} has other {what} than we need, and they cannot be changed: `photos-gateway reindex`."]
            )
        if not missing:
            return Plan()
        put = partial(self._wire.call, "PUT", f"/{index}/_mapping", {"properties": missing})
        note = (
            f"Photos that are in {index} already have nothing in {', '.join(sorted(missing))}: `photos-gateway reindex` fills it."
        )
        return Plan([Step(f"{index}: add fields {', '.join(sorted(missing))}", put)], notes=[note])


def _plain(field: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in field.items() if _DEFAULTS.get(name) != value}


def _alike(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """The engine tells numbers as texts, dotted names as trees, and an empty part not at all."""
    return _flat(there) == _flat(wanted)


def _flat(tree: Any, at: str = "") -> dict[str, str]:
    if isinstance(tree, Mapping):
        return {name: value for key, part in tree.items() for name, value in _flat(part, f"{at}.{key}").items()}
    if isinstance(tree, list):
        return {at: ",".join(map(str, tree))} if tree else {}
    return {at: str(tree).lower() if isinstance(tree, bool) else str(tree)}
