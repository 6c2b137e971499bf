# ruff: noqa: D102 - methods are documented in the port
"""The audit log in a bucket: an object for each group of records, never overwritten, and an object for each checkpoint.

Each process writes its own chain with a random name, so that processes do not wait for each other. Object lock protects
the objects under `audit/` against deletion (`deploy/cloudformation`).
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Self

import msgspec

from datasources.audit.chain import AuditKeys, Chain
from datasources.audit.grouped_writes import GroupedAuditLog
from datasources.audit.port import AuditRecord, ChainLine, Checkpoint
from datasources.aws.access import AwsAccess
from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.errors import Corrupt, Unavailable
from datasources.retry import RetryPolicy

PREFIX: Final = "audit/"
_RECORDS, _CHECKPOINTS = f"{PREFIX}records/", f"{PREFIX}checkpoints/"
_EXISTS: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_CHECKPOINT_MS: Final = 1_000
_CHECKPOINT_RECORDS: Final = 1_000


class S3AuditLog(GroupedAuditLog):
    """Writes its own chain and reads all chains."""

    def __init__(self, calls: AwsCalls, bucket: str, keys: AuditKeys, now_ms: Callable[[], int]) -> None:
        super().__init__()
        self._calls = calls
        self._bucket = bucket
        self._keys = keys
        self._now_ms = now_ms
        self._chain = Chain(keys.chain, secrets.token_hex(8))
        self._is_begun = False
        self._signed_at = 0

    @classmethod
    async def open(
        cls,
        access: AwsAccess,
        bucket: str,
        keys: AuditKeys,
        now_ms: Callable[[], int],
        retry_policy: RetryPolicy | None = None,
    ) -> Self:
        """The audit log in an existing bucket; sends no request yet."""
        calls = await AwsCalls.open("audit", "s3", access, retry_policy or RetryPolicy(deadline_s=5.0))
        return cls(calls, bucket, keys, now_ms)

    async def links(self) -> AsyncIterator[ChainLine]:
        chain, number = "", 0
        async for name, data in self._objects(_RECORDS):
            of = name.removeprefix(_RECORDS).partition("/")[0]
            chain, number = of, number if of == chain else 0
            for line in data.splitlines():
                number += 1
                yield ChainLine(chain, number, line)

    async def checkpoints(self) -> Sequence[Checkpoint]:
        try:
            found = [msgspec.json.decode(data, type=Checkpoint) async for _, data in self._objects(_CHECKPOINTS)]
        except msgspec.MsgspecError as e:
            raise Corrupt("audit", "a checkpoint cannot be decoded") from e
        return sorted(found, key=lambda c: c.at)

    async def checkpoint(self) -> Checkpoint | None:
        if self._chain.count > self._chain.signed:
            await self._sign()
        return await super().checkpoint()

    async def close(self) -> None:
        await self.flush()
        if self._chain.count > self._chain.signed:
            await self._sign()
        await self._calls.close()

    async def _write(self, records: Sequence[AuditRecord]) -> None:
        if not self._is_begun:  # the first record refers to this checkpoint, so that it cannot be removed unnoticed
            self._chain = Chain(self._keys.chain, secrets.token_hex(8))  # an earlier attempt may have used the name
            await self._sign()
            self._is_begun, self._signed_at = True, 0
        next_chain = replace(self._chain)
        data = b"".join(next_chain.add(record) for record in records)
        await self._put(f"{_RECORDS}{next_chain.name}/{self._chain.count + 1:012d}", data)
        self._chain = next_chain
        if next_chain.count - next_chain.signed >= _CHECKPOINT_RECORDS or self._now_ms() - self._signed_at >= _CHECKPOINT_MS:
            await self._sign()

    async def _sign(self) -> None:
        checkpoint = self._chain.checkpoint(self._keys.signing, self._now_ms())
        await self._put(f"{_CHECKPOINTS}{checkpoint.chain}/{checkpoint.count:012d}", msgspec.json.encode(checkpoint))
        self._chain.signed, self._signed_at = checkpoint.count, checkpoint.at

    async def _put(self, name: str, data: bytes) -> None:
        """Create an object without overwriting. If it exists with the same bytes after a lost response, the write succeeded."""
        params = {"Bucket": self._bucket, "Key": name, "Body": data, "IfNoneMatch": "*", "ContentType": "text/plain"}
        try:
            await self._calls.call("put_object", params, expected=_EXISTS)
        except ExpectedError as e:
            if not e.uncertain or await self._get(name) != data:
                raise Unavailable("audit", "the object already exists with other content") from e

    async def _get(self, name: str, version: str | None = None) -> bytes:
        params = {"Bucket": self._bucket, "Key": name} | ({} if version in (None, "null") else {"VersionId": version})
        answer = await self._calls.call("get_object", params)
        return bytes(await answer["Body"].read())

    async def _objects(self, prefix: str) -> AsyncIterator[tuple[str, bytes]]:
        """Every object in its first version: a later one, or a delete mark, does not change what was recorded."""
        params: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix}
        first: tuple[str, str] | None = None
        while True:
            answer = await self._calls.call("list_object_versions", params)
            for entry in answer.get("Versions", ()):  # by name, and the versions of a name from the newest to the oldest
                if first is not None and first[0] != entry["Key"]:
                    yield first[0], await self._get(*first)
                first = entry["Key"], entry["VersionId"]
            if not answer.get("IsTruncated"):
                break
            params["KeyMarker"], params["VersionIdMarker"] = answer["NextKeyMarker"], answer["NextVersionIdMarker"]
        if first is not None:
            yield first[0], await self._get(*first)
