"""Reading a range from S3: an answer that is cut goes on where it was, of the same file or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
from botocore.exceptions import BotoCoreError

from datasources.aws.calls import AwsCalls, ExpectedError
from datasources.errors import Unavailable

_PIECE = 1 << 20
_ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})
_BEYOND = "InvalidRange"
_CHANGED = frozenset({"PreconditionFailed", "412"})
_RESUMES = 3


async def open_range(calls: AwsCalls, place: Mapping[str, str], start: int, end: int | None) -> AsyncIterator[bytes] | None:
    """The bytes of a range that is not empty; None when there is no file."""
    # No `Range` for the whole: an empty file has no byte 0, and S3 would refuse.
    params = dict(place) if (start, end) == (0, None) else {**place, "Range": _range(start, end)}
    try:
        answer = await calls.ask("get_object", params, expected=_ABSENT | {_BEYOND})
    except ExpectedError as e:
        return None if e.code in _ABSENT else _nothing()
    return _pieces(calls, place, (start, end), answer)


async def _pieces(calls: AwsCalls, place: Mapping[str, str], span: tuple[int, int | None], answer: Any) -> AsyncIterator[bytes]:
    at, end = span
    left, etag = int(answer["ContentLength"]), str(answer["ETag"])
    for resumed in range(_RESUMES + 1):
        body = answer["Body"]
        try:
            async for piece in body.iter_chunks(_PIECE):
                at, left = at + len(piece), left - len(piece)
                if left < 0:
                    raise Unavailable("media", "more bytes came than were promised")
                yield piece
        except (BotoCoreError, aiohttp.ClientError, TimeoutError, OSError) as e:
            if resumed == _RESUMES:
                raise Unavailable("media", "a file was cut off again and again while it was read") from e
        finally:
            body.close()
        if left == 0:
            return
        answer = await _resumed(calls, {**place, "Range": _range(at, end), "IfMatch": etag})
    raise Unavailable("media", "a file was cut off again and again while it was read")


async def _resumed(calls: AwsCalls, params: Mapping[str, Any]) -> Any:
    try:
        return await calls.ask("get_object", params, expected=_ABSENT | _CHANGED | {_BEYOND})
    except ExpectedError as e:
        raise Unavailable("media", "a file was replaced or deleted while it was read") from e


def _range(start: int, end: int | None) -> str:
    return f"bytes={start}-" if end is None else f"bytes={start}-{end - 1}"


async def _nothing() -> AsyncIterator[bytes]:
    none: tuple[bytes, ...] = ()
    for piece in none:
        yield piece
