"""Tables of DynamoDB: made where they are missing, brought to their definition where that loses nothing."""

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

_NOT_THERE = frozenset({"ResourceNotFoundException"})
_UNKNOWN = frozenset({"UnknownOperationException"})
"""DynamoDB Local has no backups."""
_ON = frozenset({"ENABLED", "ENABLING"})


@dataclass
class _Found:
    """What a look at one table gathers."""

    steps: list[Step] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class TablesPlan:
    """`guarded`: against deletion, with recovery where the table allows it, as everywhere but on servers of this machine."""

    def __init__(self, calls: AwsCalls, prefix: str, *, guarded: bool) -> None:
        self._calls = calls
        self._prefix = prefix
        self._guarded = guarded

    async def look(self, tables: Sequence[Table] = ALL_TABLES) -> Plan:
        """What would have to be done; changes nothing."""
        found = _Found()
        for table in tables:
            await self._table(table, found)
        return Plan(found.steps, found.refused, found.notes)

    async def _table(self, table: Table, found: _Found) -> None:
        wanted = definition(table, self._prefix)
        name = wanted["TableName"]
        try:
            there = (await self._calls.ask("describe_table", {"TableName": name}, expected=_NOT_THERE))["Table"]
        except ExpectedError:
            found.steps.append(Step(f"make table {name}{_told(table)}", partial(self._make, wanted)))
            there = None
        else:
            self._shape(wanted, there, found)
        await self._expiry(table, name, found, fresh=there is None)
        if self._guarded:
            await self._recovery(table, name, found, fresh=there is None)

    def _shape(self, wanted: Mapping[str, Any], there: Mapping[str, Any], found: _Found) -> None:
        name = wanted["TableName"]
        if _keyed(wanted) != _keyed(there):
            found.refused.append(
                f"{name} has other keys than we need, and keys of a table cannot be changed: take another prefix."
            )
            return
        self._indexes(wanted, there, found)
        stream, now = wanted.get("StreamSpecification"), there.get("StreamSpecification") or {}
        if stream and not now.get("StreamEnabled"):
            found.steps.append(Step(f"{name}: turn its stream on", partial(self._update, name, StreamSpecification=stream)))
        elif stream and now.get("StreamViewType") != stream["StreamViewType"]:
            found.refused.append(
                f"{name} has a stream of another kind, whose unread changes would be lost: turn it off yourself once it is read."
            )
        if self._guarded and not there.get("DeletionProtectionEnabled"):
            found.steps.append(
                Step(f"{name}: guard it against deletion", partial(self._update, name, DeletionProtectionEnabled=True))
            )

    def _indexes(self, wanted: Mapping[str, Any], there: Mapping[str, Any], found: _Found) -> None:
        name, has = wanted["TableName"], {i["IndexName"]: i for i in there.get("GlobalSecondaryIndexes") or ()}
        for index in wanted.get("GlobalSecondaryIndexes", ()):
            at = has.pop(index["IndexName"], None)
            if at is None:
                change = [{"Create": index}]
                more = {"AttributeDefinitions": wanted["AttributeDefinitions"], "GlobalSecondaryIndexUpdates": change}
                found.steps.append(Step(f"{name}: add index {index['IndexName']}", partial(self._update, name, **more)))
            elif _keyed_index(at) != _keyed_index(index):
                found.refused.append(
                    f"Index {index['IndexName']} of {name} is another than we need, and changing it means dropping it: "
                    "remove it yourself while nobody reads, and provision again."
                )
        found.notes += [f"{name} has an index {other} that nobody here reads; it is left alone." for other in sorted(has)]

    async def _expiry(self, table: Table, name: str, found: _Found, *, fresh: bool) -> None:
        now: Mapping[str, Any] = {}
        if not fresh:
            now = (await self._calls.ask("describe_time_to_live", {"TableName": name}))["TimeToLiveDescription"]
        on = now.get("TimeToLiveStatus") in _ON
        if on and not (table.expires and now.get("AttributeName") == EXPIRES):
            found.refused.append(f"{name} deletes its items by another attribute than we need: turn that off yourself first.")
        elif table.expires and not on:
            spec = {"TableName": name, "TimeToLiveSpecification": {"Enabled": True, "AttributeName": EXPIRES}}
            found.steps.append(Step(f"{name}: delete what has expired", partial(self._calls.ask, "update_time_to_live", spec)))

    async def _recovery(self, table: Table, name: str, found: _Found, *, fresh: bool) -> None:
        on = False
        if not fresh:
            try:
                told = await self._calls.ask("describe_continuous_backups", {"TableName": name}, expected=_UNKNOWN)
            except ExpectedError:
                found.notes.append(f"This server keeps no backups of {name}.")
                return
            now = told["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
            on = now.get("PointInTimeRecoveryStatus") == "ENABLED"
        if on and not table.recovery:
            found.refused.append(
                f"{name} keeps backups, and a key in a backup is not destroyed with its customer: turn recovery off yourself; "
                "the backups go with it."
            )
        elif table.recovery and not on:
            spec = {"TableName": name, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
            found.steps.append(Step(f"{name}: keep recovery points", partial(self._calls.ask, "update_continuous_backups", spec)))

    async def _make(self, wanted: Mapping[str, Any]) -> None:
        guarded = {"DeletionProtectionEnabled": True, "SSESpecification": {"Enabled": True, "SSEType": "KMS"}}
        await self._calls.ask("create_table", {**wanted, **(guarded if self._guarded else {})})
        await active(self._calls, wanted["TableName"])

    async def _update(self, name: str, **change: Any) -> None:
        await self._calls.ask("update_table", {"TableName": name, **change})
        await active(self._calls, name)


def _told(table: Table) -> str:
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
