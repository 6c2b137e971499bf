"""The chain reveals edits, deletions, insertions, reordering, truncation and invalid signatures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from datasources.audit.chain import GENESIS_HASH, AuditKeys, split_line, unkeyed_hash
from datasources.audit.file import CHAIN, FileAuditLog
from datasources.audit.port import AuditRecord
from datasources.audit.verification import VerificationResult, verify_log
from datasources.data_folder import prepare
from datasources.errors import Unavailable
from datasources.wiring import embedded

KEYS = AuditKeys.of(b"k" * 32)


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


async def log_of(folder: Path, records: int = 0, keys: AuditKeys = KEYS) -> FileAuditLog:
    log = FileAuditLog(folder, keys, Clock())
    if not (folder / "audit.log").exists():
        await log.begin()
    for n in range(records):
        await log.append([record(n)])
    return log


async def findings_of(folder: Path, keys: AuditKeys = KEYS) -> VerificationResult:
    return await verify_log(FileAuditLog(folder, KEYS, Clock()), keys)


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
    log = FileAuditLog(written, KEYS, Clock())
    first, *_, stored = await log.checkpoints()
    checkpoints = (written / "audit.checkpoints").read_bytes().splitlines(keepends=True)
    (written / "audit.log").write_bytes(b"")
    (written / "audit.checkpoints").write_bytes(checkpoints[0])
    findings = await findings_of(written)
    assert (findings.intact, first.count) == (True, 0)
    findings.check_copies([stored])
    assert findings.faults == [f"{CHAIN}: truncated before record 20"]


async def test_foreign_signatures_count_for_nothing(written: Path) -> None:
    findings = await findings_of(written, keys=AuditKeys.of(b"other" * 8))
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
    photos = [msgspec.json.decode(split_line(line).body)["photos"] for line in lines(tmp_path)]
    assert sorted(photos) == [1, 3]


def unkeyed(records: list[bytes]) -> bytes:
    """A chain of format 1, which anybody can compute."""
    before, made = GENESIS_HASH, b""
    for number, body in enumerate(records, 1):
        before = unkeyed_hash(CHAIN, number, before, body)
        made += b"%d %s %s\n" % (number, before.encode(), body)
    return made


@pytest.mark.parametrize("checkpoints", ["removed", "unchanged", "empty"])
@pytest.mark.parametrize("log", ["rewritten", "removed", "empty", "truncated", "unchanged"])
async def test_a_log_changed_without_the_key_is_not_intact(written: Path, log: str, checkpoints: str) -> None:
    """`rewritten` is an attack without any key: records are dropped and the hashes computed again."""
    if (log, checkpoints) == ("unchanged", "unchanged"):
        return
    file, signed = written / "audit.log", written / "audit.checkpoints"
    bodies = [split_line(line).body for line in lines(written)]
    changed = {"rewritten": unkeyed(bodies[::2]), "empty": b"", "truncated": b"".join(lines(written)[:1])}
    changed["unchanged"] = file.read_bytes()
    file.unlink() if log == "removed" else file.write_bytes(changed[log])
    if checkpoints == "removed":
        signed.unlink()
    elif checkpoints == "empty":
        signed.write_bytes(b"")
    assert not (await findings_of(written)).intact
    later = await log_of_begun(written)
    await later.append([record(99)])
    await later.close()
    assert not (await findings_of(written)).intact


async def log_of_begun(folder: Path) -> FileAuditLog:
    """As an installation opens its log after the first time: without another beginning."""
    return FileAuditLog(folder, KEYS, Clock())


async def test_every_checkpoint_that_a_record_names_must_exist(written: Path) -> None:
    for n in range(3):
        again = await log_of(written)
        await again.append([record(100 + n)])
        await again.close()
    signed = written / "audit.checkpoints"
    stored = signed.read_bytes().splitlines(keepends=True)
    assert (await findings_of(written)).intact
    for n in range(len(stored) - 1):
        signed.write_bytes(b"".join([*stored[:n], *stored[n + 1 :]]))
        count = msgspec.json.decode(stored[n])["count"]
        if not any(msgspec.json.decode(s)["count"] == count for i, s in enumerate(stored) if i != n):
            assert not (await findings_of(written)).intact, n


async def test_records_of_before_are_verified_up_to_the_switch_which_the_new_chain_seals(tmp_path: Path) -> None:
    old = [msgspec.json.encode(record(n)) for n in range(10)]
    (tmp_path / "audit.log").write_bytes(unkeyed(old))
    log = FileAuditLog(tmp_path, KEYS, Clock())
    await log.begin()
    await log.begin()  # a repeat after an interruption signs nothing more
    assert [c.count for c in await log.checkpoints()] == [10]
    await log.append([record(11), record(12)])
    await log.close()
    findings = await findings_of(tmp_path)
    assert (findings.faults, findings.records, findings.unkeyed, findings.unsigned) == ([], 12, 10, 0)
    before = lines(tmp_path)
    dropped = unkeyed(old[:4] + old[5:]).splitlines(keepends=True)
    for changed in (
        [*dropped, *before[10:]],
        [*before[:9], *before[10:]],
        dropped,
        [*before, unkeyed(old).splitlines(keepends=True)[0]],
    ):
        (tmp_path / "audit.log").write_bytes(b"".join(changed))
        assert not (await findings_of(tmp_path)).intact


async def test_an_installation_begins_its_keyed_chain_once(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "data")
    await (await embedded(folder)).close()
    assert (folder / "audit.log").read_bytes() == b""
    (folder / "audit.checkpoints").unlink()
    sources = await embedded(folder)
    try:
        found = await verify_log(sources.audit, AuditKeys.of(await sources.keys.installation_secret("audit")))
    finally:
        await sources.close()
    assert found.faults == ["audit: there is no valid checkpoint, so the signatures were removed"]
