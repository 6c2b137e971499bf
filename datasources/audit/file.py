# ruff: noqa: D102 - methods are documented in the port
"""The audit log in a file of the data folder, synced to disk, and a second file with signed checkpoints."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from datasources.audit.chain import FORMAT, GENESIS_HASH, AuditKeys, Chain, Line, split_line
from datasources.audit.grouped_writes import GroupedAuditLog
from datasources.audit.port import AuditRecord, ChainLine, Checkpoint
from datasources.errors import Corrupt, Unavailable

CHAIN: Final = "audit"
_CHECKPOINT_MS: Final = 1_000
_CHECKPOINT_RECORDS: Final = 1_000
_BLOCK: Final = 65_536


class FileAuditLog(GroupedAuditLog):
    """Several processes on one machine may write: each write locks the file and continues the chain from its end."""

    def __init__(self, folder: Path, keys: AuditKeys, now_ms: Callable[[], int]) -> None:
        super().__init__()
        self._file = folder / "audit.log"
        self._checkpoints = folder / "audit.checkpoints"
        self._keys = keys
        self._now_ms = now_ms
        self._chain = Chain(keys.chain, CHAIN)
        self._size = 0
        self._signed_at = 0

    @property
    def begun_chains(self) -> frozenset[str]:
        return frozenset({CHAIN})

    async def begin(self) -> None:
        """Sign the checkpoint at which keyed hashes begin, unless there is one. Called once for an installation.

        If it were called again, a chain that somebody wrote without the key would get a valid checkpoint.
        """
        await asyncio.to_thread(self._begin)

    def _begin(self) -> None:
        with self._locked_file():
            if not any(checkpoint.format == FORMAT for checkpoint in self._stored_checkpoints()):
                self._sign()
                self._signed_at = 0  # the first records are signed at once

    async def links(self) -> AsyncIterator[ChainLine]:
        for number, line in enumerate(await asyncio.to_thread(_lines, self._file), 1):
            yield ChainLine(CHAIN, number, line)

    async def checkpoints(self) -> Sequence[Checkpoint]:
        return await asyncio.to_thread(self._stored_checkpoints)

    def _stored_checkpoints(self) -> list[Checkpoint]:
        try:
            return [msgspec.json.decode(line, type=Checkpoint) for line in _lines(self._checkpoints)]
        except msgspec.MsgspecError as e:
            raise Corrupt("audit", "a checkpoint cannot be decoded") from e

    async def checkpoint(self) -> Checkpoint | None:
        await asyncio.to_thread(self._sign_last)
        return await super().checkpoint()

    async def close(self) -> None:
        await self.flush()
        await asyncio.to_thread(self._sign_last)

    async def _write(self, records: Sequence[AuditRecord]) -> None:
        await asyncio.to_thread(self._append, records)

    def _append(self, records: Sequence[AuditRecord]) -> None:
        with self._locked_file() as file:
            before = replace(self._chain)
            data = b"".join(self._chain.add(record) for record in records)
            try:
                _write_all(file, data)
                os.fsync(file)
            except OSError:
                # Undo the partial write, so that the next group starts at the same position.
                self._chain = before
                os.ftruncate(file, self._size)
                raise
            self._size += len(data)
            if (
                self._chain.count - self._chain.signed >= _CHECKPOINT_RECORDS
                or self._now_ms() - self._signed_at >= _CHECKPOINT_MS
            ):
                self._sign()

    @contextmanager
    def _locked_file(self) -> Iterator[int]:
        """Lock the file and synchronize the chain with it. An incomplete last line was never acknowledged and is removed."""
        try:
            file = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                size = os.fstat(file).st_size
                if size != self._size:
                    self._catch_up(file, size)
                yield file
            finally:
                os.close(file)
        except OSError as e:
            raise Unavailable("audit", f"the audit log file cannot be written: {e.strerror}") from e

    def _catch_up(self, file: int, size: int) -> None:
        tail, start = b"", size
        while start > 0 and tail.count(b"\n") < 2:  # noqa: PLR2004 - the last complete line is between two line breaks
            start = max(0, start - _BLOCK)
            tail = os.pread(file, _BLOCK, start) + tail[: size - start]
        complete = tail[: tail.rfind(b"\n") + 1]
        end = size - len(tail) + len(complete)
        if end < size:
            os.ftruncate(file, end)
        last = complete.rstrip(b"\n").rpartition(b"\n")[2]
        try:
            line = split_line(last) if last else Line(0, GENESIS_HASH, 0, b"")
        except ValueError as e:
            raise Corrupt("audit", "the last line of the audit log is malformed") from e
        # Lines of format 1 name no checkpoint; the one of the switch has the number of the last of them.
        signed = line.number if line.signed is None else max(line.signed, self._chain.signed, self._last_signed(line.number))
        self._chain = Chain(self._keys.chain, CHAIN, line.number, line.hash, signed)
        self._size = end

    def _last_signed(self, end: int) -> int:
        """The number of the last stored checkpoint, which another process may have written; 0 if it is of no line."""
        try:
            with self._checkpoints.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _BLOCK))
                last = msgspec.json.decode(file.read().rstrip(b"\n").rpartition(b"\n")[2], type=Checkpoint)
        except (FileNotFoundError, msgspec.MsgspecError):
            return 0
        return last.count if last.count <= end else 0

    def _sign(self) -> None:
        checkpoint = self._chain.checkpoint(self._keys.signing, self._now_ms())
        file = os.open(self._checkpoints, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _write_all(file, msgspec.json.encode(checkpoint) + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
        self._chain.signed, self._signed_at = checkpoint.count, checkpoint.at

    def _sign_last(self) -> None:
        if self._chain.count > self._chain.signed:
            with self._locked_file():
                self._sign()


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _lines(file: Path) -> list[bytes]:
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as e:
        raise Unavailable("audit", f"the audit log file cannot be read: {e.strerror}") from e
    return data[: data.rfind(b"\n") + 1].splitlines()
