"""Words as their owner typed them, in one normal form: NFC, without outer blanks and control characters."""

from __future__ import annotations

import re
import unicodedata

from resolvers.writing.outcome import ErrorCode, Fault, FaultFound, invalid

MAX_CAPTION = 10_000
MAX_NAME = 500
"""Characters of a title, a name, a keyword."""
MAX_KEYWORDS = 500
MAX_KEYWORD_BYTES = 32_768
"""All keywords of a photo together, so that a record stays below what a table takes."""

# Tab, line feed and carriage return are text; other control characters and half a surrogate pair break indexes and UTF-8.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_FORBIDDEN_IN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_text(value: str) -> bool:
    """Whether it is one line of Unicode text."""
    return _FORBIDDEN_IN_LINE.search(value) is None


def caption(value: str, *field: str) -> str | None:
    """A caption, of several lines if need be; blank is none."""
    text = unicodedata.normalize("NFC", value).strip()
    if _FORBIDDEN.search(text):
        raise FaultFound(invalid("holds control characters or half a surrogate pair"), *field)
    if len(text) > MAX_CAPTION:
        raise FaultFound(invalid(f"has more than {MAX_CAPTION} characters"), *field)
    return text or None


def line(value: str, *field: str) -> str:
    """A title, name or keyword: 1 to 500 characters of one line."""
    text = unicodedata.normalize("NFC", value).strip()
    if not is_text(text):
        raise FaultFound(invalid("holds control characters or half a surrogate pair"), *field)
    if not 1 <= len(text) <= MAX_NAME:
        raise FaultFound(invalid(f"has 1 to {MAX_NAME} characters"), *field)
    return text


def keywords(values: list[str], *field: str) -> tuple[str, ...]:
    """A list of keywords, each once."""
    if len(values) > MAX_KEYWORDS:
        raise FaultFound(Fault(ErrorCode.LIMIT, f"at most {MAX_KEYWORDS} keywords"), *field)
    return tuple(dict.fromkeys(line(v, *field, str(i)) for i, v in enumerate(values)))


def too_many(words: tuple[str, ...]) -> bool:
    """Whether a photo cannot hold these keywords."""
    return len(words) > MAX_KEYWORDS or sum(len(w.encode()) for w in words) > MAX_KEYWORD_BYTES
