"""A local KMS server: moto with fixes, in a separate virtual environment.

moto encrypts with disabled keys and keys pending deletion, treats some different encryption contexts as equal, and returns
another error message than KMS for an unknown key.
"""

import sys
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms import utils
from moto.kms.exceptions import AccessDeniedException
from moto.kms.models import KmsBackend
from moto.server import main


class KmsError(JsonRESTError):
    """An error in the format of KMS."""

    code = 400


def check(key: Any) -> None:
    """Raise the error of KMS for a key that is not usable."""
    if key.key_state == "PendingDeletion":
        raise KmsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if key.key_state != "Enabled" or not key.enabled:
        raise KmsError("DisabledException", f"{key.arn} is disabled.")


def unambiguous_context(encryption_context: dict[str, str]) -> bytes:
    """The encryption context as associated data; different contexts have different bytes."""
    return repr(sorted(encryption_context.items())).encode()


moto_encrypt, moto_decrypt = KmsBackend.encrypt, KmsBackend.decrypt


def encrypt(self: Any, key_id: str, plaintext: bytes, encryption_context: dict[str, str]) -> Any:
    """Encrypt like moto, but only with a usable key."""
    check(self.keys[self.any_id_to_key_id(key_id)])
    return moto_encrypt(self, key_id=key_id, plaintext=plaintext, encryption_context=encryption_context)


def decrypt(self: Any, ciphertext_blob: bytes, encryption_context: dict[str, str], key_id: str | None = None) -> Any:
    """Decrypt like moto, but only with a usable key and with the key that was named."""
    try:
        plain, arn = moto_decrypt(self, ciphertext_blob=ciphertext_blob, encryption_context=encryption_context)
    except AccessDeniedException as e:
        raise KmsError(
            "AccessDeniedException",
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
            "or you are not allowed to access.",
        ) from e
    used = self.any_id_to_key_id(arn)
    check(self.keys[used])
    if key_id is not None and self.any_id_to_key_id(key_id) != used:
        raise KmsError("IncorrectKeyException", "The key ID in the request does not identify the key that was used.")
    return plain, arn


utils._serialize_encryption_context = unambiguous_context  # noqa: SLF001 - moto has no public hook
KmsBackend.encrypt, KmsBackend.decrypt = encrypt, decrypt
main(sys.argv[1:])
