"""Every engine of the tables, opened empty for one test."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from datasources.retry import RetryPolicy
from datasources.tables.changes import ChangeFeed
from datasources.tables.dynamodb.schema import drop, make_missing
from datasources.tables.dynamodb.store import DynamoTables
from datasources.tables.sqlite.store import SqliteTables
from datasources.tables.store import ItemStore, Table
from tests.servers import aws_access
from tests.tables.reordering_store import awkward


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Tables(Protocol):
    items: ItemStore
    feed: ChangeFeed

    async def sweep(self) -> int: ...
    async def close(self) -> None: ...


Opening = AbstractAsyncContextManager[Tables]
SECRET = b"signs the pages of this test" * 2


@asynccontextmanager
async def sqlite(folder: Path, tables: Sequence[Table], clock: Clock) -> AsyncIterator[Tables]:
    opened = SqliteTables.open(folder / "tables.sqlite", tables, clock=clock)
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def dynamodb(folder: Path, tables: Sequence[Table], clock: Clock) -> AsyncIterator[Tables]:
    """A second opening of the same folder sees the same tables; whoever made them drops them."""
    noted = folder / "prefix"
    mine = not noted.exists()
    if mine:
        noted.write_text(f"t{secrets.token_hex(6)}-")
    prefix = noted.read_text()
    opened = await DynamoTables.open(
        aws_access("dynamodb"), tables, prefix=prefix, clock=clock, retry_policy=RetryPolicy(deadline_s=30.0)
    )
    opened.sign(SECRET)
    try:
        if mine:
            await make_missing(opened.calls, tables, prefix)
        yield opened
    finally:
        if mine:
            await drop(opened.calls, tables, prefix)
        await opened.close()


ADAPTERS: dict[str, Callable[[Path, Sequence[Table], Clock], Opening]] = {
    "sqlite": sqlite,
    "awkward": awkward,
    "dynamodb": dynamodb,
}
PARAMS = [pytest.param(name, marks=[pytest.mark.servers] if name == "dynamodb" else []) for name in ADAPTERS]
