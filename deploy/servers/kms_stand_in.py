"""The protocol of KMS by moto, with what moto leaves out. Runs in an environment of its own.

moto remembers that a key is disabled or on its way to deletion, and encrypts with it all the same; it takes some contexts
for each other; and it refuses an unknown key without the words by which KMS does.
"""

import sys
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms import utils
from moto.kms.exceptions import AccessDeniedException
from moto.kms.models import KmsBackend
from moto.server import main


class Refused(JsonRESTError):
    """An error as KMS sends it."""

    code = 400


def check(key: Any) -> None:
    """Raises what KMS answers for a key that may not be used."""
    if key.key_state == "PendingDeletion":
        raise Refused("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if key.key_state != "Enabled" or not key.enabled:
        raise Refused("DisabledException", f"{key.arn} is disabled.")


def told_apart(encryption_context: dict[str, str]) -> bytes:
    """The context as associated data: no two contexts give the same bytes."""
    return repr(sorted(encryption_context.items())).encode()


shipped_encrypt, shipped_decrypt = KmsBackend.encrypt, KmsBackend.decrypt


def encrypt(self: Any, key_id: str, plaintext: bytes, encryption_context: dict[str, str]) -> Any:
    """As moto, of a usable key only."""
    check(self.keys[self.any_id_to_key_id(key_id)])
    return shipped_encrypt(self, key_id=key_id, plaintext=plaintext, encryption_context=encryption_context)


def decrypt(self: Any, ciphertext_blob: bytes, encryption_context: dict[str, str], key_id: str | None = None) -> Any:
    """As moto, of a usable key, and of the one that was named."""
    try:
        plain, arn = shipped_decrypt(self, ciphertext_blob=ciphertext_blob, encryption_context=encryption_context)
    except AccessDeniedException as e:
        raise Refused(
            "AccessDeniedException",
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
            "or you are not allowed to access.",
        ) from e
    used = self.any_id_to_key_id(arn)
    check(self.keys[used])
    if key_id is not None and self.any_id_to_key_id(key_id) != used:
        raise Refused("IncorrectKeyException", "The key ID in the request does not identify the key that was used.")
    return plain, arn


utils._serialize_encryption_context = told_apart  # noqa: SLF001 - moto has no other door
KmsBackend.encrypt, KmsBackend.decrypt = encrypt, decrypt
main(sys.argv[1:])
