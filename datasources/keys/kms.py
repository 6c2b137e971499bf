"""The key service of production: AWS KMS. Its keys never leave it; it is asked a few times a month."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

from typing_extensions import override

from datasources.aws.access import AwsAccess
from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.errors import Corrupt
from datasources.keys.port import KeyService
from datasources.retry import RetryPolicy

_BYTES = 32
_MOST_WRAPPED = 6_144
"""Bytes that KMS takes for a wrapped key."""
_ALTERED = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_DENIED = "AccessDeniedException"
_NO_SUCH_KEY = "ciphertext refers to"
"""So KMS begins its refusal of what names a key that is none; every other denial is of the caller's rights."""
_NOT_FOUND = "NotFoundException"


class KmsKeyService(KeyService):
    """Wraps under one key of KMS, named by id, ARN or alias; the context is KMS's encryption context."""

    def __init__(self, calls: AwsCalls, key_id: str) -> None:
        self._calls = calls
        self._key_id = key_id

    @classmethod
    async def open(cls, access: AwsAccess, key_id: str, patience: RetryPolicy | None = None) -> Self:
        """Asks nothing yet."""
        return cls(await AwsCalls.open("keys", "kms", access, patience), key_id)

    @override
    async def generate(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        params = {"KeyId": self._key_id, "KeySpec": "AES_256", "EncryptionContext": dict(context)}
        answer = await self._calls.ask("generate_data_key", params)
        wrapped = answer.get("CiphertextBlob")
        if not isinstance(wrapped, bytes) or not wrapped:
            raise Corrupt("keys", "an answer without a wrapped key")
        return _plain(answer), wrapped

    @override
    async def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        if not 0 < len(wrapped) <= _MOST_WRAPPED:
            raise Corrupt("keys", "not a wrapped key")
        params = {"KeyId": self._key_id, "CiphertextBlob": wrapped, "EncryptionContext": dict(context)}
        try:
            return _plain(await self._calls.ask("decrypt", params, expected=_ALTERED | {_DENIED}))
        except ExpectedError as e:
            if e.code == _DENIED and _NO_SUCH_KEY not in str(e.answer.get("Error", {}).get("Message", "")):
                raise self._calls.refusal(e) from e
            raise Corrupt("keys", "a wrapped key was altered, moved, or wrapped by another key of KMS") from e

    @property
    @override
    def for_production(self) -> bool:
        return True

    async def make_key(self) -> bool:
        """For a stand-in of KMS: makes the key and its alias unless they are there; whether it did."""
        try:
            await self._calls.ask("describe_key", {"KeyId": self._key_id}, expected=frozenset({_NOT_FOUND}))
        except ExpectedError:
            made = await self._calls.ask("create_key", {"Description": "photos-data-gateway, local"})
            alias = {"AliasName": self._key_id, "TargetKeyId": made["KeyMetadata"]["KeyId"]}
            with suppress(ExpectedError):  # somebody else was faster, or our own answer was lost
                await self._calls.ask("create_alias", alias, expected=frozenset({"AlreadyExistsException"}))
            return True
        return False

    async def close(self) -> None:
        """Lets go of connections; again: nothing."""
        await self._calls.close()


def _plain(answer: Mapping[str, Any]) -> bytes:
    plain = answer.get("Plaintext")
    if not isinstance(plain, bytes) or len(plain) != _BYTES:
        raise Corrupt("keys", "an answer without a key")
    return plain
