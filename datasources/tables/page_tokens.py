"""Continuation tokens: the end of a page, signed together with its query, so that a token is valid for that query only."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

import msgspec

from datasources.errors import Corrupt

_MAC = 12


class Tokens:
    """Signs and verifies tokens of an installation. Tokens are not encrypted; cursors that contain them are."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign_with(self, secret: bytes) -> None:
        """Changes the secret; earlier tokens become invalid."""
        self._secret = secret

    def make(self, context: Sequence[str], last: Sequence[str]) -> str:
        """A token that continues after `last`, valid for the same context only."""
        return base64.urlsafe_b64encode(self._mac(context, last) + msgspec.msgpack.encode(last)).decode()

    def read(self, context: Sequence[str], token: str) -> list[str]:
        """The end of the page; raises `Corrupt` for a token of another context."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
            last = msgspec.msgpack.decode(raw[_MAC:], type=list[str])
        except ValueError:
            raise Corrupt("tables", "a continuation token that is none") from None
        if not hmac.compare_digest(raw[:_MAC], self._mac(context, last)):
            raise Corrupt("tables", "a continuation token of another question, or altered")
        return last

    def _mac(self, context: Sequence[str], last: Sequence[str]) -> bytes:
        said = msgspec.msgpack.encode((context, last))
        return hashlib.blake2b(said, key=self._secret, digest_size=_MAC).digest()
