"""Provisioning of the root key in KMS: symmetric, with yearly rotation, and not pending deletion."""

from __future__ import annotations

from functools import partial
from typing import Any

from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.provisioning.desired_state import KEY_DESCRIPTION
from datasources.provisioning.steps import Plan, Step

_NOT_FOUND = frozenset({"NotFoundException"})
_ALIAS = "alias/"


async def plan(calls: AwsCalls, key_id: str) -> Plan:
    """The required changes; changes nothing."""
    try:
        metadata = (await calls.call("describe_key", {"KeyId": key_id}, expected=_NOT_FOUND))["KeyMetadata"]
    except ExpectedError:
        if not key_id.startswith(_ALIAS):
            return Plan(
                refused=[
                    "PHOTOS_KEY_ID is the id or ARN of a KMS key that does not exist; only an alias (alias/...) can be created."
                ]
            )
        return Plan([Step(f"create key {key_id} with yearly rotation", partial(_create, calls, key_id), creates=True)])
    if metadata["KeyState"] != "Enabled":
        return Plan(
            refused=[f"Key {key_id} is {metadata['KeyState']}: stored data cannot be decrypted without it. Enable the key first."]
        )
    if (
        metadata.get("KeyUsage", "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT"
        or metadata.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT"
    ):
        return Plan(refused=[f"Key {key_id} is not a symmetric encryption key: set PHOTOS_KEY_ID to another key."])
    key_arn: str = metadata["KeyId"]
    if (await calls.call("get_key_rotation_status", {"KeyId": key_arn}))["KeyRotationEnabled"]:
        return Plan()
    rotation: dict[str, Any] = {"KeyId": key_arn}
    return Plan([Step(f"{key_id}: enable yearly rotation", partial(calls.call, "enable_key_rotation", rotation))])


async def _create(calls: AwsCalls, key_id: str) -> None:
    created = (await calls.call("create_key", {"Description": KEY_DESCRIPTION}))["KeyMetadata"]["KeyId"]
    await calls.call("enable_key_rotation", {"KeyId": created})
    await calls.call("create_alias", {"AliasName": key_id, "TargetKeyId": created})
