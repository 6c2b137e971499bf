"""The key service of one machine: a root key in a file that is readable for its owner only. Not for production."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from typing_extensions import override

from datasources.errors import Corrupt, Unavailable
from datasources.keys.port import KeyService

_VERSION = 1
_NONCE = slice(1, 13)
_SIZE = 1 + 12 + 32 + 16
_ROOT_BYTES = 32


class FileKeyService(KeyService):
    """Wraps with AES-256-GCM and the context as associated data. The first use creates the root key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @override
    async def generate(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        cipher = await asyncio.to_thread(lambda: self._cipher)
        plain, nonce = secrets.token_bytes(32), secrets.token_bytes(12)
        return plain, bytes([_VERSION]) + nonce + cipher.encrypt(nonce, plain, _associated(context))

    @override
    async def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        if len(wrapped) != _SIZE or wrapped[0] != _VERSION:
            raise Corrupt("keys", "not a wrapped key of this version")
        cipher = await asyncio.to_thread(lambda: self._cipher)
        try:
            return cipher.decrypt(wrapped[_NONCE], wrapped[_NONCE.stop :], _associated(context))
        except InvalidTag as e:
            raise Corrupt("keys", "a wrapped key was altered, moved, or wrapped by another root key") from e

    @property
    @override
    def for_production(self) -> bool:
        return False

    @cached_property
    def _cipher(self) -> AESGCM:
        try:
            return AESGCM(_root_key(self._folder))
        except OSError as e:
            raise Unavailable("keys", f"the root key cannot be read: {e.strerror}") from e


def _root_key(folder: Path) -> bytes:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _only_for_its_owner(folder)
    path = folder / "root.key"
    if not path.exists():
        _make(path)
    _only_for_its_owner(path)
    root = path.read_bytes()
    if len(root) != _ROOT_BYTES:
        raise Corrupt("keys", f"the root key has {len(root)} bytes instead of {_ROOT_BYTES}")
    return root


def _make(path: Path) -> None:
    """Writes the key to a temporary file and links it, so that concurrent processes agree on one complete key."""
    draft = path.with_name(f"root.{secrets.token_hex(8)}.new")
    fd = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(secrets.token_bytes(_ROOT_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _settle(path.parent)


def _settle(folder: Path) -> None:
    """Syncs the folder: losing the root key in a power loss would lose everything sealed under it."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _only_for_its_owner(path: Path) -> None:
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        wanted = 0o700 if path.is_dir() else 0o600
        raise Unavailable("keys", f"{path.name} has mode {mode:04o}, so others may read it; it must be {wanted:04o}")


def _associated(context: Mapping[str, str]) -> bytes:
    """Encodes each part with its length, so that different contexts give different bytes."""
    parts = [part.encode() for pair in sorted(context.items()) for part in pair]
    return b"".join(len(part).to_bytes(4, "big") + part for part in (b"photos-data-gateway key", *parts))
