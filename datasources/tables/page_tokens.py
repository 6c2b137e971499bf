"""Continuation tokens: where a page ended, signed together with what was asked, so that none goes on elsewhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

import msgspec

from datasources.errors import Corrupt

_MAC = 12


class Tokens:
    """Makes and reads the tokens of one installation. They show the key they hold: whoever hands them out seals them."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign_with(self, secret: bytes) -> None:
        """Another secret from now on: what was given out before is void."""
        self._secret = secret

    def make(self, asked: Sequence[str], last: Sequence[str]) -> str:
        """A token that goes on after `last`, good only for what was asked."""
        return base64.urlsafe_b64encode(self._mac(asked, last) + msgspec.msgpack.encode(last)).decode()

    def read(self, asked: Sequence[str], token: str) -> list[str]:
        """Where a page of the same question ended; raises `Corrupt` for any token not made for it."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
            last = msgspec.msgpack.decode(raw[_MAC:], type=list[str])
        except ValueError:
            raise Corrupt("tables", "a continuation token that is none") from None
        if not hmac.compare_digest(raw[:_MAC], self._mac(asked, last)):
            raise Corrupt("tables", "a continuation token of another question, or altered")
        return last

    def _mac(self, asked: Sequence[str], last: Sequence[str]) -> bytes:
        said = msgspec.msgpack.encode((asked, last))
        return hashlib.blake2b(said, key=self._secret, digest_size=_MAC).digest()
