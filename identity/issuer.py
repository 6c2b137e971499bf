"""The issuers of our own tokens.

The development issuer is made once per installation, so that tokens from `photos-gateway token` work in another
process; the links' issuer gives guests their hour in every profile. Both go through the same verifier as anyone's.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from access.token_scopes import OWN, SHARED, SUPPORT
from access.viewer import GuestOf, TicketOf, ViewerKind
from identity.verifier import JWT_PROFILE, LIFETIME_S, Clock, TrustedIssuer

DEV_ISSUER: Final = "urn:photos:dev"
LINK_ISSUER: Final = "urn:photos:links"
SUPPORT_ISSUER: Final = "urn:photos:support"


@dataclass(frozen=True)
class LocalIssuer:
    """An issuer of our own: an Ed25519 key in a file that only we may read."""

    name: str
    audience: str
    kinds: frozenset[ViewerKind]
    now_s: Clock
    _key: Ed25519PrivateKey

    @classmethod
    def development(cls, folder: Path, audience: str, now_s: Clock) -> LocalIssuer:
        """The issuer of customers' and services' tokens; refuses nothing by itself, the server refuses it in production."""
        kinds = frozenset({ViewerKind.CUSTOMER, ViewerKind.SERVICE})
        return cls(DEV_ISSUER, audience, kinds, now_s, _stored_key(folder / "issuer.key"))

    @classmethod
    def links(cls, folder: Path, audience: str, now_s: Clock) -> LocalIssuer:
        """The issuer of guests' tokens."""
        return cls(LINK_ISSUER, audience, frozenset({ViewerKind.GUEST}), now_s, _stored_key(folder / "links.key"))

    @classmethod
    def support(cls, folder: Path, audience: str, now_s: Clock) -> LocalIssuer:
        """The issuer of support's tokens, each of which is for one ticket."""
        return cls(SUPPORT_ISSUER, audience, frozenset({ViewerKind.SUPPORT}), now_s, _stored_key(folder / "support.key"))

    @property
    def kid(self) -> str:
        """The name of its key."""
        return hashlib.sha256(self._key.public_key().public_bytes_raw()).hexdigest()[:16]

    @property
    def trusted(self) -> TrustedIssuer:
        """As the verifier knows it."""
        return TrustedIssuer(self.name, {self.kid: self._key.public_key()}, ("EdDSA",), self.kinds)

    def token(
        self,
        kind: ViewerKind,
        subject: str,
        *,
        until_s: float | None = None,
        claims: Mapping[str, object] | None = None,
    ) -> str:
        """A token of an hour, or shorter; `claims` are further ones."""
        if kind not in self.kinds:
            raise ValueError(f"{self.name} gives no tokens to a {kind.value}")
        now = int(self.now_s())
        end = now + LIFETIME_S if until_s is None else min(now + LIFETIME_S, int(until_s))
        payload = {
            "iss": self.name,
            "aud": self.audience,
            "sub": subject,
            "iat": now,
            "exp": end,
            "jti": secrets.token_hex(8),
            "kind": kind.value.lower(),
            **(claims or {}),
        }
        return jwt.encode(payload, self._key, algorithm="EdDSA", headers={"typ": JWT_PROFILE, "kid": self.kid})

    def customer(self, external_id: str) -> str:
        """A customer's token."""
        return self.token(ViewerKind.CUSTOMER, external_id, claims={"scope": f"{OWN} {SHARED}"})

    def service(self, name: str, scopes: tuple[str, ...] = (), purpose: str | None = None) -> str:
        """A service's token."""
        claims = {"scope": " ".join(scopes), **({} if purpose is None else {"purpose": purpose})}
        return self.token(ViewerKind.SERVICE, name, claims=claims)

    def guest(self, of: GuestOf, *, until_s: float | None = None) -> str:
        """The token of whoever came by a link."""
        guest = {"owner": of.owner, "album": of.album, "grantee": of.grantee}
        return self.token(ViewerKind.GUEST, of.grantee, until_s=until_s, claims={"guest": guest, "scope": SHARED})

    def supporter(self, agent: str, of: TicketOf, *, until_s: float) -> str:
        """The token of whoever works with a ticket."""
        claims = {"ticket": {"owner": of.owner, "slot": of.slot}, "scope": SUPPORT}
        return self.token(ViewerKind.SUPPORT, agent, until_s=until_s, claims=claims)


def _stored_key(file: Path) -> Ed25519PrivateKey:
    """The key in a file, made when there is none: of two processes that make one, both take the first."""
    if not file.exists():
        fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            stream.write(Ed25519PrivateKey.generate().private_bytes_raw())
        try:
            os.link(fresh, file)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return Ed25519PrivateKey.from_private_bytes(file.read_bytes())
