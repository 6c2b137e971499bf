"""Verifies bearer tokens and returns the `Viewer`. Verification cannot be disabled."""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import jwt
from jwt.types import Options

from access.ids import Ids
from access.viewer import GuestLink, TicketRef, Viewer, ViewerKind
from identity.jwks import RemoteKeys

LIFETIME_S: Final = 3_600
_SLACK_S: Final = 30
_LONGEST: Final = 8_192
_LONGEST_SUBJECT: Final = 256
_CACHED: Final = 10_000
_CACHED_S: Final = 60
JWT_PROFILE: Final = "at+jwt"
_REQUIRED: Final = ("exp", "iat", "iss", "aud", "sub")
# Times are checked below with the injected clock, because PyJWT uses the system's clock.
_CHECKS: Final[Options] = {"require": list(_REQUIRED), "verify_exp": False, "verify_iat": False, "verify_nbf": False}

Clock = Callable[[], float]


class Unauthenticated(Exception):
    """The token is missing or invalid. `reason` is a code for the client and contains nothing of the token."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownKey(Unauthenticated):
    """A token of a trusted issuer, signed with a key that is not cached."""

    def __init__(self, issuer: TrustedIssuer, kid: str) -> None:
        super().__init__("ISSUER")
        self.issuer = issuer
        self.kid = kid


class KeysUnavailable(Unauthenticated):
    """The keys of a trusted issuer cannot be fetched, so its tokens cannot be verified now."""


class ClaimNames(NamedTuple):
    """The names of an issuer's claims."""

    kind: str = "kind"
    scope: str = "scope"
    purpose: str = "purpose"


