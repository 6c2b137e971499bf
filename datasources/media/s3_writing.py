"""Writes to S3: small files in one request, large ones by multipart upload, which is atomic."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Mapping
from contextlib import suppress
from typing import Any

from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.errors import SourceError

_PART = 8 << 20
"""Part size: S3 allows parts of at least 5 MiB and 10,000 parts, so a file may have 80 GB."""


async def put_stream(calls: AwsCalls, location: Mapping[str, str], chunks: AsyncIterable[bytes]) -> int:
    """Store a file and return its size; an interrupted write is aborted."""
    upload = _Upload(calls, location)
    buffer, size = bytearray(), 0
    try:
        async for chunk in chunks:
            buffer += chunk
            size += len(chunk)
            while len(buffer) >= _PART:
                await upload.part(bytes(buffer[:_PART]))
                del buffer[:_PART]
        await upload.end(bytes(buffer))
    except BaseException:
        # Also when cancelled: parts of unfinished uploads cost money until they are aborted.
        await asyncio.shield(upload.abort())
        raise
    return size


class _Upload:
    """An upload, which becomes a multipart upload when the first part is full."""

    def __init__(self, calls: AwsCalls, location: Mapping[str, str]) -> None:
        self._calls = calls
        self._location = location
        self._id: str | None = None
        self._parts: list[dict[str, Any]] = []

    async def part(self, data: bytes) -> None:
        if self._id is None:
            self._id = str((await self._calls.call("create_multipart_upload", self._location))["UploadId"])
        number = len(self._parts) + 1
        params = {**self._location, "UploadId": self._id, "PartNumber": number, "Body": data}
        answer = await self._calls.call("upload_part", params)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})

    async def end(self, rest: bytes) -> None:
        if self._id is None:
            await self._calls.call("put_object", {**self._location, "Body": rest})
            return
        if rest:
            await self.part(rest)
        params = {**self._location, "UploadId": self._id, "MultipartUpload": {"Parts": self._parts}}
        try:
            await self._calls.call("complete_multipart_upload", params, expected=frozenset({"NoSuchUpload"}))
        except ExpectedError as e:
            if not e.uncertain:  # an earlier attempt succeeded and its response was lost
                raise self._calls.unexpected_code(e) from e
        self._id = None

    async def abort(self) -> None:
        if self._id is not None:
            with suppress(SourceError):
                await self._calls.call("abort_multipart_upload", {**self._location, "UploadId": self._id})
            self._id = None
