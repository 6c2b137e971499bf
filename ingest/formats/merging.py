"""Merges the metadata sources of one photo into one record, by the precedence in docs/import.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from ingest.formats.exif_time import offset_between
from ingest.formats.metadata import Moment, SourceMetadata
from pictures.formats.errors import BadFile
from resolvers.importing.moments import EARLIEST_YEAR, format_moment
from resolvers.importing.record_reading import read_record
from resolvers.importing.records import (
    MAX_ALBUMS,
    MAX_KEYWORDS,
    MAX_LABELS,
    MAX_NAME,
    MAX_PEOPLE,
    BadRecord,
    ImportRecord,
    OffsetSource,
)

_PLACE = ("latitude", "longitude", "altitudeMeters")
_NESTED = ("camera", "exposure")
_MAX_OFFSET_RANGE_S = 26 * 3600  # the largest difference between two local times of one instant
_MAX_INVALID_FIELDS = 6


def merge_sources(sources: Sequence[SourceMetadata], fixed: dict[str, Any]) -> tuple[ImportRecord, list[str]]:
    """The record and remarks. `sources` are in order of precedence; `fixed` has the values that only the file itself has."""
    remarks = [remark for source in sources for remark in source.remarks]
    fields = _fields(sources) | fixed
    # Years before those that are accepted come from clocks that were never set.
    moments = [source.moment for source in sources if source.moment is not None]
    moment = _moment([m for m in moments if int(m.wall[:4]) >= EARLIEST_YEAR], remarks)
    if moment is not None:
        fields["takenAt"] = format_moment(moment.wall, moment.offset)
    fields |= _lists(sources, remarks)
    record = _valid_record(fields, remarks)
    source = moment.source if moment is not None and record.utc_offset_minutes is not None else None
    burst = next((source.burst[:200] for source in sources if source.burst), None)
    in_utc = moment is not None and moment.in_utc and record.taken_local is not None
    return msgspec.structs.replace(record, offset_source=source, burst_id=burst, taken_in_utc=in_utc), list(
        dict.fromkeys(remarks)
    )


def _fields(sources: Sequence[SourceMetadata]) -> dict[str, Any]:
    """The first value of each field. All coordinates come from one source; camera and exposure are merged by part."""
    fields: dict[str, Any] = {}
    for source in sources:
        for name, value in source.fields.items():
            if name in _NESTED:
                fields[name] = value | fields.get(name, {})
            elif name not in _PLACE:
                fields.setdefault(name, value)
    place = next((source for source in sources if "latitude" in source.fields), None)
    return fields | ({name: place.fields[name] for name in _PLACE if name in place.fields} if place else {})


def _moment(moments: Sequence[Moment], remarks: list[str]) -> Moment | None:
    """The local time of highest precedence. A missing offset comes from a source with the same local time, or from an instant."""
    instants = [m for m in moments if m.in_utc]
    clock = next((m for m in moments if not m.in_utc), None)
    if clock is None:
        return instants[0] if instants else None
    for instant in instants:
        apart_s = abs((datetime.fromisoformat(clock.wall) - datetime.fromisoformat(instant.wall)).total_seconds())
        if instant.source is OffsetSource.RECORD and apart_s > _MAX_OFFSET_RANGE_S and clock.offset is None:
            remarks.append("its own time and Takeout's time differ by more than a day: Takeout's time was used")
            return instant
    if clock.offset is not None:
        return clock
    for other in moments:
        if other.offset is not None and not other.in_utc and other.wall[:16] == clock.wall[:16]:
            return clock._replace(offset=other.offset, source=other.source)
    for instant in instants:
        offset = offset_between(datetime.fromisoformat(clock.wall), datetime.fromisoformat(instant.wall))
        if offset:  # zero may also be written by programs that do not know the time zone
            return clock._replace(offset=offset, source=instant.source)
    return clock


def _lists(sources: Sequence[SourceMetadata], remarks: list[str]) -> dict[str, Any]:
    words = _distinct([word for source in sources for word in source.keywords], MAX_LABELS + MAX_KEYWORDS, "keywords", remarks)
    people = _distinct([name for source in sources for name in source.people], MAX_PEOPLE, "people", remarks)
    albums = _distinct([key for source in sources for key in source.albums], MAX_ALBUMS, "albums", remarks)
    found = {
        # The writer resolves the keys to concepts and stores keys without a concept as keywords.
        "labels": [{"key": word} for word in words[:MAX_LABELS]],
        "keywords": words[MAX_LABELS:],
        "people": [{"key": name, "name": name} for name in people],
        "albums": [{"key": key.partition("\0")[0], "title": key.partition("\0")[2] or None} for key in albums],
    }
    return {name: values for name, values in found.items() if values}


def _distinct(values: Sequence[str], limit: int, name: str, remarks: list[str]) -> list[str]:
    unique = list(dict.fromkeys(value[: 2 * MAX_NAME + 1] for value in values if value))
    if len(unique) > limit:
        remarks.append(f"it has more than {limit} {name}: the rest was left out")
    return unique[:limit]


def _valid_record(fields: dict[str, Any], remarks: list[str]) -> ImportRecord:
    """The record without its invalid values, each of which is reported as a remark."""
    for _ in range(_MAX_INVALID_FIELDS):
        try:
            return read_record(fields)
        except BadRecord as bad:
            name = (bad.field or "").partition(".")[0].partition("[")[0]
            if name not in fields or name == "sourceId":
                raise BadFile(f"has invalid metadata: {bad}") from None
            del fields[name]
            remarks.append(f"its {bad}: it was left out")
    raise BadFile("has too many invalid values in its metadata")
