"""The metadata of one source (EXIF, XMP, IPTC, a video header, Takeout's JSON), by the field names of the import record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pictures.formats.errors import BadFile
from resolvers.importing.records import OffsetSource

SIDEWAYS: Final = frozenset({5, 6, 7, 8})
"""The orientations that exchange width and height."""


class UnsupportedFile(BadFile):
    """The file has a known format that this version does not read."""


class Moment(NamedTuple):
    """A local time to the second (`2024-05-01T10:00:00`), its UTC offset in minutes, and the source of the offset."""

    wall: str
    offset: int | None = None
    source: OffsetSource | None = None
    in_utc: bool = False
    """Whether `wall` is in UTC instead of the local time of the place."""
    known: int = 19
    """How many characters of `wall` the source states: 10 for a day without a time."""
    of_name: bool = False
    """Whether it was read from the name of the file."""


@dataclass(slots=True)
class SourceMetadata:
    """All values of one source; values that it does not have are absent."""

    origin: str
    """The source in the table of precedence."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Values by the wire names of the record, except texts, times, keywords and people."""
    texts: dict[str, str] = field(default_factory=dict)
    """Captions and titles by their tags."""
    moments: dict[str, Moment] = field(default_factory=dict)
    """Times by their tags."""
    keywords: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    albums: list[str] = field(default_factory=list)
    orientation: int | None = None
    """EXIF's number, 1 to 8, of a sidecar."""
    burst: str | None = None
    content_id: str | None = None
    """The content identifier that the two parts of a live photo share."""
    remarks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ParsedFile:
    """The content type of a file and its sources, in the order in which their lists are joined."""

    content_type: str
    metadata: list[SourceMetadata]
    is_video: bool = False
    orientation: int | None = None
    """The orientation in EXIF by which the picture is displayed; None if EXIF does not determine it."""
    film: tuple[int, int] | None = None
    """The range of bytes of the film of a motion photo."""
