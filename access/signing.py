"""Signed addresses: what a caller may fetch without a token in a header, for a short while, and as whom.

An address hides and binds everything (AES-SIV, RFC 5297): the path it is for, the viewer, what is to be fetched, and when
it ends. The same question gives the same text, so that browsers find it in their cache. It is no permission by itself:
whoever serves it asks again what that viewer may see now.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from access.viewer import Viewer

WINDOW_S: Final = 900
_VERSION = b"\x01"
_LONGEST = 2_048
_ENCODE = msgspec.msgpack.Encoder().encode


class BadAddress(Exception):
    """An address that we did not make, that was altered, that is for another path, or that has ended."""


class Signed(msgspec.Struct, frozen=True):
    """What stands in an address. The viewer is as when it was made; `expires_s` counts from 1970."""

    viewer: Viewer
    what: tuple[str, ...]
    expires_s: int


class Signer:
    """Makes and reads signed addresses. One secret for an installation."""

    def __init__(self, secret: bytes) -> None:
        self._siv = AESSIV(hashlib.blake2b(key=secret, person=b"address", digest_size=64).digest())

    def sign(self, path: str, viewer: Viewer, what: Sequence[str], *, expires_s: int) -> str:
        """The text that stands behind `path`: letters, digits, `-` and `_`."""
        # When the caller's token ends is no part of who they are, and would make the text another one every hour.
        who = msgspec.to_builtins(replace(viewer, expires_at=0, signed_in_at=0), order="deterministic")
        plain = _ENCODE([{name: value for name, value in who.items() if value}, list(what), expires_s])
        return urlsafe_b64encode(_VERSION + self._siv.encrypt(plain, [path.encode()])).decode().rstrip("=")

    def read(self, path: str, text: str, *, now_s: float) -> Signed:
        """What was signed for this path; raises `BadAddress`. The viewer ends when the address does."""
        try:
            data = _bytes(text)
            viewer, what, expires_s = msgspec.msgpack.decode(self._siv.decrypt(data[1:], [path.encode()]))
            signed = Signed(msgspec.convert(viewer, Viewer), tuple(what), expires_s)
        except (InvalidTag, ValueError, TypeError, msgspec.MsgspecError) as e:
            raise BadAddress from e
        if now_s >= signed.expires_s:
            raise BadAddress
        return msgspec.structs.replace(signed, viewer=replace(signed.viewer, expires_at=signed.expires_s))


def window_end(now_s: float) -> int:
    """The end of the next quarter hour: whatever is signed within one quarter hour ends at the same moment."""
    return (int(now_s) // WINDOW_S + 2) * WINDOW_S


def _bytes(text: str) -> bytes:
    if not text or len(text) > _LONGEST or not text.isascii():
        raise BadAddress
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Base64Error, ValueError) as e:
        raise BadAddress from e
    # One text for one address: base64 leaves bits over that could be changed.
    if urlsafe_b64encode(data).decode().rstrip("=") != text or data[:1] != _VERSION:
        raise BadAddress
    return data
