"""The chain itself: each line holds the hash of the one before it, and signed checkpoints say where it stood.

A line is `number hash record`: decimal, BLAKE2b-256 in hexadecimal, JSON. The hash covers the chain's name, the number, the
hash before and the record's bytes, each with its length before it (NIST FIPS 180-4 style encodings leave no two readings).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from datasources.audit.port import AuditRecord, Checkpoint, Link

NOTHING = "0" * 64
"""The hash before the first record."""
_ENCODE = msgspec.json.Encoder(order="deterministic").encode
_RECORD = msgspec.json.Decoder(AuditRecord)


@dataclass(slots=True)
class Chain:
    """Where a chain stands."""

    name: str
    count: int = 0
    hash: str = NOTHING

    def add(self, record: AuditRecord) -> bytes:
        """The next line, with its end of line."""
        body = _ENCODE(record)
        self.count += 1
        self.hash = link_hash(self.name, self.count, self.hash, body)
        return b"%d %s %s\n" % (self.count, self.hash.encode(), body)

    def checkpoint(self, key: Ed25519PrivateKey, at_ms: int) -> Checkpoint:
        """Signed, as it stands now."""
        signature = base64.b64encode(key.sign(_signed(self.name, self.count, self.hash, at_ms))).decode()
        return Checkpoint(self.name, self.count, self.hash, at_ms, signature)


def signing_key(secret: bytes) -> Ed25519PrivateKey:
    """The key of checkpoints, made of the installation's secret for the audit."""
    seed = hashlib.blake2b(key=secret[:64], person=b"checkpoints", digest_size=32).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def link_hash(chain: str, number: int, before: str, body: bytes) -> str:
    """The hash of one line."""
    digest = hashlib.blake2b(digest_size=32, person=b"photos-audit")
    for part in (chain.encode(), str(number).encode(), before.encode(), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def parted(line: bytes) -> tuple[int, str, bytes]:
    """Number, hash and record of a line; raises ValueError for anything else."""
    number, hashed, body = line.rstrip(b"\n").split(b" ", 2)
    return int(number), hashed.decode("ascii"), body


@dataclass(slots=True)
class Findings:
    """What a verification found."""

    records: int = 0
    checkpoints: int = 0
    faults: list[str] = field(default_factory=list)
    _ends: dict[str, dict[int, str]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing was edited, taken out, put in, moved or cut off."""
        return not self.faults

    def read(self, link: Link) -> None:
        """Takes the next line of a chain; lines of one chain must come in the order they are stored."""
        ends = self._ends.setdefault(link.chain, {0: NOTHING})
        before = ends.get(link.number - 1)
        try:
            number, hashed, body = parted(link.line)
            _RECORD.decode(body)
        except (ValueError, msgspec.MsgspecError):
            self.faults.append(f"{link.chain} {link.number}: no record")
            return
        if number != link.number or before is None or link_hash(link.chain, number, before, body) != hashed:
            self.faults.append(f"{link.chain} {link.number}: edited, moved, or something before it was taken out")
        ends[link.number] = hashed
        self.records += 1

    def hold_against(self, checkpoints: Sequence[Checkpoint], key: Ed25519PublicKey) -> None:
        """Compares with checkpoints, wherever they were kept; call when every line was read."""
        for checkpoint in checkpoints:
            self.checkpoints += 1
            if not _genuine(checkpoint, key):
                self.faults.append(f"{checkpoint.chain} {checkpoint.count}: a checkpoint that we did not sign")
                continue
            ends = self._ends.get(checkpoint.chain, {0: NOTHING})
            if checkpoint.count not in ends:
                self.faults.append(f"{checkpoint.chain}: cut off before record {checkpoint.count}")
            elif ends[checkpoint.count] != checkpoint.hash:
                self.faults.append(f"{checkpoint.chain} {checkpoint.count}: not the record that was signed")


def _genuine(checkpoint: Checkpoint, key: Ed25519PublicKey) -> bool:
    signed = _signed(checkpoint.chain, checkpoint.count, checkpoint.hash, checkpoint.at)
    try:
        key.verify(base64.b64decode(checkpoint.signature, validate=True), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(chain: str, count: int, hashed: str, at_ms: int) -> bytes:
    return f"photos-audit-checkpoint\n{chain}\n{count}\n{hashed}\n{at_ms}\n".encode()
