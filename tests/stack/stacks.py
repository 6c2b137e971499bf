"""The real servers as one stack for a test: its own tables, bucket, key and index, and the gateway over them."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from datasources import TABLES
from datasources.aws.calls import AwsCalls
from datasources.aws.stack import Stack
from datasources.tables.dynamodb.schema import drop
from datasources.wiring import make_local, real
from indexing.index_lag import IndexLag
from tests.requests.harness import Gateway
from tests.search.engines import dropped
from tests.servers import places_of


def stack_of(**changes: Any) -> Stack:
    """A stack that nobody used before."""
    places = places_of("dynamodb", "s3", "kms", "opensearch")
    os.environ.update({k: v for k, v in places.environment().items() if k.startswith("AWS_")})
    name = f"t{secrets.token_hex(6)}"
    whole: dict[str, Any] = {
        "region": "us-east-1", "prefix": f"{name}-", "bucket": name, "key_id": f"alias/{name}", "index": name,
        "search_url": places.url("opensearch"), "dynamodb_url": places.url("dynamodb"), "s3_url": places.url("s3"),
        "kms_url": places.url("kms"), "local": True, "follow": True, **changes,
    }  # fmt: skip
    return Stack(**whole)


@asynccontextmanager
async def made(stack: Stack) -> AsyncIterator[Stack]:
    """The stack with all it needs, gone afterwards."""
    await make_local(stack)
    try:
        yield stack
    finally:
        calls = await AwsCalls.open("tables", "dynamodb", stack.access(stack.dynamodb_url), stack.retry_policy)
        await drop(calls, TABLES, stack.prefix)
        await calls.close()
        dropped(stack.index)


@asynccontextmanager
async def gateway_on(stack: Stack, *, now_ms: Callable[[], int] | None = None) -> AsyncIterator[Gateway]:
    """The gateway over a stack that is made; `now_ms` is the clock."""
    sources = await real(stack)
    gateway = Gateway(replace(sources, now_ms=now_ms or sources.now_ms), IndexLag())
    try:
        yield gateway
    finally:
        await gateway.settle()
        await sources.close()


def settings_of(stack: Stack) -> Mapping[str, str]:
    """The stack as the environment of a process that is to serve it."""
    return places_of("dynamodb", "s3", "kms", "opensearch").environment() | {
        "PHOTOS_TABLE_PREFIX": stack.prefix, "PHOTOS_BUCKET": stack.bucket, "PHOTOS_KEY_ID": stack.key_id,
        "PHOTOS_OPENSEARCH_INDEX": stack.index, "PHOTOS_DYNAMODB_URL": stack.dynamodb_url or "",
    }  # fmt: skip
