"""Reads a range from S3; an interrupted response is attempt for the same version of the file, or fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
from botocore.exceptions import BotoCoreError

from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.errors import Unavailable

_PIECE = 1 << 20
_ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})
_OUT_OF_RANGE = "InvalidRange"
_CHANGED = frozenset({"PreconditionFailed", "412"})
_MAX_RESUMES = 3


async def open_range(calls: AwsCalls, location: Mapping[str, str], start: int, end: int | None) -> AsyncIterator[bytes] | None:
    """The bytes of a non-empty range; None if there is no file."""
    # No `Range` for the complete file: S3 rejects ranges of an empty file.
    params = dict(location) if (start, end) == (0, None) else {**location, "Range": _range(start, end)}
    try:
        answer = await calls.call("get_object", params, expected=_ABSENT | {_OUT_OF_RANGE})
    except ExpectedError as e:
        return None if e.code in _ABSENT else _empty()
    return _pieces(calls, location, (start, end), answer)


async def _pieces(
    calls: AwsCalls, location: Mapping[str, str], span: tuple[int, int | None], answer: Any
) -> AsyncIterator[bytes]:
    at, end = span
    remaining, etag = int(answer["ContentLength"]), str(answer["ETag"])
    for attempt in range(_MAX_RESUMES + 1):
        body = answer["Body"]
        try:
            async for piece in body.iter_chunks(_PIECE):
                at, remaining = at + len(piece), remaining - len(piece)
                if remaining < 0:
                    raise Unavailable("media", "S3 sent more bytes than Content-Length")
                yield piece
        except (BotoCoreError, aiohttp.ClientError, TimeoutError, OSError) as e:
            if attempt == _MAX_RESUMES:
                raise Unavailable("media", "reading a file was interrupted repeatedly") from e
        finally:
            body.close()
        if remaining == 0:
            return
        answer = await _resume(calls, {**location, "Range": _range(at, end), "IfMatch": etag})
    raise Unavailable("media", "reading a file was interrupted repeatedly")


async def _resume(calls: AwsCalls, params: Mapping[str, Any]) -> Any:
    try:
        return await calls.call("get_object", params, expected=_ABSENT | _CHANGED | {_OUT_OF_RANGE})
    except ExpectedError as e:
        raise Unavailable("media", "a file was replaced or deleted while it was read") from e


def _range(start: int, end: int | None) -> str:
    return f"bytes={start}-" if end is None else f"bytes={start}-{end - 1}"


async def _empty() -> AsyncIterator[bytes]:
    none: tuple[bytes, ...] = ()
    for piece in none:
        yield piece