OUR_CLAIMS: Final = ClaimNames()


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An issuer whose tokens are accepted: its keys by `kid`, its algorithms, and the kinds of callers it may issue for."""

    name: str
    keys: Mapping[str, Any]
    algorithms: tuple[str, ...]
    kinds: frozenset[ViewerKind]
    audience: str | None = None  # None: the gateway's audience
    types: frozenset[str] = frozenset({JWT_PROFILE})
    claims: ClaimNames = OUR_CLAIMS

    def __post_init__(self) -> None:
        """Rejects symmetric algorithms, because a secret that verifies tokens can also sign them."""
        if not self.algorithms or any(a.startswith("HS") or a == "none" for a in self.algorithms):
            raise ValueError(f"{self.name} must sign with a key pair")


@dataclass
class Verifier:
    """Verifies tokens, and caches verified tokens for at most a minute."""

    issuers: Mapping[str, TrustedIssuer]
    audience: str
    ids: Ids
    now_s: Clock
    _seen: OrderedDict[bytes, tuple[Viewer, float]] = field(default_factory=OrderedDict)

    async def identify(self, token: str) -> Viewer:
        """Returns the viewer of a token; raises `Unauthenticated`. Fetches the keys of an external issuer if necessary."""
        try:
            return self.viewer(token)
        except UnknownKey as unknown:
            keys = unknown.issuer.keys
            if not isinstance(keys, RemoteKeys):
                raise
            if not await keys.find(unknown.kid):
                if not keys.usable:
                    raise KeysUnavailable("ISSUER_DOWN") from unknown
                raise
        return self.viewer(token)

    def viewer(self, token: str) -> Viewer:
        """Returns the viewer of a token with the cached keys; raises `Unauthenticated`."""
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
        except (jwt.PyJWTError, RecursionError) as e:  # deeply nested brackets exceed Python's recursion limit
            raise Unauthenticated("MALFORMED") from e
        header, issuer = unsafe["header"], self.issuers.get(str(unsafe["payload"].get("iss")))
        if issuer is None:
            raise Unauthenticated("ISSUER")
        if str(header.get("typ", "")).lower().removeprefix("application/") not in issuer.types:
            raise Unauthenticated("TYPE")
        # Keys and key URLs in the token itself (jwk, jku, x5c, x5u) are ignored.
        kid = str(header.get("kid"))
        if (key := issuer.keys.get(kid)) is None:
            raise UnknownKey(issuer, kid)
        if isinstance(issuer.keys, RemoteKeys):
            issuer.keys.refresh()
        audience = issuer.audience or self.audience
        try:
            claims = jwt.decode(token, key, list(issuer.algorithms), _CHECKS, audience=audience, issuer=issuer.name)
        except jwt.InvalidAudienceError as e:
            raise Unauthenticated("AUDIENCE") from e
        except jwt.MissingRequiredClaimError as e:
            raise Unauthenticated("CLAIMS") from e
        except jwt.PyJWTError as e:
            raise Unauthenticated("SIGNATURE") from e
        _check_times(claims, now)
        return self._viewer(issuer, claims)

    def _viewer(self, issuer: TrustedIssuer, claims: Mapping[str, Any]) -> Viewer:
        named = issuer.claims
        kind, scopes = _kind(issuer, claims.get(named.kind)), _scopes(issuer, claims.get(named.scope, ""))
        subject, purpose = claims["sub"], claims.get(named.purpose)
        texts = isinstance(subject, str) and isinstance(purpose, str | None)
        if kind is None or scopes is None or not texts or not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
            raise Unauthenticated("CLAIMS")
        return Viewer(
            kind=kind,
            subject=subject,
            customer=self.ids.local_id("customer", subject) if kind is ViewerKind.CUSTOMER else None,
            guest_of=_guest(claims.get("guest")) if kind is ViewerKind.GUEST else None,
            ticket=_ticket(claims.get("ticket")) if kind is ViewerKind.SUPPORT else None,
            scopes=scopes,
            purpose=purpose,
            expires_at=int(claims["exp"]),
            signed_in_at=int(claims.get("auth_time", claims["iat"])),
        )


def _kind(issuer: TrustedIssuer, claim: object) -> ViewerKind | None:
    """Returns the kind that a token claims; the claim is optional for external issuers with one kind."""
    if claim is None and len(issuer.kinds) == 1 and isinstance(issuer.keys, RemoteKeys):
        return next(iter(issuer.kinds))
    return next((k for k in issuer.kinds if k.value.lower() == claim), None)


def _scopes(issuer: TrustedIssuer, claim: object) -> frozenset[str] | None:
    """Returns the scopes: a string with spaces (RFC 9068), or a list of strings from external issuers."""
    if isinstance(claim, str):
        return frozenset(claim.split())
    external = isinstance(issuer.keys, RemoteKeys)
    if external and isinstance(claim, list) and all(isinstance(scope, str) and " " not in scope for scope in claim):
        return frozenset(claim)
    return None


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    begin, end, before = claims["iat"], claims["exp"], claims.get("nbf", 0)
    signed_in = claims.get("auth_time", begin)
    # Python's JSON parser accepts NaN, and every comparison with NaN is false.
    if not all(
        isinstance(t, int | float) and not isinstance(t, bool) and math.isfinite(t) for t in (begin, end, before, signed_in)
    ):
        raise Unauthenticated("CLAIMS")
    if end + _SLACK_S <= now:
        raise Unauthenticated("EXPIRED")
    if max(begin, before, signed_in) - _SLACK_S > now:
        raise Unauthenticated("NOT_YET")
    if end - begin > LIFETIME_S:
        raise Unauthenticated("LIFETIME")


def _guest(claim: object) -> GuestLink:
    if not isinstance(claim, dict) or not all(isinstance(claim.get(k), str) for k in ("owner", "album", "grantee")):
        raise Unauthenticated("CLAIMS")
    return GuestLink(claim["owner"], claim["album"], claim["grantee"])


def _ticket(claim: object) -> TicketRef:
    if not isinstance(claim, dict) or not all(isinstance(claim.get(k), str) for k in ("owner", "slot")):
        raise Unauthenticated("CLAIMS")
    return TicketRef(claim["owner"], claim["slot"])


def bearer_token(header: str | None) -> str:
    """Returns the token in an `Authorization` header; raises `Unauthenticated`."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("MISSING")
    return token.strip()
