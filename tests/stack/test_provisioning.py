"""What the stack needs, made on real servers: twice is once, what is missing is added, what would lose something is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from datasources.aws.access import AwsAccess
from datasources.aws.calls import AwsCalls
from datasources.aws.stack import Stack
from datasources.provisioning.buckets import BucketPlan
from datasources.provisioning.desired_state import ALL_TABLES, AUDIT, FILES
from datasources.provisioning.plan import plan, provision
from datasources.provisioning.tables import TablesPlan
from datasources.search.opensearch.transport import Cluster, Transport
from datasources.tables.dynamodb.schema import definition, drop
from datasources.tables.photos import PHOTOS
from datasources.tables.wrapping_keys import KEYS
from tests.search.engines import dropped
from tests.stack.stacks import gateway_on, made, stack_of

pytestmark = pytest.mark.servers


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    """One of which nothing is there."""
    fresh = stack_of()
    yield fresh
    async with calls_of(fresh, "dynamodb") as calls:
        await drop(calls, ALL_TABLES, fresh.prefix)
    with suppress(HTTPError):  # nothing was made
        dropped(fresh.index)


class calls_of:  # noqa: N801 - reads as a function
    def __init__(self, stack: Stack, service: str) -> None:
        self._stack, self._service = stack, service

    async def __aenter__(self) -> AwsCalls:
        url = self._stack.dynamodb_url if self._service == "dynamodb" else self._stack.s3_url
        self._calls = await AwsCalls.open(self._service, self._service, self._stack.access(url), self._stack.retry_policy)
        return self._calls

    async def __aexit__(self, *_: object) -> None:
        await self._calls.close()


async def said(stack: Stack, *, dry: bool = False) -> list[str]:
    lines: list[str] = []
    await provision(stack, lines.append, dry=dry)
    return [line for line in lines if not line.startswith("note:")]


async def test_a_dry_run_changes_nothing_and_says_what_a_run_then_does_and_a_second_run_has_nothing_to_do(
    stack: Stack, tmp_path: Path
) -> None:
    would = await said(stack, dry=True)
    assert await said(stack, dry=True) == would
    assert all(f"would create table {stack.prefix}{t.name}" in " ".join(would) for t in ALL_TABLES)
    done = [line.partition(": ")[2].removesuffix(" (this server does not support it)") for line in await said(stack)]
    assert done == [line.removeprefix("would ") for line in would]
    assert await said(stack) == ["nothing to do: everything matches the definition"]
    async with gateway_on(stack) as gateway:
        ana = await gateway.customer("ana")
        await gateway.photo("ana", "a", caption="Sea")
        found = await gateway.answer('{ searchPhotos(query: "sea", first: 1) { nodes { caption } } }', as_=ana)
        assert found["searchPhotos"]["nodes"] == [{"caption": "Sea"}]
    # Written once: the audit of that reading cannot be taken back.
    async with calls_of(stack, "s3") as calls:
        listed = await calls.call("list_object_versions", {"Bucket": stack.audit_bucket})
        one = {"Bucket": stack.audit_bucket, "Key": listed["Versions"][0]["Key"], "VersionId": listed["Versions"][0]["VersionId"]}
        with pytest.raises(Exception, match=r"Denied|refuses"):
            await calls.call("delete_object", one)


async def test_the_demos_own_making_leaves_provisioning_nothing_to_do() -> None:
    async with made(stack_of()) as stack:
        assert [line for line in await said(stack) if "enable yearly rotation" not in line] == []


async def test_an_index_that_is_missing_is_added_and_items_stay(stack: Stack) -> None:
    async with calls_of(stack, "dynamodb") as calls:
        old = definition(PHOTOS, stack.prefix)
        kept, *_ = old["GlobalSecondaryIndexes"]
        named = {k["AttributeName"] for k in (*old["KeySchema"], *kept["KeySchema"])}
        attributes = [a for a in old["AttributeDefinitions"] if a["AttributeName"] in named]
        old = {n: v for n, v in old.items() if n != "StreamSpecification"}
        await calls.call("create_table", {**old, "GlobalSecondaryIndexes": [kept], "AttributeDefinitions": attributes})
        lines = await said(stack)
        assert f"done: {stack.prefix}photos: add index changes" in lines
        assert f"done: {stack.prefix}photos: enable the stream" in lines
        assert await said(stack) == ["nothing to do: everything matches the definition"]


async def test_what_would_lose_something_is_refused_and_then_nothing_at_all_is_done(stack: Stack) -> None:
    other = {
        "TableName": f"{stack.prefix}photos", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }  # fmt: skip
    async with calls_of(stack, "dynamodb") as calls, calls_of(stack, "s3") as files:
        await calls.call("create_table", other)
        await files.call("create_bucket", {"Bucket": stack.audit_bucket})
        await files.call("create_bucket", {"Bucket": stack.bucket})
        lines = await said(stack)
        assert len(lines) == 2
        assert "refused" in lines[0]
        assert "different key schema" in lines[0]
        assert "object lock" in lines[1]
        assert (await calls.call("list_tables", {"ExclusiveStartTableName": stack.prefix, "Limit": 1}))["TableNames"] == [
            f"{stack.prefix}photos"
        ]


async def test_fields_are_added_to_an_index_and_other_fields_need_a_reindex(stack: Stack) -> None:
    await said(stack)
    wire = Transport(Cluster(stack.search_url))
    async with AsyncExitStack() as held:
        held.push_async_callback(wire.close)
        for index, field, changed, words in (
            ("000002", "camera", None, "add fields camera"),
            ("000003", "camera", {"type": "long"}, "`photos-gateway reindex`"),
        ):
            await renewed(wire, stack, index, field, changed)
            lines = await said(stack)
            assert words in " ".join(lines), lines
        assert any(line.startswith("refused") for line in lines)


async def renewed(wire: Transport, stack: Stack, index: str, field: str, changed: dict[str, Any] | None) -> None:
    """The alias on an index that was made before a field was, or was another."""
    found = await wire.call("GET", f"/_index_template/{stack.index}")
    template = found["index_templates"][0]["index_template"]["template"]
    properties = {n: f for n, f in template["mappings"]["properties"].items() if n != field}
    mappings = {**template["mappings"], "properties": {**properties, **({field: changed} if changed else {})}}
    name = f"{stack.index}-old{index}"
    await wire.call("PUT", f"/{name}", {"mappings": mappings, "settings": template["settings"]})
    actions = [
        {"remove": {"index": "*", "alias": stack.index}},
        {"add": {"index": name, "alias": stack.index}},
    ]
    await wire.call("POST", "/_aliases", {"actions": actions})


async def test_guarded_stacks_and_full_buckets_as_on_aws(stack: Stack) -> None:
    """The stand-in for KMS speaks the rest of AWS too: backups, encryption, life cycles, what local servers lack."""
    access: AwsAccess = stack.access(stack.kms_url)
    tables = await AwsCalls.open("tables", "dynamodb", access, stack.retry_policy)
    files = await AwsCalls.open("media", "s3", access, stack.retry_policy)
    some = (PHOTOS, KEYS)
    try:
        guarded = TablesPlan(tables, stack.prefix, guarded=True)
        media = BucketPlan(files, "us-east-1", stack.bucket, FILES)
        audit = BucketPlan(files, "us-east-1", stack.audit_bucket, AUDIT)
        for look in (lambda: guarded.plan(some), media.plan, audit.plan):
            for step in (await look()).steps:
                await step.do()
        assert (await guarded.plan(some)).steps == []
        for name, bucket in ((stack.bucket, FILES), (stack.audit_bucket, AUDIT)):
            again = await BucketPlan(files, "us-east-1", name, bucket).plan()
            assert (again.steps, again.refused, again.notes) == ([], [], [])
        reported = await tables.call("describe_continuous_backups", {"TableName": f"{stack.prefix}keys"})
        assert (
            reported["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
        )
        on = {"TableName": f"{stack.prefix}keys", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
        await tables.call("update_continuous_backups", on)
        assert "disable point-in-time recovery" in (await guarded.plan(some)).refused[0]
        await files.call("put_bucket_versioning", {"Bucket": stack.bucket, "VersioningConfiguration": {"Status": "Enabled"}})
        assert "old versions" in (await BucketPlan(files, "us-east-1", stack.bucket, FILES).plan()).refused[0]
    finally:
        await tables.close()
        await files.close()


async def test_a_key_that_is_about_to_be_deleted_is_refused(stack: Stack) -> None:
    async with made(stack):
        calls = await AwsCalls.open("keys", "kms", stack.access(stack.kms_url), stack.retry_policy)
        key = (await calls.call("describe_key", {"KeyId": stack.key_id}))["KeyMetadata"]["KeyId"]
        await calls.call("schedule_key_deletion", {"KeyId": key})
        await calls.close()
        async with AsyncExitStack() as held:
            refused = (await plan(stack, held)).refused
        assert refused == [
            f"Key {stack.key_id} is PendingDeletion: stored data cannot be decrypted without it. Enable the key first."
        ]
        async with AsyncExitStack() as held:
            assert "only an alias" in (await plan(replace(stack, key_id="00000000-0000-0000-0000-000000000000"), held)).refused[0]
