"""Everything that the real servers hold of a stack, byte by byte, past our own code: for whoever looks for traces."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from datasources import TABLES
from datasources.aws.calls import AwsCalls
from datasources.aws.stack import Stack
from datasources.search.opensearch.indices import Indices
from deploy.servers.opensearch import run_folder
from tests.erasing.makers import holding
from tests.search.engines import cluster
from tests.servers import places_of

Found = AsyncIterator[tuple[str, bytes]]


async def rows(stack: Stack) -> Found:
    """Every row of every table."""
    calls = await AwsCalls.open("tables", "dynamodb", stack.access(stack.dynamodb_url), stack.retry_policy)
    try:
        for table in TABLES:
            requested: dict[str, Any] = {"TableName": stack.prefix + table.name, "ConsistentRead": True}
            while True:
                reported = await calls.call("scan", requested)
                for row in reported["Items"]:
                    yield f"tables/{table.name}", b"\n".join(_values(row))
                if "LastEvaluatedKey" not in reported:
                    break
                requested["ExclusiveStartKey"] = reported["LastEvaluatedKey"]
    finally:
        await calls.close()


def _values(row: Any) -> Iterator[bytes]:
    for value in row.values():
        (found,) = value.values()
        yield found if isinstance(found, bytes) else str(found).encode()


async def objects(stack: Stack, bucket: str) -> Found:
    """Every version of every object, under its name."""
    calls = await AwsCalls.open("media", "s3", stack.access(stack.s3_url), stack.retry_policy)
    try:
        reported = await calls.call("list_object_versions", {"Bucket": bucket})
        assert not reported.get("IsTruncated")
        for one in reported.get("Versions", ()):
            got = await calls.call("get_object", {"Bucket": bucket, "Key": one["Key"]})
            yield f"{bucket}/{one['Key']}", one["Key"].encode() + b"\n" + await got["Body"].read()
    finally:
        await calls.close()


async def keys(stack: Stack) -> Found:
    """What the key service tells of its keys."""
    calls = await AwsCalls.open("keys", "kms", stack.access(stack.kms_url), stack.retry_policy)
    try:
        reported = [await calls.call(operation, {}) for operation in ("list_keys", "list_aliases")]
        yield "keys", json.dumps(reported, default=str).encode()
    finally:
        await calls.close()


async def index_files(stack: Stack, *needles: str | bytes) -> list[str]:
    """Files of the node, segments and logs of operations, in which something stands."""
    indices = Indices.connect(cluster(), stack.index)
    (name,) = await indices.counts()
    reported = await indices._transport.call("GET", f"/{name}/_settings")
    await indices.close()
    folder = (
        run_folder(places_of("opensearch")) / "data" / "nodes" / "0" / "indices" / reported[name]["settings"]["index"]["uuid"]
    )
    assert folder.is_dir()
    return list(holding(folder, *needles))


async def traces(stack: Stack, *needles: bytes) -> set[str]:
    """Where in tables, buckets, keys and files of the index something stands."""
    found = set()
    for source in (rows(stack), objects(stack, stack.bucket), objects(stack, stack.audit_bucket), keys(stack)):
        async for where, data in source:
            if any(needle in data for needle in needles):
                found.add(where)
    return found | {f"index/{name}" for name in await index_files(stack, *needles)}
