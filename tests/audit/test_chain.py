"""The chain reveals edits, deletions, insertions, reordering, truncation and invalid signatures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from datasources.audit.chain import VerificationResult, signing_key
from datasources.audit.file import CHAIN, FileAuditLog
from datasources.audit.port import AuditRecord
from datasources.errors import Unavailable

KEY = signing_key(b"k" * 32)


class Clock:
    now = 1_000_000

    def __call__(self) -> int:
        self.now += 10
        return self.now


def record(n: int) -> AuditRecord:
    return AuditRecord(
        at=n, kind="SERVICE", principal="SERVICE:reports", purpose="tests", owners={"SERVICE": ("00ff",)},
        classes=("TIME", "PLACE"), photos=n, operation="ab" * 32, policy=2,
    )  # fmt: skip


async def log_of(folder: Path, records: int = 0, key: Ed25519PrivateKey = KEY) -> FileAuditLog:
    log = FileAuditLog(folder, key, Clock())
    for n in range(records):
        await log.append([record(n)])
    return log


async def findings_of(folder: Path, key: Ed25519PrivateKey = KEY) -> VerificationResult:
    log, findings = FileAuditLog(folder, KEY, Clock()), VerificationResult()
    async for link in log.links():
        findings.add_line(link)
    findings.check_checkpoints(await log.checkpoints(), key.public_key())
    return findings


@pytest.fixture
async def written(tmp_path: Path) -> Path:
    log = await log_of(tmp_path, 20)
    await log.close()
    return tmp_path


def lines(folder: Path) -> list[bytes]:
    return (folder / "audit.log").read_bytes().splitlines(keepends=True)


async def test_an_untouched_chain_is_whole(written: Path) -> None:
    findings = await findings_of(written)
    assert (findings.intact, findings.records) == (True, 20)
    assert findings.checkpoints >= 1
    assert (written / "audit.log").stat().st_mode & 0o777 == 0o600


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "an edit": lambda a: [*a[:5], a[5].replace(b'"photos":5', b'"photos":6'), *a[6:]],
    "a deletion": lambda a: [*a[:5], *a[6:]],
    "another order": lambda a: [*a[:5], a[6], a[5], *a[7:]],
    "an insertion": lambda a: [*a[:5], a[4], *a[5:]],
    "the first one gone": lambda a: a[1:],
    "the end cut off": lambda a: a[:15],
    "all of it gone": lambda _: [],
    "no text": lambda a: [*a[:5], b"\xff\xfe\n", *a[6:]],
    "another number": lambda a: [*a[:5], b"99" + a[5][1:], *a[6:]],
}


@pytest.mark.parametrize("change", CHANGES)
async def test_every_change_is_found(written: Path, change: str) -> None:
    (written / "audit.log").write_bytes(b"".join(CHANGES[change](lines(written))))
    assert not (await findings_of(written)).intact


async def test_a_chain_written_again_is_found_by_what_was_signed(written: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged"
    forged.mkdir()
    log = await log_of(forged, 30)
    await log.close()
    (written / "audit.log").write_bytes((forged / "audit.log").read_bytes().replace(b'"photos":7', b'"photos":8'))
    assert not (await findings_of(written)).intact


async def test_a_cut_of_both_files_is_found_by_a_checkpoint_stored_elsewhere(written: Path) -> None:
    log = FileAuditLog(written, KEY, Clock())
    stored = (await log.checkpoints())[-1]
    (written / "audit.log").write_bytes(b"".join(lines(written)[:3]))
    (written / "audit.checkpoints").unlink()
    findings = await findings_of(written)
    assert findings.intact
    findings.check_checkpoints([stored], KEY.public_key())
    assert findings.faults == [f"{CHAIN}: truncated before record 20"]


async def test_foreign_signatures_count_for_nothing(written: Path) -> None:
    findings = await findings_of(written, key=signing_key(b"other" * 8))
    assert not findings.intact


async def test_a_line_torn_by_a_crash_was_never_acknowledged_and_the_next_one_goes_on(written: Path) -> None:
    with (written / "audit.log").open("ab") as file:
        file.write(b'21 00ff {"at":')
    log = await log_of(written)
    await log.append([record(21)])
    await log.close()
    findings = await findings_of(written)
    assert (findings.intact, findings.records) == (True, 21)


async def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    one, other = await log_of(tmp_path), await log_of(tmp_path)
    for n in range(10):
        await asyncio.gather(one.append([record(n)]), other.append([record(n), record(n)]))
    await one.close()
    await other.close()
    findings = await findings_of(tmp_path)
    assert (findings.intact, findings.records) == (True, 30)


async def test_requests_that_wait_are_written_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, groups = await log_of(tmp_path), []
    inner = log._write

    async def counted(records: object) -> None:
        groups.append(records)
        await inner(records)  # type: ignore[arg-type]

    monkeypatch.setattr(log, "_write", counted)
    await asyncio.gather(*(log.append([record(n)]) for n in range(50)))
    assert len(groups) <= 3
    assert len(lines(tmp_path)) == 50


async def test_what_cannot_be_written_is_reported_to_those_who_wait_and_stored_for_owners(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "audit.log"
    folder.mkdir()  # no file can be written there
    log = await log_of(tmp_path)
    log.append_later(record(1))
    with caplog.at_level(logging.ERROR), pytest.raises(Unavailable):
        await log.append([record(2)])
    await log.flush()
    assert "could not be written" in caplog.text
    folder.rmdir()
    await log.append([record(3)])
    await log.close()
    photos = [msgspec.json.decode(line.split(b" ", 2)[2])["photos"] for line in lines(tmp_path)]
    assert sorted(photos) == [1, 3]
