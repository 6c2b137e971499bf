"""The key service of production: AWS KMS. Keys never leave it; it is called a few times a month."""

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
"""Maximum bytes of a wrapped key."""
_ALTERED = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_DENIED = "AccessDeniedException"
_NO_SUCH_KEY = "ciphertext refers to"
"""Part of the message of KMS for an invalid key id. Other denials concern the permissions of the caller."""
_NOT_FOUND = "NotFoundException"


class KmsKeyService(KeyService):
    """Wraps with a KMS key, named by id, ARN or alias. The context is the encryption context of KMS."""

    def __init__(self, calls: AwsCalls, key_id: str) -> None:
        self._calls = calls
        self._key_id = key_id

    @classmethod
    async def open(cls, access: AwsAccess, key_id: str, retry_policy: RetryPolicy | None = None) -> Self:
        """Opens a client without a call."""
        return cls(await AwsCalls.open("keys", "kms", access, retry_policy), key_id)

    @override
    async def generate(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        params = {"KeyId": self._key_id, "KeySpec": "AES_256", "EncryptionContext": dict(context)}
        answer = await self._calls.call("generate_data_key", params)
        wrapped = answer.get("CiphertextBlob")
        if not isinstance(wrapped, bytes) or not wrapped:
            raise Corrupt("keys", "a response without a wrapped key")
        return _plain(answer), wrapped

    @override
    async def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        if not 0 < len(wrapped) <= _MOST_WRAPPED:
            raise Corrupt("keys", "not a wrapped key")
        params = {"KeyId": self._key_id, "CiphertextBlob": wrapped, "EncryptionContext": dict(context)}
        try:
            return _plain(await self._calls.call("decrypt", params, expected=_ALTERED | {_DENIED}))
        except ExpectedError as e:
            if e.code == _DENIED and _NO_SUCH_KEY not in str(e.response.get("Error", {}).get("Message", "")):
                raise self._calls.unexpected_code(e) from e
            raise Corrupt("keys", "a wrapped key was altered, moved, or wrapped by another key of KMS") from e

    @property
    @override
    def for_production(self) -> bool:
        return True

    async def make_key(self) -> bool:
        """Creates the key and its alias in a local KMS if they are missing, and returns whether it did."""
        try:
            await self._calls.call("describe_key", {"KeyId": self._key_id}, expected=frozenset({_NOT_FOUND}))
        except ExpectedError:
            made = await self._calls.call("create_key", {"Description": "photos-data-gateway, local"})
            alias = {"AliasName": self._key_id, "TargetKeyId": made["KeyMetadata"]["KeyId"]}
            with suppress(ExpectedError):  # somebody else was faster, or our own answer was lost
                await self._calls.call("create_alias", alias, expected=frozenset({"AlreadyExistsException"}))
            return True
        return False

    async def close(self) -> None:
        """Closes connections; a repeat does nothing."""
        await self._calls.close()


def _plain(answer: Mapping[str, Any]) -> bytes:
    plain = answer.get("Plaintext")
    if not isinstance(plain, bytes) or len(plain) != _BYTES:
        raise Corrupt("keys", "a response without a key")
    return plain
