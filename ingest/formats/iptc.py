"""IPTC's old block (IIM) inside Photoshop's: caption, keywords, and the time with its offset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from ingest.formats.exif import cleaned, one_line
from ingest.formats.metadata import Moment, SourceMetadata
from resolvers.importing.records import MAX_CAPTION, OffsetSource

_IIM = 0x0404
_UTF8 = b"\x1b%G"
_CHARSET, _TITLE, _KEYWORD, _DATE, _TIME, _HEADLINE, _CAPTION = (1, 90), (2, 5), (2, 25), (2, 55), (2, 60), (2, 105), (2, 120)
_MOST = 2_000


def read_iptc(photoshop: bytes) -> SourceMetadata:
    """Of Photoshop's resource blocks; nothing where there is none, as far as it goes where it is damaged."""
    told = SourceMetadata()
    found = list(_datasets(_block(photoshop)))
    utf8 = any(key == _CHARSET and value == _UTF8 for key, value in found)
    texts: dict[tuple[int, int], str] = {}
    for key, value in found:
        text = _text(value, utf8=utf8)
        if key == _KEYWORD and text:
            told.keywords.append(one_line(text))
        elif text:
            texts.setdefault(key, text)
    caption = texts.get(_CAPTION) or texts.get(_HEADLINE) or texts.get(_TITLE)
    if caption:
        told.fields["caption"] = caption[:MAX_CAPTION]
    told.moment = _moment(texts.get(_DATE, ""), texts.get(_TIME, ""))
    return told


def _block(photoshop: bytes) -> bytes:
    at = 0
    while photoshop[at : at + 4] == b"8BIM":
        kind = int.from_bytes(photoshop[at + 4 : at + 6])
        name = photoshop[at + 6] if at + 6 < len(photoshop) else 0
        at += 6 + (name + 2) // 2 * 2
        size = int.from_bytes(photoshop[at : at + 4])
        at += 4
        if kind == _IIM:
            return photoshop[at : at + size]
        at += size + size % 2
    return b""


def _datasets(block: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    for _ in range(_MOST):
        if block[at : at + 1] != b"\x1c" or at + 5 > len(block):
            return
        size = int.from_bytes(block[at + 3 : at + 5])
        if size & 0x8000:  # a size of sizes: nothing that we want is so long
            return
        yield (block[at + 1], block[at + 2]), block[at + 5 : at + 5 + size]
        at += 5 + size


def _text(value: bytes, *, utf8: bool) -> str:
    """Undeclared texts are UTF-8 as often as not, and Latin-1 is hardly ever UTF-8 by chance."""
    with suppress(UnicodeDecodeError):
        return cleaned(value.decode())
    return cleaned(value.decode("utf-8" if utf8 else "cp1252", "replace"))


def _moment(day: str, time: str) -> Moment | None:
    match = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:([+-])(\d\d)(\d\d))?", day + time)
    if match is None:
        return None
    with suppress(ValueError):
        wall = datetime(*(int(part) for part in match.groups()[:6])).isoformat()  # type: ignore[arg-type]  # noqa: DTZ001
        if match[7] is None:
            return Moment(wall)
        minutes = int(match[8]) * 60 + int(match[9])
        # Programs that know no zone write +0000.
        return Moment(wall, minutes if match[7] == "+" else -minutes, OffsetSource.EXIF) if minutes else Moment(wall)
    return None
