"""Provisioning of S3 buckets: private, encrypted, with lifecycle rules, and without versions or with object lock."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.provisioning.desired_state import BLOCK_PUBLIC_ACCESS, Bucket, Rule, lock_of
from datasources.provisioning.steps import Plan, Skipped, Step

_MISSING = frozenset({"404", "NoSuchBucket", "NotFound"})
_NOT_CONFIGURED = frozenset({
    "NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration", "ObjectLockConfigurationNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
})  # fmt: skip
_UNSUPPORTED = frozenset({"NotImplemented"})
_NORTH_VIRGINIA = "us-east-1"
_ENCRYPTED: dict[str, Any] = {
    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}]
}


class BucketPlan:
    """Plans one bucket."""

    def __init__(self, calls: AwsCalls, region: str, name: str, bucket: Bucket) -> None:
        self._calls = calls
        self._region = region
        self._name = name
        self._bucket = bucket
        self._steps: list[Step] = []
        self._refused: list[str] = []
        self._notes: list[str] = []

    async def plan(self) -> Plan:
        """The required changes; changes nothing."""
        try:
            await self._calls.call("head_bucket", {"Bucket": self._name}, expected=_MISSING)
            exists = True
        except ExpectedError:
            exists = False
            locked = " with object lock" if self._bucket.locked_days else ""
            self._steps.append(Step(f"create bucket {self._name} for {self._bucket.role}{locked}", self._create, creates=True))
        await self._versions(exists=exists)
        await self._lock(exists=exists)
        await self._setting("public_access_block", "PublicAccessBlockConfiguration", BLOCK_PUBLIC_ACCESS, "block public access")
        await self._encryption()
        if self._bucket.rules:
            rules = {"Rules": [_rule(rule) for rule in self._bucket.rules]}
            await self._setting("bucket_lifecycle_configuration", "LifecycleConfiguration", rules, "set the lifecycle rules")
        return Plan(self._steps, self._refused, self._notes)

    async def _create(self) -> None:
        desired: dict[str, Any] = {"Bucket": self._name}
        if self._region != _NORTH_VIRGINIA:
            desired["CreateBucketConfiguration"] = {"LocationConstraint": self._region}
        if self._bucket.locked_days:
            desired["ObjectLockEnabledForBucket"] = True
        await self._calls.call("create_bucket", desired)

    async def _versions(self, *, exists: bool) -> None:
        if not exists or self._bucket.locked_days:
            return
        response = await self._calls.call("get_bucket_versioning", {"Bucket": self._name})
        if response.get("Status"):
            self._refused.append(
                f"Bucket {self._name} has versioning, so erased data would survive in old versions: use another bucket."
            )

    async def _lock(self, *, exists: bool) -> None:
        if not self._bucket.locked_days:
            return
        desired, current = lock_of(self._bucket), None
        if exists:
            current = await self._current("object_lock_configuration", "ObjectLockConfiguration")
            if current is None:
                self._refused.append(
                    f"Bucket {self._name} was created without object lock, so audit records could be deleted: use another bucket."
                )
                return
        days = ((current or {}).get("Rule") or {}).get("DefaultRetention", {}).get("Days", 0)
        if days < self._bucket.locked_days:
            self._put(
                "object_lock_configuration",
                "ObjectLockConfiguration",
                desired,
                f"retain objects for {self._bucket.locked_days} days",
            )

    async def _encryption(self) -> None:
        current = await self._current("bucket_encryption", "ServerSideEncryptionConfiguration")
        applied = [r.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for r in (current or {}).get("Rules", ())]
        # Do not replace a key that an operator chose.
        if current is not False and not any(str(algorithm).startswith("aws:kms") for algorithm in applied):
            self._put("bucket_encryption", "ServerSideEncryptionConfiguration", _ENCRYPTED, "encrypt with KMS")

    async def _setting(self, operation: str, member: str, desired: Mapping[str, Any], description: str) -> None:
        current = await self._current(operation, member)
        if current is False or _same(desired, current):
            return
        if current and member == "LifecycleConfiguration":
            ours = {rule["ID"] for rule in desired["Rules"]}
            desired = {"Rules": [*(r for r in current["Rules"] if r.get("ID") not in ours), *desired["Rules"]]}
        self._put(operation, member, desired, description)

    async def _current(self, operation: str, member: str) -> Any:
        """The current setting; None: not configured; False: not supported by the local server."""
        expected = _NOT_CONFIGURED | _UNSUPPORTED | _MISSING
        try:
            response = await self._calls.call(f"get_{operation}", {"Bucket": self._name}, expected=expected)
        except ExpectedError as e:
            if e.code not in _UNSUPPORTED:
                return None
            self._notes.append(f"This server does not support {operation.replace('_', ' ')}; bucket {self._name} has none.")
            return False
        return response.get(member, {"Rules": response.get("Rules", [])})

    def _put(self, operation: str, member: str, desired: Mapping[str, Any], description: str) -> None:
        params = {"Bucket": self._name, member: desired}
        self._steps.append(Step(f"{self._name}: {description}", partial(self._apply, f"put_{operation}", params)))

    async def _apply(self, operation: str, params: Mapping[str, Any]) -> None:
        try:
            await self._calls.call(operation, params, expected=_UNSUPPORTED)
        except ExpectedError as e:
            raise Skipped from e


def _rule(rule: Rule) -> dict[str, Any]:
    made: dict[str, Any] = {"ID": rule.id, "Status": "Enabled", "Filter": {"Prefix": rule.prefix}}
    if rule.expire_days:
        made["Expiration"] = {"Days": rule.expire_days}
    if rule.abort_days:
        made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": rule.abort_days}
    return made


def _same(desired: Mapping[str, Any], current: Any) -> bool:
    """Whether every desired setting is present; additional settings are allowed."""
    if not current:
        return False
    if "Rules" in desired:
        has = {rule.get("ID"): rule for rule in current.get("Rules", ())}
        return all(_same(rule, has.get(rule["ID"])) for rule in desired["Rules"])
    return all(current.get(name) == value for name, value in desired.items())
