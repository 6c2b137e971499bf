"""Provisioning of the OpenSearch user of the gateway, which CloudFormation cannot create: a role, the user and their mapping.

The administrator's credentials are used by `provision` only; the server never has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from datasources.provisioning.steps import Plan, Step
from datasources.search.opensearch.transport import Transport

_API = "/_plugins/_security/api"
_CLUSTER = ["cluster:monitor/*", "cluster:admin/settings/*", "indices:admin/index_template/*", "indices:data/*"]
"""Bulk writes and multi-searches are permissions of the cluster; the index permissions of the role still apply to each item."""

_INDEX = ["indices:data/*", "indices:admin/*", "indices:monitor/*"]


class SearchUserPlan:
    """Plans the role, the user and the mapping; the caller closes the connection of the administrator."""

    def __init__(self, transport: Transport, user: str, password: str, index: str) -> None:
        self._transport = transport
        self._user = user
        self._password = password
        self._index = index

    async def plan(self) -> Plan:
        """The required changes; changes nothing. The password of an existing user cannot be read and stays as it is."""
        steps = [*await self._role(), *await self._internal_user(), *await self._mapping()]
        return Plan(steps)

    async def _role(self) -> list[Step]:
        desired = {
            "cluster_permissions": _CLUSTER,
            "index_permissions": [{"index_patterns": [f"{self._index}*"], "allowed_actions": _INDEX}],
        }
        current = await self._read("roles")
        if current is not None and _contains(current, desired):
            return []
        verb = "create" if current is None else "update"
        return [Step(f"{verb} the OpenSearch role {self._user}", self._put("roles", desired), creates=current is None)]

    async def _internal_user(self) -> list[Step]:
        if await self._read("internalusers") is not None:
            return []
        put = self._put("internalusers", {"password": self._password})
        return [Step(f"create the OpenSearch user {self._user}", put, creates=True)]

    async def _mapping(self) -> list[Step]:
        current = await self._read("rolesmapping")
        if current is not None and self._user in current.get("users", []):
            return []
        users = [*(current or {}).get("users", []), self._user]
        put = self._put("rolesmapping", {"users": users})
        return [Step(f"give the OpenSearch role {self._user} to the user", put, creates=current is None)]

    async def _read(self, kind: str) -> Mapping[str, Any] | None:
        found = await self._transport.call("GET", f"{_API}/{kind}/{self._user}")
        return None if found is None else found[self._user]

    def _put(self, kind: str, body: Mapping[str, Any]) -> partial[Any]:
        return partial(self._transport.call, "PUT", f"{_API}/{kind}/{self._user}", body)


def _contains(current: Any, desired: Any) -> bool:
    """Whether a returned object has all desired members; the server adds others, such as `reserved` and `fls`."""
    if isinstance(desired, Mapping):
        return isinstance(current, Mapping) and all(_contains(current.get(name), value) for name, value in desired.items())
    if not isinstance(desired, list):
        return bool(current == desired)
    if not isinstance(current, list) or len(current) != len(desired):
        return False
    if desired and isinstance(desired[0], Mapping):
        return all(map(_contains, current, desired))
    return sorted(current) == sorted(desired)
