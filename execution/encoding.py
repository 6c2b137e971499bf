"""Answers to bytes, within a cap: what nobody could read in time is not sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from execution.errors import ErrorMapper, RequestError

MOST_BYTES: Final = 4 * 1024 * 1024


class Encoder:
    """Encodes answers as JSON; one that is too large becomes an error instead."""

    def __init__(self, errors: ErrorMapper, most_bytes: int = MOST_BYTES) -> None:
        self._errors = errors
        self._most = most_bytes

    def encode(self, content: Mapping[str, Any]) -> bytes:
        """The bytes of an answer."""
        encoded = orjson.dumps(content)
        if len(encoded) <= self._most:
            return encoded
        message = f"The answer is larger than {self._most:,} bytes: ask for less at once."
        return orjson.dumps({"errors": self._errors.refusal(RequestError("TOO_COMPLEX", message, reason="ANSWER_SIZE"))})
