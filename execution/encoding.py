"""Encodes responses as JSON, up to a maximum size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from execution.errors import ErrorMapper, RequestError

MAX_RESPONSE_BYTES: Final = 4 * 1024 * 1024


class ResponseEncoder:
    """Encodes responses as JSON. A response above the limit is replaced by an error."""

    def __init__(self, errors: ErrorMapper, max_bytes: int = MAX_RESPONSE_BYTES) -> None:
        self._errors = errors
        self._max_bytes = max_bytes

    def encode(self, content: Mapping[str, Any]) -> bytes:
        """Returns the encoded response."""
        encoded = orjson.dumps(content)
        if len(encoded) <= self._max_bytes:
            return encoded
        message = f"The response is larger than {self._max_bytes:,} bytes. Request fewer objects or fields at a time."
        return orjson.dumps({"errors": self._errors.request_errors(RequestError("TOO_COMPLEX", message, reason="ANSWER_SIZE"))})
