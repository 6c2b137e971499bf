"""The key of KMS above all keys: symmetric, turned once a year, never one that is about to be deleted."""

from __future__ import annotations

from functools import partial
from typing import Any

from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.provisioning.desired_state import KEY_DESCRIPTION
from datasources.provisioning.steps import Plan, Step

_NOT_FOUND = frozenset({"NotFoundException"})
_ALIAS = "alias/"


async def look(calls: AwsCalls, key_id: str) -> Plan:
    """What would have to be done; changes nothing."""
    try:
        told = (await calls.ask("describe_key", {"KeyId": key_id}, expected=_NOT_FOUND))["KeyMetadata"]
    except ExpectedError:
        if not key_id.startswith(_ALIAS):
            return Plan(
                refused=["There is no key of KMS by the id or ARN in PHOTOS_KEY_ID, and only a name (alias/...) can be made."]
            )
        return Plan([Step(f"make key {key_id}, turned every year", partial(_make, calls, key_id))])
    if told["KeyState"] != "Enabled":
        return Plan(
            refused=[f"Key {key_id} is {told['KeyState']}: without it nothing that is stored can be opened. Enable it first."]
        )
    if (
        told.get("KeyUsage", "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT"
        or told.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT"
    ):
        return Plan(refused=[f"Key {key_id} is no symmetric key for encryption."])
    own: str = told["KeyId"]
    if (await calls.ask("get_key_rotation_status", {"KeyId": own}))["KeyRotationEnabled"]:
        return Plan()
    turn: dict[str, Any] = {"KeyId": own}
    return Plan([Step(f"{key_id}: turn it every year", partial(calls.ask, "enable_key_rotation", turn))])


async def _make(calls: AwsCalls, key_id: str) -> None:
    made = (await calls.ask("create_key", {"Description": KEY_DESCRIPTION}))["KeyMetadata"]["KeyId"]
    await calls.ask("enable_key_rotation", {"KeyId": made})
    await calls.ask("create_alias", {"AliasName": key_id, "TargetKeyId": made})
