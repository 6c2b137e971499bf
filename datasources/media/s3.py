"""The media store in an S3 bucket: `<prefix><owner>/<name>`.

The bucket must not have versioning, because old versions would survive an erasure.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from typing import Any, Self

from typing_extensions import override

from datasources.aws.access import AwsAccess
from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.errors import Unavailable
from datasources.media.key_names import checked_key, checked_owner
from datasources.media.port import MediaKey, MediaStore
from datasources.media.s3_reading import open_range
from datasources.media.s3_writing import put_stream
from datasources.retry import RetryPolicy

PREFIX = "media/"
RESULTS = "results/"
"""Prefix of result files of jobs in the same bucket."""
_CONCURRENCY = 16
_PAGE = 1_000
_ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})


class S3MediaStore(MediaStore):
    """One bucket, which any number of processes may use."""

    def __init__(self, calls: AwsCalls, bucket: str, prefix: str = PREFIX) -> None:
        self._calls = calls
        self._bucket = bucket
        self._prefix = prefix
        self._semaphore = asyncio.Semaphore(_CONCURRENCY)

    @classmethod
    async def open(cls, access: AwsAccess, bucket: str, retry_policy: RetryPolicy | None = None, *, prefix: str = PREFIX) -> Self:
        """The store of an existing bucket; sends no request yet."""
        calls = await AwsCalls.open("media", "s3", access, retry_policy or RetryPolicy(deadline_s=30.0, base_delay_s=0.1))
        return cls(calls, bucket, prefix)

    async def make_bucket(self) -> None:
        """Create the bucket if it does not exist; for local servers."""
        expected = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
        try:
            await self._calls.call("create_bucket", {"Bucket": self._bucket}, expected=expected)
        except ExpectedError:
            return

    @override
    async def put(self, key: MediaKey, chunks: AsyncIterable[bytes]) -> int:
        return await put_stream(self._calls, self._object(key), chunks)

    @override
    async def sizes(self, keys: Sequence[MediaKey]) -> Mapping[MediaKey, int]:
        locations = {key: self._object(key) for key in keys}
        found = await asyncio.gather(*(self._size(location) for location in locations.values()))
        return {key: size for key, size in zip(locations, found, strict=True) if size is not None}

    async def _size(self, location: Mapping[str, str]) -> int | None:
        async with self._semaphore:
            try:
                answer = await self._calls.call("head_object", location, expected=_ABSENT)
            except ExpectedError:
                return None
        return int(answer["ContentLength"])

    @override
    async def read(self, key: MediaKey, start: int = 0, end: int | None = None) -> AsyncIterator[bytes] | None:
        if start < 0 or (end is not None and end < 0):
            raise ValueError("a byte range must not be negative")
        location = self._object(key)
        if end is not None and end <= start:
            return None if await self._size(location) is None else _empty()
        return await open_range(self._calls, location, start, end)

    @override
    async def delete_many(self, keys: Sequence[MediaKey]) -> None:
        names = [self._object(key)["Key"] for key in keys]
        for at in range(0, len(names), _PAGE):
            await self._remove(names[at : at + _PAGE])

    async def _remove(self, names: Sequence[str]) -> None:
        request = {"Objects": [{"Key": name} for name in names], "Quiet": True}
        answer = await self._calls.call("delete_objects", {"Bucket": self._bucket, "Delete": request})
        failed = [e for e in answer.get("Errors", ()) if e.get("Code") not in _ABSENT]
        if failed:
            raise Unavailable("media", f"{len(failed)} files could not be removed ({failed[0].get('Code')})")

    @override
    async def delete_owner(self, owner: str) -> int:
        folder = self._folder(owner)
        await self._abort_uploads(folder)
        count = 0
        while names := await self._list(folder, None, _PAGE):
            await self._remove([folder + name for name in names])
            count += len(names)
        return count

    async def _abort_uploads(self, folder: str) -> None:
        """Abort the uploads of interrupted writes."""
        params: dict[str, Any] = {"Bucket": self._bucket, "Prefix": folder}
        while True:
            answer = await self._calls.call("list_multipart_uploads", params)
            for upload in answer.get("Uploads", ()):
                one = {"Bucket": self._bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
                try:
                    await self._calls.call("abort_multipart_upload", one, expected=frozenset({"NoSuchUpload"}))
                except ExpectedError:
                    continue
            if not answer.get("IsTruncated"):
                return
            params |= {"KeyMarker": answer["NextKeyMarker"], "UploadIdMarker": answer["NextUploadIdMarker"]}

    @override
    async def names(self, owner: str, *, after: str | None = None, limit: int = 1_000) -> Sequence[str]:
        folder, found = self._folder(owner), list[str]()
        while len(found) < limit:
            page = await self._list(folder, found[-1] if found else after, min(_PAGE, limit - len(found)))
            found += page
            if not page:
                break
        return found

    async def _list(self, folder: str, after: str | None, limit: int) -> list[str]:
        params: dict[str, Any] = {"Bucket": self._bucket, "Prefix": folder, "MaxKeys": limit}
        if after is not None:
            params["StartAfter"] = folder + after
        answer = await self._calls.call("list_objects_v2", params)
        return [str(entry["Key"]).removeprefix(folder) for entry in answer.get("Contents", ())]

    @override
    async def close(self) -> None:
        await self._calls.close()

    def _folder(self, owner: str) -> str:
        return f"{self._prefix}{checked_owner(owner)}/"

    def _object(self, key: MediaKey) -> dict[str, str]:
        checked_key(key)
        return {"Bucket": self._bucket, "Key": self._folder(key.owner) + key.name}


async def _empty() -> AsyncIterator[bytes]:
    none: tuple[bytes, ...] = ()
    for piece in none:
        yield piece
