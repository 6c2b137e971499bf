"""The contract of AuditLog: records are in order, durable on return, and verifiable."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from datasources.audit.chain import AuditKeys
from datasources.audit.file import FileAuditLog
from datasources.audit.port import AuditLog, AuditRecord
from datasources.audit.s3 import S3AuditLog
from datasources.audit.verification import VerificationResult, verify_log
from datasources.media.s3 import S3MediaStore
from tests.servers import aws_access

KEYS = AuditKeys.of(b"k" * 32)
Open = Callable[[], AbstractAsyncContextManager[AuditLog]]


class Clock:
    now = 1_000_000

    def __call__(self) -> int:
        self.now += 10
        return self.now


def in_file(folder: Path) -> Open:
    @asynccontextmanager
    async def opened() -> AsyncIterator[AuditLog]:
        log = FileAuditLog(folder, KEYS, Clock())
        await log.begin()
        try:
            yield log
        finally:
            await log.close()

    return opened


def in_bucket(_: Path) -> Open:
    bucket = f"audit-{secrets.token_hex(6)}"

    @asynccontextmanager
    async def opened() -> AsyncIterator[AuditLog]:
        store = await S3MediaStore.open(aws_access("s3"), bucket)
        await store.make_bucket()
        await store.close()
        log = await S3AuditLog.open(aws_access("s3"), bucket, KEYS, Clock())
        try:
            yield log
        finally:
            await log.close()

    return opened


ADAPTERS: dict[str, Callable[[Path], Open]] = {"FileAuditLog": in_file, "S3AuditLog": in_bucket}


@pytest.fixture(params=["FileAuditLog", pytest.param("S3AuditLog", marks=pytest.mark.servers)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    return ADAPTERS[request.param](tmp_path)


def record(n: int) -> AuditRecord:
    return AuditRecord(
        at=n, kind="SERVICE", principal="SERVICE:reports", owners={"SERVICE": ("00ff",)},
        classes=("TIME",), photos=n, operation="ab" * 32, policy=2,
    )  # fmt: skip


async def verified(log: AuditLog) -> VerificationResult:
    return await verify_log(log, KEYS)


async def test_what_was_appended_is_there_in_order_and_whole(engine: Open) -> None:
    async with engine() as log:
        for n in range(5):
            await log.append([record(n), record(n + 100)])
        findings = await verified(log)
        lines = [link.line async for link in log.links()]
    assert (findings.intact, findings.records) == (True, 10)
    assert [line.split(b'"photos":')[1].split(b"}")[0].split(b",")[0] for line in lines][:3] == [b"0", b"100", b"1"]


async def test_many_requests_at_once_and_two_processes(engine: Open) -> None:
    async with engine() as one, engine() as other:
        await asyncio.gather(*(log.append([record(n)]) for n in range(20) for log in (one, other)))
    async with engine() as later:
        findings = await verified(later)
    assert (findings.intact, findings.records) == (True, 40)
    assert findings.checkpoints >= 1


async def test_what_is_noted_is_written_by_the_end(engine: Open) -> None:
    async with engine() as log:
        log.append_later(record(1))
        await log.flush()
        assert (await verified(log)).records == 1
        log.append_later(record(2))
    async with engine() as later:
        assert (await verified(later)).records == 2


async def test_nothing_yet_is_whole_too(engine: Open) -> None:
    async with engine() as log:
        assert (await verified(log)).intact
