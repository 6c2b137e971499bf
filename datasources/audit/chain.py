"""The hash chain of the audit log: each line contains a hash over the previous one; checkpoints sign the last hash.

A line is `number hash record`: decimal, BLAKE2b-256 in hexadecimal, JSON. The hash covers the name of the chain, the number,
the previous hash and the bytes of the record, each prefixed with its length, so that the encoding is unambiguous.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from datasources.audit.port import AuditRecord, ChainLine, Checkpoint

GENESIS_HASH = "0" * 64
"""The previous hash of the first record."""
_ENCODE = msgspec.json.Encoder(order="deterministic").encode
_RECORD = msgspec.json.Decoder(AuditRecord)


@dataclass(slots=True)
class Chain:
    """The state of a chain: its name, length and last hash."""

    name: str
    count: int = 0
    hash: str = GENESIS_HASH

    def add(self, record: AuditRecord) -> bytes:
        """Append a record; returns its line with the line break."""
        body = _ENCODE(record)
        self.count += 1
        self.hash = link_hash(self.name, self.count, self.hash, body)
        return b"%d %s %s\n" % (self.count, self.hash.encode(), body)

    def checkpoint(self, key: Ed25519PrivateKey, at_ms: int) -> Checkpoint:
        """A signed checkpoint of the current state."""
        signature = base64.b64encode(key.sign(_signed(self.name, self.count, self.hash, at_ms))).decode()
        return Checkpoint(self.name, self.count, self.hash, at_ms, signature)


def signing_key(secret: bytes) -> Ed25519PrivateKey:
    """The signing key of checkpoints, derived from the audit secret of the installation."""
    seed = hashlib.blake2b(key=secret[:64], person=b"checkpoints", digest_size=32).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def link_hash(chain: str, number: int, before: str, body: bytes) -> str:
    """The hash of one line."""
    digest = hashlib.blake2b(digest_size=32, person=b"photos-audit")
    for part in (chain.encode(), str(number).encode(), before.encode(), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def split_line(line: bytes) -> tuple[int, str, bytes]:
    """The number, hash and record of a line; raises `ValueError` if the line is malformed."""
    number, hashed, body = line.rstrip(b"\n").split(b" ", 2)
    return int(number), hashed.decode("ascii"), body


@dataclass(slots=True)
class VerificationResult:
    """Verifies lines and checkpoints, and collects the faults."""

    records: int = 0
    checkpoints: int = 0
    faults: list[str] = field(default_factory=list)
    _ends: dict[str, dict[int, str]] = field(default_factory=dict)

    @property
    def intact(self) -> bool:
        """Whether no record was edited, removed, inserted, moved or truncated."""
        return not self.faults

    def add_line(self, link: ChainLine) -> None:
        """Verify the next line; the lines of a chain must be added in stored order."""
        ends = self._ends.setdefault(link.chain, {0: GENESIS_HASH})
        before = ends.get(link.number - 1)
        try:
            number, hashed, body = split_line(link.line)
            _RECORD.decode(body)
        except (ValueError, msgspec.MsgspecError):
            self.faults.append(f"{link.chain} {link.number}: not an audit record")
            return
        if number != link.number or before is None or link_hash(link.chain, number, before, body) != hashed:
            self.faults.append(f"{link.chain} {link.number}: edited or moved, or an earlier record was removed")
        ends[link.number] = hashed
        self.records += 1

    def check_checkpoints(self, checkpoints: Sequence[Checkpoint], key: Ed25519PublicKey) -> None:
        """Compare with checkpoints from any copy; call after all lines were added."""
        for checkpoint in checkpoints:
            self.checkpoints += 1
            if not _is_signed(checkpoint, key):
                self.faults.append(f"{checkpoint.chain} {checkpoint.count}: the signature of a checkpoint is invalid")
                continue
            ends = self._ends.get(checkpoint.chain, {0: GENESIS_HASH})
            if checkpoint.count not in ends:
                self.faults.append(f"{checkpoint.chain}: truncated before record {checkpoint.count}")
            elif ends[checkpoint.count] != checkpoint.hash:
                self.faults.append(f"{checkpoint.chain} {checkpoint.count}: differs from the signed record")


def _is_signed(checkpoint: Checkpoint, key: Ed25519PublicKey) -> bool:
    signed = _signed(checkpoint.chain, checkpoint.count, checkpoint.hash, checkpoint.at)
    try:
        key.verify(base64.b64decode(checkpoint.signature, validate=True), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(chain: str, count: int, hashed: str, at_ms: int) -> bytes:
    return f"photos-audit-checkpoint\n{chain}\n{count}\n{hashed}\n{at_ms}\n".encode()
