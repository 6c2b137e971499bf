"""Reads texts, keywords and times from an IPTC IIM block, or from the one in Photoshop's image resources."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from ingest.formats.exif import clean_text, one_line
from ingest.formats.metadata import Moment, SourceMetadata
from ingest.formats.precedence import IPTC
from resolvers.importing.records import OffsetSource

_IIM = 0x0404
_UTF8 = b"\x1b%G"
_CHARSET, _KEYWORD = (1, 90), (2, 25)
_TEXTS = {(2, 120): "Caption-Abstract", (2, 105): "Headline", (2, 5): "ObjectName"}
_TIMES = {"DateCreated": ((2, 55), (2, 60)), "DigitalCreationDate": ((2, 62), (2, 63))}
_MAX_DATASETS = 2_000


def read_iptc(photoshop: bytes) -> SourceMetadata:
    """The IPTC metadata in Photoshop's image resources. A damaged block is read up to the damage."""
    metadata = SourceMetadata(IPTC)
    found = list(_datasets(photoshop if photoshop.startswith(b"\x1c") else _block(photoshop)))
    utf8 = any(key == _CHARSET and value == _UTF8 for key, value in found)
    texts: dict[tuple[int, int], str] = {}
    for key, value in found:
        text = _text(value, utf8=utf8)
        if key == _KEYWORD and text:
            metadata.keywords.append(one_line(text))
        elif text:
            texts.setdefault(key, text)
    metadata.texts = {name: texts[key] for key, name in _TEXTS.items() if key in texts}
    for name, (day, time) in _TIMES.items():
        if (moment := _moment(texts.get(day, ""), texts.get(time, ""))) is not None:
            metadata.moments[name] = moment
    return metadata


def _block(photoshop: bytes) -> bytes:
    position = 0
    while photoshop[position : position + 4] == b"8BIM":
        kind = int.from_bytes(photoshop[position + 4 : position + 6])
        name = photoshop[position + 6] if position + 6 < len(photoshop) else 0
        position += 6 + (name + 2) // 2 * 2
        size = int.from_bytes(photoshop[position : position + 4])
        position += 4
        if kind == _IIM:
            return photoshop[position : position + size]
        position += size + size % 2
    return b""


def _datasets(block: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    position = 0
    for _ in range(_MAX_DATASETS):
        if block[position : position + 1] != b"\x1c" or position + 5 > len(block):
            return
        size = int.from_bytes(block[position + 3 : position + 5])
        if size & 0x8000:  # extended datasets are larger than any value that is read here
            return
        yield (block[position + 1], block[position + 2]), block[position + 5 : position + 5 + size]
        position += 5 + size


def _text(value: bytes, *, utf8: bool) -> str:
    """The text of a value. Undeclared text is often UTF-8, and text in Windows-1252 is rarely valid UTF-8."""
    with suppress(UnicodeDecodeError):
        return clean_text(value.decode())
    return clean_text(value.decode("utf-8" if utf8 else "cp1252", "replace"))


def _moment(day: str, time: str) -> Moment | None:
    match = re.fullmatch(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:([+-])(\d\d)(\d\d))?", day + time)
    if match is None:
        return None
    with suppress(ValueError):
        wall = datetime(*(int(part) for part in match.groups()[:6])).isoformat()  # type: ignore[arg-type]  # noqa: DTZ001
        if match[7] is None:
            return Moment(wall)
        minutes = int(match[8]) * 60 + int(match[9])
        # Programs that do not know the time zone write +0000.
        return Moment(wall, minutes if match[7] == "+" else -minutes, OffsetSource.EXIF) if minutes else Moment(wall)
    return None
