"""Normalizes and validates user-entered text: NFC, no outer whitespace, no control characters."""

from __future__ import annotations

import re
import unicodedata

from resolvers.writing.outcome import ErrorCode, Fault, FaultError, invalid

MAX_CAPTION = 10_000
MAX_NAME = 500
"""Maximum characters of a title, a name or a keyword."""
MAX_KEYWORDS = 500
MAX_KEYWORD_BYTES = 32_768
"""Maximum of all keywords of a photo together, so that a record fits the item size limit of the tables."""

# Tab, line feed and carriage return are allowed; other control characters and unpaired surrogates break indexes and UTF-8.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_FORBIDDEN_IN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_text(value: str) -> bool:
    """Whether the value is one line without control characters."""
    return _FORBIDDEN_IN_LINE.search(value) is None


def caption(value: str, *field: str) -> str | None:
    """A normalized caption, which may have several lines; None for a blank one. Raises `FaultError`."""
    text = unicodedata.normalize("NFC", value).strip()
    if _FORBIDDEN.search(text):
        raise FaultError(invalid("must not contain control characters or unpaired surrogates"), *field)
    if len(text) > MAX_CAPTION:
        raise FaultError(invalid(f"must have at most {MAX_CAPTION} characters"), *field)
    return text or None


def line(value: str, *field: str) -> str:
    """A normalized title, name or keyword: one line of 1 to 500 characters. Raises `FaultError`."""
    text = unicodedata.normalize("NFC", value).strip()
    if not is_text(text):
        raise FaultError(invalid("must not contain control characters or unpaired surrogates"), *field)
    if not 1 <= len(text) <= MAX_NAME:
        raise FaultError(invalid(f"must have 1 to {MAX_NAME} characters"), *field)
    return text


def keywords(values: list[str], *field: str) -> tuple[str, ...]:
    """Normalized, distinct keywords. Raises `FaultError`."""
    if len(values) > MAX_KEYWORDS:
        raise FaultError(Fault(ErrorCode.LIMIT, f"At most {MAX_KEYWORDS} keywords are allowed."), *field)
    return tuple(dict.fromkeys(line(v, *field, str(i)) for i, v in enumerate(values)))


def too_many(words: tuple[str, ...]) -> bool:
    """Whether the keywords exceed the limits of one photo."""
    return len(words) > MAX_KEYWORDS or sum(len(w.encode()) for w in words) > MAX_KEYWORD_BYTES
