"""From a bearer token to a `Viewer`, and the issuers of our own tokens. There is no switch that turns this off.

The development issuer is made once per installation, so that tokens from `photos-gateway token` work in another
process; the links' issuer gives guests their hour in every profile. Both go through the same verifier as anyone's.
"""

from __future__ import annotations

import hashlib
import math
import os
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.types import Options

from access.ids import Ids
from access.viewer import GuestOf, Viewer, ViewerKind

DEV_ISSUER: Final = "urn:photos:dev"
LINK_ISSUER: Final = "urn:photos:links"
LIFETIME_S: Final = 3_600
_SLACK_S: Final = 30
_LONGEST: Final = 8_192
_LONGEST_SUBJECT: Final = 256
_CACHED: Final = 10_000
_CACHED_S: Final = 60
_TYPE: Final = "at+jwt"
_REQUIRED: Final = ("exp", "iat", "iss", "aud", "sub")
# Times are checked here, against our clock; PyJWT would ask the system's.
_CHECKS: Final[Options] = {"require": list(_REQUIRED), "verify_exp": False, "verify_iat": False, "verify_nbf": False}

Clock = Callable[[], float]


class Unauthenticated(Exception):
    """Nobody we know. `reason` is one word for the caller; nothing of the token is in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """Whose tokens are believed: by which keys (by `kid`), algorithms fixed here, and of which kinds of callers."""

    name: str
    keys: Mapping[str, Any]
    algorithms: tuple[str, ...]
    kinds: frozenset[ViewerKind]


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
        return jwt.encode(payload, self._key, algorithm="EdDSA", headers={"typ": _TYPE, "kid": self.kid})

    def customer(self, external_id: str) -> str:
        """A customer's token."""
        return self.token(ViewerKind.CUSTOMER, external_id)

    def service(self, name: str, scopes: tuple[str, ...] = (), purpose: str | None = None) -> str:
        """A service's token."""
        claims = {"scope": " ".join(scopes), **({} if purpose is None else {"purpose": purpose})}
        return self.token(ViewerKind.SERVICE, name, claims=claims)

    def guest(self, of: GuestOf, *, until_s: float | None = None) -> str:
        """The token of whoever came by a link."""
        guest = {"owner": of.owner, "album": of.album, "grantee": of.grantee}
        return self.token(ViewerKind.GUEST, of.grantee, until_s=until_s, claims={"guest": guest})


@dataclass
class Verifier:
    """Verifies tokens strictly, and remembers the verified ones for a minute at most."""

    issuers: Mapping[str, TrustedIssuer]
    audience: str
    ids: Ids
    now_s: Clock
    _seen: OrderedDict[bytes, tuple[Viewer, float]] = field(default_factory=OrderedDict)

    def viewer(self, token: str) -> Viewer:
        """Who it is; raises `Unauthenticated`."""
        if len(token) > _LONGEST:
            raise Unauthenticated("TOO_LONG")
        if not token.isascii():
            raise Unauthenticated("MALFORMED")
        now, digest = self.now_s(), hashlib.sha256(token.encode()).digest()
        known = self._seen.get(digest)
        if known is not None and now < known[1]:
            return known[0]
        viewer = self._verified(token, now)
        self._seen[digest] = viewer, min(viewer.expires_at, now + _CACHED_S)
        self._seen.move_to_end(digest)
        if len(self._seen) > _CACHED:
            self._seen.popitem(last=False)
        return viewer

    def _verified(self, token: str, now: float) -> Viewer:
        try:
            unsafe = jwt.decode_complete(token, options={"verify_signature": False})
        except (jwt.PyJWTError, RecursionError) as e:  # 6 KB of brackets are deeper than Python reads
            raise Unauthenticated("MALFORMED") from e
        header, issuer = unsafe["header"], self.issuers.get(str(unsafe["payload"].get("iss")))
        if str(header.get("typ", "")).lower().removeprefix("application/") != _TYPE:
            raise Unauthenticated("TYPE")
        if issuer is None or (key := issuer.keys.get(str(header.get("kid")))) is None:
            raise Unauthenticated("ISSUER")
        try:
            claims = jwt.decode(token, key, list(issuer.algorithms), _CHECKS, audience=self.audience, issuer=issuer.name)
        except jwt.InvalidAudienceError as e:
            raise Unauthenticated("AUDIENCE") from e
        except jwt.MissingRequiredClaimError as e:
            raise Unauthenticated("CLAIMS") from e
        except jwt.PyJWTError as e:
            raise Unauthenticated("SIGNATURE") from e
        _check_times(claims, now)
        return self._viewer(issuer, claims)

    def _viewer(self, issuer: TrustedIssuer, claims: Mapping[str, Any]) -> Viewer:
        kind = next((k for k in issuer.kinds if k.value.lower() == claims.get("kind")), None)
        subject, scope, purpose = claims["sub"], claims.get("scope", ""), claims.get("purpose")
        texts = isinstance(subject, str) and isinstance(scope, str) and isinstance(purpose, str | None)
        if kind is None or not texts or not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
            raise Unauthenticated("CLAIMS")
        return Viewer(
            kind=kind,
            subject=subject,
            customer=self.ids.local_id("customer", subject) if kind is ViewerKind.CUSTOMER else None,
            guest_of=_guest(claims.get("guest")) if kind is ViewerKind.GUEST else None,
            scopes=frozenset(scope.split()),
            purpose=purpose,
            expires_at=int(claims["exp"]),
        )


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    begin, end, before = claims["iat"], claims["exp"], claims.get("nbf", 0)
    # Python reads NaN in JSON, and NaN passes every comparison.
    if not all(isinstance(t, int | float) and not isinstance(t, bool) and math.isfinite(t) for t in (begin, end, before)):
        raise Unauthenticated("CLAIMS")
    if end + _SLACK_S <= now:
        raise Unauthenticated("EXPIRED")
    if max(begin, before) - _SLACK_S > now:
        raise Unauthenticated("NOT_YET")
    if end - begin > LIFETIME_S:
        raise Unauthenticated("LIFETIME")


def _guest(claim: object) -> GuestOf:
    if not isinstance(claim, dict) or not all(isinstance(claim.get(k), str) for k in ("owner", "album", "grantee")):
        raise Unauthenticated("CLAIMS")
    return GuestOf(claim["owner"], claim["album"], claim["grantee"])


def bearer(header: str | None) -> str:
    """The token in an `Authorization` header; raises `Unauthenticated`."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("MISSING")
    return token.strip()


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
