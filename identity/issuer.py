"""The gateway's own token issuers: development, links and support.

The key of the development issuer is a file of the data folder, so that the server accepts tokens made by
`photos-gateway token`. The link issuer is used in every profile. The verifier treats their tokens like any other's.
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
from access.viewer import GuestLink, TicketRef, ViewerKind
from identity.verifier import JWT_PROFILE, LIFETIME_S, Clock, TrustedIssuer

DEV_ISSUER: Final = "urn:photos:dev"
LINK_ISSUER: Final = "urn:photos:links"
SUPPORT_ISSUER: Final = "urn:photos:support"


@dataclass(frozen=True)
class LocalIssuer:
    """An issuer with an Ed25519 key in a file that only the process's user may read."""

    name: str
    audience: str
    kinds: frozenset[ViewerKind]
    now_s: Clock
    _key: Ed25519PrivateKey

    @classmethod
    def development(cls, folder: Path, audience: str, now_s: Clock) -> LocalIssuer:
        """Returns the issuer of tokens for customers and services; the server does not trust it in production."""
        kinds = frozenset({ViewerKind.CUSTOMER, ViewerKind.SERVICE})
        return cls(DEV_ISSUER, audience, kinds, now_s, _stored_key(folder / "issuer.key"))

    @classmethod
    def links(cls, folder: Path, audience: str, now_s: Clock) -> LocalIssuer:
        """Returns the issuer of guests' tokens."""
        return cls(LINK_ISSUER, audience, frozenset({ViewerKind.GUEST}), now_s, _stored_key(folder / "links.key"))

    @classmethod
    def support(cls, folder: Path, audience: str, now_s: Clock) -> LocalIssuer:
        """Returns the issuer of support agents' tokens, each for one ticket."""
        return cls(SUPPORT_ISSUER, audience, frozenset({ViewerKind.SUPPORT}), now_s, _stored_key(folder / "support.key"))

    @property
    def kid(self) -> str:
        """The key id."""
        return hashlib.sha256(self._key.public_key().public_bytes_raw()).hexdigest()[:16]

    @property
    def trusted(self) -> TrustedIssuer:
        """The issuer in the form that the verifier needs."""
        return TrustedIssuer(self.name, {self.kid: self._key.public_key()}, ("EdDSA",), self.kinds)

    def token(
        self,
        kind: ViewerKind,
        subject: str,
        *,
        until_s: float | None = None,
        claims: Mapping[str, object] | None = None,
    ) -> str:
        """Returns a token that expires in an hour, or at `until_s` if that is earlier; `claims` are added."""
        if kind not in self.kinds:
            raise ValueError(f"{self.name} issues no tokens for the kind {kind.value}")
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
        """Returns a customer's token."""
        return self.token(ViewerKind.CUSTOMER, external_id, claims={"scope": f"{OWN} {SHARED}"})

    def service(self, name: str, scopes: tuple[str, ...] = (), purpose: str | None = None) -> str:
        """Returns a service's token."""
        claims = {"scope": " ".join(scopes), **({} if purpose is None else {"purpose": purpose})}
        return self.token(ViewerKind.SERVICE, name, claims=claims)

    def guest(self, of: GuestLink, *, until_s: float | None = None) -> str:
        """Returns the token of a guest of a link."""
        guest = {"owner": of.owner, "album": of.album, "grantee": of.grantee}
        return self.token(ViewerKind.GUEST, of.grantee, until_s=until_s, claims={"guest": guest, "scope": SHARED})

    def supporter(self, agent: str, of: TicketRef, *, until_s: float) -> str:
        """Returns the token of a support agent for one ticket."""
        claims = {"ticket": {"owner": of.owner, "slot": of.slot}, "scope": SUPPORT}
        return self.token(ViewerKind.SUPPORT, agent, until_s=until_s, claims=claims)


def _stored_key(file: Path) -> Ed25519PrivateKey:
    """Returns the key in a file and creates it if necessary; concurrent processes get the same key."""
    if not file.exists():
        temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            stream.write(Ed25519PrivateKey.generate().private_bytes_raw())
        try:
            os.link(temporary, file)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return Ed25519PrivateKey.from_private_bytes(file.read_bytes())
