"""Buckets of S3: closed, encrypted, with their life cycle; without versions, or written once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.provisioning.desired_state import CLOSED, Bucket, Rule, lock_of
from datasources.provisioning.steps import Plan, Skipped, Step

_NOT_THERE = frozenset({"404", "NoSuchBucket", "NotFound"})
_NONE = frozenset({
    "NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration", "ObjectLockConfigurationNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
})  # fmt: skip
_NOT_KNOWN = frozenset({"NotImplemented"})
_NORTH_VIRGINIA = "us-east-1"
_ENCRYPTED: dict[str, Any] = {
    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}]
}


class BucketPlan:
    """One bucket by its name."""

    def __init__(self, calls: AwsCalls, region: str, name: str, bucket: Bucket) -> None:
        self._calls = calls
        self._region = region
        self._name = name
        self._bucket = bucket
        self._steps: list[Step] = []
        self._refused: list[str] = []
        self._notes: list[str] = []

    async def look(self) -> Plan:
        """What would have to be done; changes nothing."""
        try:
            await self._calls.ask("head_bucket", {"Bucket": self._name}, expected=_NOT_THERE)
            there = True
        except ExpectedError:
            there = False
            locked = ", written once" if self._bucket.locked_days else ""
            self._steps.append(Step(f"make bucket {self._name} for {self._bucket.role}{locked}", self._make))
        await self._versions(there=there)
        await self._lock(there=there)
        await self._setting("public_access_block", "PublicAccessBlockConfiguration", CLOSED, "close it to the public")
        await self._encryption()
        if self._bucket.rules:
            rules = {"Rules": [_rule(rule) for rule in self._bucket.rules]}
            await self._setting("bucket_lifecycle_configuration", "LifecycleConfiguration", rules, "set its life cycle")
        return Plan(self._steps, self._refused, self._notes)

    async def _make(self) -> None:
        wanted: dict[str, Any] = {"Bucket": self._name}
        if self._region != _NORTH_VIRGINIA:
            wanted["CreateBucketConfiguration"] = {"LocationConstraint": self._region}
        if self._bucket.locked_days:
            wanted["ObjectLockEnabledForBucket"] = True
        await self._calls.ask("create_bucket", wanted)

    async def _versions(self, *, there: bool) -> None:
        if not there or self._bucket.locked_days:
            return
        told = await self._calls.ask("get_bucket_versioning", {"Bucket": self._name})
        if told.get("Status"):
            self._refused.append(
                f"Bucket {self._name} keeps old versions, so that erasing a customer would not erase: take another bucket."
            )

    async def _lock(self, *, there: bool) -> None:
        if not self._bucket.locked_days:
            return
        wanted, now = lock_of(self._bucket), None
        if there:
            now = await self._now("object_lock_configuration", "ObjectLockConfiguration")
            if now is None:
                self._refused.append(
                    f"Bucket {self._name} was made without object lock, so the audit could be taken back: take another bucket."
                )
                return
        days = ((now or {}).get("Rule") or {}).get("DefaultRetention", {}).get("Days", 0)
        if days < self._bucket.locked_days:
            self._put(
                "object_lock_configuration",
                "ObjectLockConfiguration",
                wanted,
                f"keep what is written {self._bucket.locked_days} days",
            )

    async def _encryption(self) -> None:
        now = await self._now("bucket_encryption", "ServerSideEncryptionConfiguration")
        applied = [r.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for r in (now or {}).get("Rules", ())]
        # A key that somebody chose is better than our default.
        if now is not False and not any(str(algorithm).startswith("aws:kms") for algorithm in applied):
            self._put("bucket_encryption", "ServerSideEncryptionConfiguration", _ENCRYPTED, "encrypt it with KMS")

    async def _setting(self, operation: str, member: str, wanted: Mapping[str, Any], words: str) -> None:
        now = await self._now(operation, member)
        if now is False or _same(wanted, now):
            return
        if now and member == "LifecycleConfiguration":
            ours = {rule["ID"] for rule in wanted["Rules"]}
            wanted = {"Rules": [*(r for r in now["Rules"] if r.get("ID") not in ours), *wanted["Rules"]]}
        self._put(operation, member, wanted, words)

    async def _now(self, operation: str, member: str) -> Any:
        """What is set; None: nothing; False: the server, one on this machine, does not know such a thing."""
        known = _NONE | _NOT_KNOWN | _NOT_THERE
        try:
            told = await self._calls.ask(f"get_{operation}", {"Bucket": self._name}, expected=known)
        except ExpectedError as e:
            if e.code not in _NOT_KNOWN:
                return None
            self._notes.append(f"This server does not know {operation.replace('_', ' ')}; bucket {self._name} goes without.")
            return False
        return told.get(member, {"Rules": told.get("Rules", [])})

    def _put(self, operation: str, member: str, wanted: Mapping[str, Any], words: str) -> None:
        params = {"Bucket": self._name, member: wanted}
        self._steps.append(Step(f"{self._name}: {words}", partial(self._asked, f"put_{operation}", params)))

    async def _asked(self, operation: str, params: Mapping[str, Any]) -> None:
        try:
            await self._calls.ask(operation, params, expected=_NOT_KNOWN)
        except ExpectedError as e:
            raise Skipped from e


def _rule(rule: Rule) -> dict[str, Any]:
    made: dict[str, Any] = {"ID": rule.id, "Status": "Enabled", "Filter": {"Prefix": rule.prefix}}
    if rule.expire_days:
        made["Expiration"] = {"Days": rule.expire_days}
    if rule.abort_days:
        made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": rule.abort_days}
    return made


def _same(wanted: Mapping[str, Any], now: Any) -> bool:
    """Whether everything wanted is set; more may be."""
    if not now:
        return False
    if "Rules" in wanted:
        has = {rule.get("ID"): rule for rule in now.get("Rules", ())}
        return all(_same(rule, has.get(rule["ID"])) for rule in wanted["Rules"])
    return all(now.get(name) == value for name, value in wanted.items())
