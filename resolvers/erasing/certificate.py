"""The signed certificate of an erasure: what was removed from each store, and that nothing remains."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from datasources import Sources
from datasources.audit.port import Checkpoint

FORMAT: Final = "photos-gateway-erasure-1"
KEPT: Final = (
    "a permanent mark: a hash of the customer's keyed id, which refuses their data for ever",
    "the audit's chain: keyed hashes of who read what, without values",
    "the job of this erasure and this file: the file for seven days, the job for thirty",
    "where the tables are DynamoDB's, for a day: change records, with words, coordinates, names and vectors sealed",
)
_ENCODE = msgspec.json.Encoder(order="deterministic").encode


class Store(msgspec.Struct, frozen=True, rename="camel"):
    """A store: the number of removed things, the number of remaining things, and the digest of their names."""

    removed: int
    left: int
    digest: str


class Certificate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`customer` is the keyed hash of the audit log. `opened` of `sampled` seals could be decrypted afterwards."""

    format: str = FORMAT
    customer: str
    requested_at: str
    unreadable_at: str
    checked_at: str
    stores: Mapping[str, Store]
    sampled: int
    opened: int
    kept: tuple[str, ...] = KEPT
    audit: Checkpoint | None = None
    signature: str = ""

    @property
    def signed_part(self) -> bytes:
        """What the signature covers."""
        return FORMAT.encode() + b"\n" + _ENCODE(msgspec.structs.replace(self, signature=""))

    def signed(self, key: Ed25519PrivateKey) -> bytes:
        """The signed file."""
        signature = base64.b64encode(key.sign(self.signed_part)).decode()
        return msgspec.json.format(_ENCODE(msgspec.structs.replace(self, signature=signature)), indent=2) + b"\n"


def read(data: bytes, key: Ed25519PublicKey) -> Certificate | None:
    """The certificate in a file; None if the signature of this installation does not match."""
    try:
        found = msgspec.json.decode(data, type=Certificate)
        key.verify(base64.b64decode(found.signature, validate=True), found.signed_part)
    except (msgspec.MsgspecError, InvalidSignature, ValueError):
        return None
    return found


def digest_of(names: Iterable[str]) -> str:
    """The digest of the names of things in a store. The digest of no names is constant."""
    digest = hashlib.blake2b(digest_size=32, person=b"erased store")
    for name in sorted(names):
        data = name.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


NOTHING: Final = digest_of(())


async def certificate_key(sources: Sources) -> Ed25519PrivateKey:
    """The signing key of the installation for certificates."""
    secret = await sources.keys.installation_secret("certificates")
    return Ed25519PrivateKey.from_private_bytes(hashlib.blake2b(key=secret, digest_size=32).digest())
