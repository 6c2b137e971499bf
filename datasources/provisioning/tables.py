"""Provisioning of DynamoDB tables: creates missing tables and applies changes that lose no data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.provisioning.desired_state import ALL_TABLES
from datasources.provisioning.steps import Plan, Step
from datasources.tables.dynamodb.rows import EXPIRES
from datasources.tables.dynamodb.schema import active, definition
from datasources.tables.store import Table

_MISSING = frozenset({"ResourceNotFoundException"})
_UNKNOWN = frozenset({"UnknownOperationException"})
"""DynamoDB Local has no backups."""
_ON = frozenset({"ENABLED", "ENABLING"})


@dataclass
class _Changes:
    """The plan while it is collected."""

    steps: list[Step] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class TablesPlan:
    """Plans all tables. `guarded`: with deletion protection and backups, as on AWS but not on local servers."""

    def __init__(self, calls: AwsCalls, prefix: str, *, guarded: bool) -> None:
        self._calls = calls
        self._prefix = prefix
        self._guarded = guarded

    async def plan(self, tables: Sequence[Table] = ALL_TABLES) -> Plan:
        """The required changes; changes nothing."""
        changes = _Changes()
        for table in tables:
            await self._table(table, changes)
        return Plan(changes.steps, changes.refused, changes.notes)

    async def _table(self, table: Table, changes: _Changes) -> None:
        desired = definition(table, self._prefix)
        name = desired["TableName"]
        try:
            current = (await self._calls.call("describe_table", {"TableName": name}, expected=_MISSING))["Table"]
        except ExpectedError:
            changes.steps.append(Step(f"create table {name}{_features(table)}", partial(self._create, desired), creates=True))
            current = None
        else:
            self._shape(desired, current, changes)
        await self._expiry(table, name, changes, new=current is None)
        if self._guarded:
            await self._recovery(table, name, changes, new=current is None)

    def _shape(self, desired: Mapping[str, Any], current: Mapping[str, Any], changes: _Changes) -> None:
        name = desired["TableName"]
        if _keyed(desired) != _keyed(current):
            changes.refused.append(
                f"{name} has a different key schema, which cannot be changed: use another PHOTOS_TABLE_PREFIX."
            )
            return
        self._indexes(desired, current, changes)
        stream, now = desired.get("StreamSpecification"), current.get("StreamSpecification") or {}
        if stream and not now.get("StreamEnabled"):
            changes.steps.append(Step(f"{name}: enable the stream", partial(self._update, name, StreamSpecification=stream)))
        elif stream and now.get("StreamViewType") != stream["StreamViewType"]:
            changes.refused.append(
                f"{name} has a stream with another view type; unread records would be lost: disable it once it has been read."
            )
        if self._guarded and not current.get("DeletionProtectionEnabled"):
            changes.steps.append(
                Step(f"{name}: enable deletion protection", partial(self._update, name, DeletionProtectionEnabled=True))
            )

    def _indexes(self, desired: Mapping[str, Any], current: Mapping[str, Any], changes: _Changes) -> None:
        name, has = desired["TableName"], {i["IndexName"]: i for i in current.get("GlobalSecondaryIndexes") or ()}
        for index in desired.get("GlobalSecondaryIndexes", ()):
            at = has.pop(index["IndexName"], None)
            if at is None:
                change = [{"Create": index}]
                more = {"AttributeDefinitions": desired["AttributeDefinitions"], "GlobalSecondaryIndexUpdates": change}
                changes.steps.append(Step(f"{name}: add index {index['IndexName']}", partial(self._update, name, **more)))
            elif _keyed_index(at) != _keyed_index(index):
                changes.refused.append(
                    f"Index {index['IndexName']} of {name} differs from the definition and would have to be dropped: "
                    "remove it while no server is running, and run provision again."
                )
        changes.notes += [
            f"{name} has an index {other} that is not in the definition; it is not changed." for other in sorted(has)
        ]

    async def _expiry(self, table: Table, name: str, changes: _Changes, *, new: bool) -> None:
        now: Mapping[str, Any] = {}
        if not new:
            now = (await self._calls.call("describe_time_to_live", {"TableName": name}))["TimeToLiveDescription"]
        enabled = now.get("TimeToLiveStatus") in _ON
        if enabled and not (table.expires and now.get("AttributeName") == EXPIRES):
            changes.refused.append(f"{name} has TTL on another attribute than the definition: disable TTL first.")
        elif table.expires and not enabled:
            spec = {"TableName": name, "TimeToLiveSpecification": {"Enabled": True, "AttributeName": EXPIRES}}
            changes.steps.append(Step(f"{name}: enable TTL", partial(self._calls.call, "update_time_to_live", spec)))

    async def _recovery(self, table: Table, name: str, changes: _Changes, *, new: bool) -> None:
        enabled = False
        if not new:
            try:
                response = await self._calls.call("describe_continuous_backups", {"TableName": name}, expected=_UNKNOWN)
            except ExpectedError:
                changes.notes.append(f"This server does not support backups of {name}.")
                return
            now = response["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
            enabled = now.get("PointInTimeRecoveryStatus") == "ENABLED"
        if enabled and not table.recovery:
            changes.refused.append(
                f"{name} has backups, where a key survives the erasure of its customer: disable point-in-time recovery; "
                "this deletes the backups."
            )
        elif table.recovery and not enabled:
            spec = {"TableName": name, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
            changes.steps.append(
                Step(f"{name}: enable point-in-time recovery", partial(self._calls.call, "update_continuous_backups", spec))
            )

    async def _create(self, desired: Mapping[str, Any]) -> None:
        guarded = {"DeletionProtectionEnabled": True, "SSESpecification": {"Enabled": True, "SSEType": "KMS"}}
        await self._calls.call("create_table", {**desired, **(guarded if self._guarded else {})})
        await active(self._calls, desired["TableName"])

    async def _update(self, name: str, **change: Any) -> None:
        await self._calls.call("update_table", {"TableName": name, **change})
        await active(self._calls, name)


def _features(table: Table) -> str:
    parts = [f"index {index}" for index in table.indexes] + (["a stream"] if table.feed else [])
    return f" with {', '.join(parts)}" if parts else ""


def _keyed(table: Mapping[str, Any]) -> object:
    keys = {k["AttributeName"]: k["KeyType"] for k in table["KeySchema"]}
    kinds = {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]}
    return sorted((name, kind, kinds.get(name)) for name, kind in keys.items())


def _keyed_index(index: Mapping[str, Any]) -> object:
    projection = index["Projection"]
    keys = sorted((k["AttributeName"], k["KeyType"]) for k in index["KeySchema"])
    return keys, projection["ProjectionType"], sorted(projection.get("NonKeyAttributes") or ())
