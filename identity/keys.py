"""Which public keys may verify tokens, and with which algorithms; a token has no influence on this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

SMALLEST_RSA: Final = 2_048
LARGEST_RSA: Final = 8_192
"""Verification with a very large key takes seconds."""
_CURVES: Final = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
_TYPES: Final = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("EdDSA",)}


class WeakKey(ValueError):
    """A key that is not accepted for verification; the text is a reason code."""


def key_of(jwk: Mapping[str, Any], algorithms: tuple[str, ...]) -> Any:
    """Returns the public key of a JWK for one of the algorithms; raises `WeakKey`, also for private and symmetric keys."""
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
    """Raises `WeakKey` if the key's size or curve does not fit the algorithms."""
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
