"""Which public keys may verify tokens, and with which algorithms: decided here, never by a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

SMALLEST_RSA: Final = 2_048
LARGEST_RSA: Final = 8_192
"""A key of a million bits would verify for seconds."""
_CURVES: Final = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_TYPES: Final = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("EdDSA",)}


class WeakKey(ValueError):
    """A key that must not verify anything; the text is one word."""


def key_of(jwk: Mapping[str, Any], algorithms: tuple[str, ...]) -> Any:
    """The public key of a JWK for one of the algorithms; raises `WeakKey`. Private and shared keys are refused."""
    kind = jwk.get("kty")
    fitting = [a for a in algorithms if a.startswith(_TYPES.get(str(kind), ("-",)))]
    if not fitting or "d" in jwk or "k" in jwk:
        raise WeakKey("TYPE")
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", fitting[0]) not in fitting:
        raise WeakKey("USE")
    try:
        key = jwt.PyJWK(dict(jwk), algorithm=str(jwk.get("alg", fitting[0]))).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as e:
        raise WeakKey("MALFORMED") from e
    check_key(key, fitting)
    return key


def check_key(key: Any, algorithms: list[str]) -> None:
    """Raises `WeakKey` where the key is too weak, or of another curve than the algorithms'."""
    match key:
        case rsa.RSAPublicKey():
            if not SMALLEST_RSA <= key.key_size <= LARGEST_RSA:
                raise WeakKey("SIZE")
        case ec.EllipticCurvePublicKey():
            if key.curve.name not in {_CURVES.get(a) for a in algorithms}:
                raise WeakKey("CURVE")
        case ed25519.Ed25519PublicKey():
            pass
        case _:
            raise WeakKey("TYPE")
