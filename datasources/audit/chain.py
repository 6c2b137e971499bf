"""The hash chain of the audit log: each line contains a keyed hash over the previous one; checkpoints sign the last hash.

A line of format 2 is `number hash signed record`: decimal, BLAKE2b-256 in hexadecimal, decimal, JSON. The hash is keyed with a
secret of the installation. It covers the name of the chain, the number, the previous hash, the number of the latest checkpoint
that was stored before the line, and the bytes of the record, each prefixed with its length, so that the encoding is unambiguous.

Lines of format 1 (`number hash record`) have hashes without a key. The first line of format 2 that follows them covers their last
number and hash, and so does the checkpoint of format 2 that was signed at the switch.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from datasources.audit.port import AuditRecord, Checkpoint

FORMAT = 2
"""The format of lines and checkpoints that this program writes."""
GENESIS_HASH = "0" * 64
"""The previous hash of the first record."""
_ENCODE = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True, repr=False)
class AuditKeys:
    """The keys of the chain: one of its hashes, and one that signs checkpoints. Both come from one secret of the installation."""

    chain: bytes
    signing: Ed25519PrivateKey

    @classmethod
    def of(cls, secret: bytes) -> AuditKeys:
        """The keys that belong to the audit secret of the installation."""
        chain = hashlib.blake2b(key=secret[:64], person=b"audit-chain", digest_size=32).digest()
        seed = hashlib.blake2b(key=secret[:64], person=b"checkpoints", digest_size=32).digest()
        return cls(chain, Ed25519PrivateKey.from_private_bytes(seed))


class Line(NamedTuple):
    """The parts of a stored line. `signed` is the number of the latest checkpoint before it, and None in format 1."""

    number: int
    hash: str
    signed: int | None
    body: bytes


@dataclass(slots=True)
class Chain:
    """The state of a chain: its key and name, length, last hash and latest checkpoint."""

    key: bytes
    name: str
    count: int = 0
    hash: str = GENESIS_HASH
    signed: int = 0

    def add(self, record: AuditRecord) -> bytes:
        """Append a record; returns its line with the line break."""
        body = _ENCODE(record)
        self.count += 1
        self.hash = keyed_hash(self.key, self.name, Line(self.count, "", self.signed, body), self.hash)
        return b"%d %s %d %s\n" % (self.count, self.hash.encode(), self.signed, body)

    def checkpoint(self, key: Ed25519PrivateKey, at_ms: int) -> Checkpoint:
        """A signed checkpoint of the current state."""
        unsigned = Checkpoint(self.name, self.count, self.hash, at_ms, "", FORMAT)
        signature = base64.b64encode(key.sign(_signed(unsigned))).decode()
        return msgspec.structs.replace(unsigned, signature=signature)


def keyed_hash(key: bytes, chain: str, line: Line, before: str) -> str:
    """The hash of a line of format 2."""
    digest = hashlib.blake2b(key=key, digest_size=32, person=b"photos-audit-2")
    for part in (chain.encode(), str(line.number).encode(), before.encode(), str(line.signed).encode(), line.body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def unkeyed_hash(chain: str, number: int, before: str, body: bytes) -> str:
    """The hash of a line of format 1, which anybody can compute."""
    digest = hashlib.blake2b(digest_size=32, person=b"photos-audit")
    for part in (chain.encode(), str(number).encode(), before.encode(), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def split_line(line: bytes) -> Line:
    """The parts of a line of either format; raises `ValueError` if the line is malformed."""
    number, hashed, rest = line.rstrip(b"\n").split(b" ", 2)
    if rest.startswith(b"{"):
        return Line(int(number), hashed.decode("ascii"), None, rest)
    signed, body = rest.split(b" ", 1)
    return Line(int(number), hashed.decode("ascii"), int(signed), body)


def is_signed(checkpoint: Checkpoint, key: Ed25519PublicKey) -> bool:
    """Whether the signature of a checkpoint is valid."""
    try:
        key.verify(base64.b64decode(checkpoint.signature, validate=True), _signed(checkpoint))
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(checkpoint: Checkpoint) -> bytes:
    name = "photos-audit-checkpoint" if checkpoint.format == 1 else f"photos-audit-checkpoint {checkpoint.format}"
    return f"{name}\n{checkpoint.chain}\n{checkpoint.count}\n{checkpoint.hash}\n{checkpoint.at}\n".encode()
