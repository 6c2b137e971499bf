"""What one source (EXIF, XMP, IPTC, a film's header, Takeout's JSON) tells of a photo, in the names of the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from resolvers.importing.records import OffsetSource


class BadFile(ValueError):
    """A file that cannot be taken; the text is the reason, without values."""


class Unread(BadFile):
    """A file that is known for what it is, and is not read by this version."""


class Moment(NamedTuple):
    """A time: wall clock to the second (`2024-05-01T10:00:00`), offset in minutes and where the offset came from."""

    wall: str
    offset: int | None = None
    source: OffsetSource | None = None
    in_utc: bool = False
    """An instant: the wall clock is UTC's, not that of the place."""


@dataclass(slots=True)
class SourceMetadata:
    """Everything that one source says; absent is unsaid."""

    fields: dict[str, Any] = field(default_factory=dict)
    """Wire names of the record; times, words and people are beside it."""
    moment: Moment | None = None
    keywords: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    albums: list[str] = field(default_factory=list)
    burst: str | None = None
    content_id: str | None = None
    """What binds the two parts of a live photo."""
    remarks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Parsed:
    """A file: what it is, and its sources from the most believed to the least."""

    content_type: str
    metadata: list[SourceMetadata]
    video: bool = False
