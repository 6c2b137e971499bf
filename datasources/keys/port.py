"""The port of the key service, which wraps and unwraps keys with keys that never leave it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping


class KeyService(ABC):
    """Wraps wrapping keys, never data: a few calls a month."""

    @abstractmethod
    async def generate(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        """A new 32-byte key, plain and wrapped; only the same context unwraps it."""

    @abstractmethod
    async def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """The plain key; raises `Corrupt` when altered or of another context, `Unavailable` when the service is down."""

    @property
    @abstractmethod
    def for_production(self) -> bool:
        """False for a service with its root key in a file of the data folder."""
