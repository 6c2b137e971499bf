"""Signed URLs: a caller may fetch a resource for a short time without a token in a header.

A signed URL encrypts and authenticates (AES-SIV, RFC 5297) its path, the viewer, the resource and the expiry. The same
request gives the same URL, so that browsers can cache the response. It grants no permission: the server checks again what
the viewer may see when the URL is used.
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


class InvalidSignedUrl(Exception):
    """A URL that was not signed by this installation, was altered, is for another path, or has expired."""


class SignedUrl(msgspec.Struct, frozen=True):
    """The content of a signed URL. `viewer` is the viewer at the time of signing; `expires_s` is in seconds since 1970."""

    viewer: Viewer
    resource: tuple[str, ...]
    expires_s: int


class UrlSigner:
    """Signs URLs and verifies them. An installation has one secret."""

    def __init__(self, secret: bytes) -> None:
        self._siv = AESSIV(hashlib.blake2b(key=secret, person=b"address", digest_size=64).digest())

    def sign(self, path: str, viewer: Viewer, what: Sequence[str], *, expires_s: int) -> str:
        """Returns the text to append to `path`: letters, digits, `-` and `_`."""
        # The expiry of the caller's token is left out, because the URL would change with every token.
        who = msgspec.to_builtins(replace(viewer, expires_at=0, signed_in_at=0), order="deterministic")
        plain = _ENCODE([{name: value for name, value in who.items() if value}, list(what), expires_s])
        return urlsafe_b64encode(_VERSION + self._siv.encrypt(plain, [path.encode()])).decode().rstrip("=")

    def read(self, path: str, text: str, *, now_s: float) -> SignedUrl:
        """Returns the content signed for this path, with a viewer that expires with it; raises `InvalidSignedUrl`."""
        try:
            data = _bytes(text)
            viewer, what, expires_s = msgspec.msgpack.decode(self._siv.decrypt(data[1:], [path.encode()]))
            signed = SignedUrl(msgspec.convert(viewer, Viewer), tuple(what), expires_s)
        except (InvalidTag, ValueError, TypeError, msgspec.MsgspecError) as e:
            raise InvalidSignedUrl from e
        if now_s >= signed.expires_s:
            raise InvalidSignedUrl
        return msgspec.structs.replace(signed, viewer=replace(signed.viewer, expires_at=signed.expires_s))


def window_end(now_s: float) -> int:
    """Returns the end of the next quarter hour, so that URLs signed within one quarter hour are the same."""
    return (int(now_s) // WINDOW_S + 2) * WINDOW_S


def _bytes(text: str) -> bytes:
    if not text or len(text) > _LONGEST or not text.isascii():
        raise InvalidSignedUrl
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Base64Error, ValueError) as e:
        raise InvalidSignedUrl from e
    # base64 has unused bits that could be altered: only the canonical text is accepted.
    if urlsafe_b64encode(data).decode().rstrip("=") != text or data[:1] != _VERSION:
        raise InvalidSignedUrl
    return data
