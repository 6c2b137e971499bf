"""The verification of an audit log: of each line and each checkpoint, and of what must not be missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from datasources.audit.chain import FORMAT, GENESIS_HASH, AuditKeys, is_signed, keyed_hash, split_line, unkeyed_hash
from datasources.audit.port import AuditLog, AuditRecord, ChainLine, Checkpoint

_RECORD: Final = msgspec.json.Decoder(AuditRecord)


@dataclass(slots=True)
class _ChainState:
    """What the lines of one chain say: the hash at each number, the end of format 1, and the checkpoints that lines refer to."""

    hashes: dict[int, str] = field(default_factory=lambda: {0: GENESIS_HASH})
    unkeyed: int = 0
    keyed: int = 0
    referred: set[int] = field(default_factory=set)

    @property
    def end(self) -> int:
        """The number of the last line."""
        return max(self.hashes)


@dataclass(slots=True)
class VerificationResult:
    """Verifies lines and checkpoints, and collects the faults.

    `unkeyed` counts records of format 1. `unsigned` counts those of them that follow the last checkpoint of their chain, so that
    only their order can be verified.
    """

    keys: AuditKeys
    records: int = 0
    checkpoints: int = 0
    unkeyed: int = 0
    unsigned: int = 0
    faults: list[str] = field(default_factory=list)
    _chains: dict[str, _ChainState] = field(default_factory=dict)

    @property
    def intact(self) -> bool:
        """Whether no record was edited, removed, inserted or moved, and no signature is missing."""
        return not self.faults

    def add_line(self, link: ChainLine) -> None:
        """Verify the next line; the lines of a chain must be added in stored order."""
        chain = self._chains.setdefault(link.chain, _ChainState())
        self.records += 1
        before = chain.hashes.get(link.number - 1)
        try:
            line = split_line(link.line)
            _RECORD.decode(line.body)
        except (ValueError, msgspec.MsgspecError):
            self.faults.append(f"{link.chain} {link.number}: not an audit record")
            return
        if line.signed is None:
            computed = unkeyed_hash(link.chain, line.number, before or "", line.body)
            self.unkeyed += 1
            chain.unkeyed = link.number
            if chain.keyed:
                self.faults.append(f"{link.chain} {link.number}: has no keyed hash, although an earlier record has one")
        else:
            computed = keyed_hash(self.keys.chain, link.chain, line, before or "")
            chain.keyed += 1
            chain.referred.add(line.signed)
        if line.number != link.number or before is None or computed != line.hash:
            self.faults.append(f"{link.chain} {link.number}: edited or moved, or an earlier record was removed")
        chain.hashes[link.number] = line.hash

    def check_checkpoints(self, checkpoints: Sequence[Checkpoint], expected: Iterable[str] = ()) -> None:
        """Compare with stored checkpoints; call after all lines were added. `expected` are chains that must have been begun."""
        valid = self.check_copies(checkpoints)
        for name in sorted({*self._chains, *expected, *valid}):
            chain = self._chains.get(name, _ChainState())
            self._check_missing(name, chain, valid.get(name, []), is_expected=name in expected)

    def check_copies(self, checkpoints: Sequence[Checkpoint]) -> dict[str, list[Checkpoint]]:
        """Compare with checkpoints from any copy, of which none need be complete; returns the valid ones by chain."""
        valid: dict[str, list[Checkpoint]] = {}
        for checkpoint in checkpoints:
            self.checkpoints += 1
            if not is_signed(checkpoint, self.keys.signing.public_key()):
                self.faults.append(f"{checkpoint.chain} {checkpoint.count}: the signature of a checkpoint is invalid")
                continue
            valid.setdefault(checkpoint.chain, []).append(checkpoint)
            hashes = self._chains.get(checkpoint.chain, _ChainState()).hashes
            if checkpoint.count not in hashes:
                self.faults.append(f"{checkpoint.chain}: truncated before record {checkpoint.count}")
            elif hashes[checkpoint.count] != checkpoint.hash:
                self.faults.append(f"{checkpoint.chain} {checkpoint.count}: differs from the signed record")
        return valid

    def _check_missing(self, name: str, chain: _ChainState, valid: list[Checkpoint], *, is_expected: bool) -> None:
        """Find checkpoints that must exist: those to which lines refer, and the one of the switch to keyed hashes."""
        if not valid:
            self.faults.append(f"{name}: there is no valid checkpoint, so the signatures were removed")
            return
        missing = chain.referred - {c.count for c in valid}
        self.faults += [f"{name} {number}: the checkpoint of this record was removed" for number in sorted(missing)]
        switch = min((c.count for c in valid if c.format == FORMAT), default=None)
        if switch is None:
            if is_expected or chain.keyed:
                self.faults.append(f"{name}: the checkpoint at which keyed hashes began was removed")
            self.unsigned += max(0, chain.end - max(c.count for c in valid))
        elif chain.unkeyed > switch:
            self.faults.append(f"{name} {switch + 1}: has no keyed hash, although they began after record {switch}")


async def verify_log(log: AuditLog, keys: AuditKeys, copies: Sequence[Checkpoint] = ()) -> VerificationResult:
    """Verify every line and checkpoint of a log, and compare it with copies of checkpoints that were stored elsewhere."""
    result = VerificationResult(keys)
    async for link in log.links():
        result.add_line(link)
    result.check_checkpoints(await log.checkpoints(), log.begun_chains)
    result.check_copies(copies)
    return result
