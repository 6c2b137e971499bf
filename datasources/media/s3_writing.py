"""Writing to S3: small files at once, large ones in parts that become a file together or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Mapping
from contextlib import suppress
from typing import Any

from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.errors import SourceError

_PART = 8 << 20
"""S3 takes parts of at least 5 MiB, and 10,000 of them: 80 GB."""


async def put_stream(calls: AwsCalls, place: Mapping[str, str], chunks: AsyncIterable[bytes]) -> int:
    """Keeps a file; its size. Whoever is interrupted leaves nothing."""
    upload = _Upload(calls, place)
    held, size = bytearray(), 0
    try:
        async for chunk in chunks:
            held += chunk
            size += len(chunk)
            while len(held) >= _PART:
                await upload.part(bytes(held[:_PART]))
                del held[:_PART]
        await upload.end(bytes(held))
    except BaseException:
        # Also when cancelled: parts that belong to no file would be paid for until somebody looks.
        await asyncio.shield(upload.abort())
        raise
    return size


class _Upload:
    """A file under way; it becomes one in parts when the first part is full."""

    def __init__(self, calls: AwsCalls, place: Mapping[str, str]) -> None:
        self._calls = calls
        self._place = place
        self._id: str | None = None
        self._parts: list[dict[str, Any]] = []

    async def part(self, data: bytes) -> None:
        if self._id is None:
            self._id = str((await self._calls.ask("create_multipart_upload", self._place))["UploadId"])
        number = len(self._parts) + 1
        params = {**self._place, "UploadId": self._id, "PartNumber": number, "Body": data}
        answer = await self._calls.ask("upload_part", params)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})

    async def end(self, rest: bytes) -> None:
        if self._id is None:
            await self._calls.ask("put_object", {**self._place, "Body": rest})
            return
        if rest:
            await self.part(rest)
        params = {**self._place, "UploadId": self._id, "MultipartUpload": {"Parts": self._parts}}
        try:
            await self._calls.ask("complete_multipart_upload", params, expected=frozenset({"NoSuchUpload"}))
        except ExpectedError as e:
            if not e.uncertain:  # else the answer to our first try was lost, and the parts are the file already
                raise self._calls.refusal(e) from e
        self._id = None

    async def abort(self) -> None:
        if self._id is not None:
            with suppress(SourceError):
                await self._calls.ask("abort_multipart_upload", {**self._place, "UploadId": self._id})
            self._id = None
