"""From a bearer token to a `Viewer`. There is no switch that turns this off."""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jwt
from jwt.types import Options

from access.ids import Ids
from access.viewer import GuestOf, TicketOf, Viewer, ViewerKind

LIFETIME_S: Final = 3_600
_SLACK_S: Final = 30
_LONGEST: Final = 8_192
_LONGEST_SUBJECT: Final = 256
_CACHED: Final = 10_000
_CACHED_S: Final = 60
JWT_PROFILE: Final = "at+jwt"
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
        if str(header.get("typ", "")).lower().removeprefix("application/") != JWT_PROFILE:
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
            ticket=_ticket(claims.get("ticket")) if kind is ViewerKind.SUPPORT else None,
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


def _ticket(claim: object) -> TicketOf:
    if not isinstance(claim, dict) or not all(isinstance(claim.get(k), str) for k in ("owner", "slot")):
        raise Unauthenticated("CLAIMS")
    return TicketOf(claim["owner"], claim["slot"])


def bearer(header: str | None) -> str:
    """The token in an `Authorization` header; raises `Unauthenticated`."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("MISSING")
    return token.strip()
