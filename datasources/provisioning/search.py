"""Provisioning of the OpenSearch index: template, index and alias. New fields are added; other changes need a reindex."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from datasources.provisioning.steps import Plan, Step
from datasources.search.opensearch.indices import Indices
from datasources.search.opensearch.transport import Transport

_AUTO = "action.auto_create_index"
_DEFAULTS: dict[str, Any] = {"index_options": "positions"}
"""Field settings that OpenSearch omits from a mapping because they are defaults."""


class SearchIndexPlan:
    """Plans the index of one alias; the caller closes the connection."""

    def __init__(self, transport: Transport, indices: Indices) -> None:
        self._transport = transport
        self._indices = indices
        self._name = indices.name

    async def plan(self) -> Plan:
        """The required changes; changes nothing."""
        steps = await self._template() + await self._auto_create()
        index = await self._indices.index_of(self._name)
        if index is None:
            return Plan(
                [*steps, Step(f"create index {self._name}-000001 with alias {self._name}", self._indices.prepare, creates=True)]
            )
        plan = await self._fields(index)
        return Plan([*steps, *plan.steps], plan.refused, plan.notes)

    async def _template(self) -> list[Step]:
        desired = self._indices.template()
        found = await self._transport.call("GET", f"/_index_template/{self._name}")
        current = found["index_templates"][0]["index_template"] if found else {}
        if found is not None and _same_settings(current, desired):
            return []
        verb = "update" if found else "create"
        put = partial(self._transport.call, "PUT", f"/_index_template/{self._name}", desired)
        return [Step(f"{verb} the index template of {self._name}", put)]

    async def _auto_create(self) -> list[Step]:
        """Disable automatic index creation, because it would guess the mapping."""
        settings = await self._transport.call("GET", "/_cluster/settings", flat_settings="true")
        current = str({**settings["persistent"], **settings["transient"]}.get(_AUTO, "true"))
        ours = f"-{self._name}*"
        if current == "false" or ours in current.split(","):
            return []
        rest = "+*" if current == "true" else current
        put = partial(self._transport.call, "PUT", "/_cluster/settings", {"persistent": {_AUTO: f"{ours},{rest}"}})
        return [Step(f"disable automatic creation of indices {self._name}*", put)]

    async def _fields(self, index: str) -> Plan:
        desired = self._indices.template()["template"]["mappings"]
        mapping = (await self._transport.call("GET", f"/{index}/_mapping"))[index]["mappings"]
        has = mapping.get("properties", {})
        missing = {name: field for name, field in desired["properties"].items() if name not in has}
        other = sorted(name for name, field in desired["properties"].items() if name in has and has[name] != _plain(field))
        if other or any(mapping.get(name) != desired[name] for name in desired if name != "properties"):
            what = f"fields {', '.join(other)}" if other else "mapping settings"
            return Plan(refused=[f"Index {index} has different {what}, which cannot be changed: run `photos-gateway reindex`."])
        if not missing:
            return Plan()
        put = partial(self._transport.call, "PUT", f"/{index}/_mapping", {"properties": missing})
        note = (
            f"Photos already in {index} have no value in {', '.join(sorted(missing))}: run `photos-gateway reindex` to fill it."
        )
        return Plan([Step(f"{index}: add fields {', '.join(sorted(missing))}", put)], notes=[note])


def _plain(field: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in field.items() if _DEFAULTS.get(name) != value}


def _same_settings(current: Mapping[str, Any], desired: Mapping[str, Any]) -> bool:
    """Compare with numbers as text, dotted names as trees, and empty parts removed, as OpenSearch returns them."""
    return _flat(current) == _flat(desired)


def _flat(tree: Any, at: str = "") -> dict[str, str]:
    if isinstance(tree, Mapping):
        return {name: value for key, part in tree.items() for name, value in _flat(part, f"{at}.{key}").items()}
    if isinstance(tree, list):
        return {at: ",".join(map(str, tree))} if tree else {}
    return {at: str(tree).lower() if isinstance(tree, bool) else str(tree)}
