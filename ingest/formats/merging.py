"""Merges the metadata sources of one photo into one record, by the table of precedence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from ingest.formats.exif import one_line
from ingest.formats.exif_time import offset_between
from ingest.formats.metadata import Moment, SourceMetadata
from ingest.formats.precedence import FILE_NAME, TAKEOUT, is_title, rank
from pictures.formats.errors import BadFile
from resolvers.importing.moments import EARLIEST_YEAR, format_moment
from resolvers.importing.record_reading import read_record
from resolvers.importing.records import (
    MAX_ALBUMS,
    MAX_CAPTION,
    MAX_KEYWORDS,
    MAX_LABELS,
    MAX_NAME,
    MAX_PEOPLE,
    BadRecord,
    ImportRecord,
)

T = TypeVar("T")
_PLACE = ("latitude", "longitude", "altitudeMeters")
_NESTED = ("camera", "exposure")
_MAX_OFFSET_RANGE_S = 26 * 3600  # the largest difference between two local times of one instant
_MAX_INVALID_FIELDS = 6


def merge_sources(sources: Sequence[SourceMetadata], fixed: dict[str, Any]) -> tuple[ImportRecord, list[str]]:
    """The record and remarks. Lists are joined in the order of `sources`; `fixed` has values that only the file has."""
    remarks = [remark for source in sources for remark in source.remarks]
    fields = _fields(sources) | fixed
    # Years before those that are accepted come from clocks that were never set.
    moment = _moment(_times(sources), remarks)
    if moment is not None:
        fields["takenAt"] = format_moment(moment.wall, moment.offset)
    fields |= _lists(sources, remarks)
    record = _valid_record(fields, remarks)
    source = moment.source if moment is not None and record.utc_offset_minutes is not None else None
    burst = next((source.burst[:200] for source in sources if source.burst), None)
    in_utc = moment is not None and moment.in_utc and record.taken_local is not None
    of_name = True if moment is not None and moment.of_name and record.taken_local is not None else None
    record = msgspec.structs.replace(
        record, offset_source=source, burst_id=burst, taken_in_utc=in_utc, taken_from_file_name=of_name
    )
    return record, list(dict.fromkeys(remarks))


def _ranked(field: str, candidates: Sequence[tuple[str, str, T]]) -> list[T]:
    """The values of a field in order of precedence; a candidate is the source, the tag and the value."""
    return [value for _, _, value in sorted(candidates, key=lambda c: rank(field, c[0], c[1]))]


def _fields(sources: Sequence[SourceMetadata]) -> dict[str, Any]:
    """The first value of each field. All coordinates come from one source; camera and exposure are merged by part."""
    fields: dict[str, Any] = {}
    for name in dict.fromkeys(name for source in sources for name in source.fields):
        values = _ranked(name, [(s.origin, "", s.fields[name]) for s in sources if name in s.fields])
        if name in _NESTED:
            fields[name] = {part: value for each in reversed(values) for part, value in each.items()}
        elif name not in _PLACE:
            fields[name] = values[0]
    texts = _ranked("caption", [(s.origin, tag, text) for s in sources for tag, text in s.texts.items()])
    if texts:
        fields["caption"] = texts[0][:MAX_CAPTION]
    titles = _ranked(
        "title", [(s.origin, tag, text) for s in sources for tag, text in s.texts.items() if is_title(s.origin, tag)]
    )
    if titles and titles[0] != texts[0]:  # a title without a description is the caption
        fields["title"] = one_line(titles[0])
    places = _ranked("latitude", [(s.origin, "", s.fields) for s in sources if "latitude" in s.fields])
    return fields | ({name: places[0][name] for name in _PLACE if name in places[0]} if places else {})


class _Time(NamedTuple):
    origin: str
    tag: str
    moment: Moment


def _times(sources: Sequence[SourceMetadata]) -> list[_Time]:
    found = [_Time(s.origin, tag, m) for s in sources for tag, m in s.moments.items() if int(m.wall[:4]) >= EARLIEST_YEAR]
    return sorted(found, key=lambda t: rank("takenAt", t.origin, t.tag))


def _moment(times: Sequence[_Time], remarks: list[str]) -> Moment | None:
    """The local time of highest precedence, or an instant if there is none or it contradicts one that is more reliable."""
    first = _clock([time for time in times if not time.moment.in_utc])
    if first is None:
        return times[0].moment if times else None
    for time in times:
        if time.moment.in_utc and first.moment.offset is None and _differ(first.moment, time.moment):
            if time.origin == TAKEOUT:
                remarks.append("its own time and Takeout's time differ by more than a day: Takeout's time was used")
            if time.origin == TAKEOUT or first.tag == "ModifyDate" or first.origin == FILE_NAME:
                return time.moment
    return _with_offset(first.moment, [time.moment for time in times])


def _with_offset(clock: Moment, moments: Sequence[Moment]) -> Moment:
    """The local time. A missing offset comes from a source with the same local time, or from an instant."""
    if clock.offset is not None:
        return clock
    for other in moments:
        if other.offset is not None and not other.in_utc and other.wall[:16] == clock.wall[:16]:
            return clock._replace(offset=other.offset, source=other.source)
    for instant in (m for m in moments if m.in_utc):
        offset = offset_between(datetime.fromisoformat(clock.wall), datetime.fromisoformat(instant.wall))
        if offset:  # zero may also be written by programs that do not know the time zone
            return clock._replace(offset=offset, source=instant.source)
    return clock


def _clock(times: Sequence[_Time]) -> _Time | None:
    """The local time of highest precedence. A day without a time is completed by another source with the same day."""
    if not times:
        return None
    known = times[0].moment.known
    longer = (t for t in times if t.moment.known > known and t.moment.wall[:known] == times[0].moment.wall[:known])
    return next(longer, times[0])


def _differ(clock: Moment, instant: Moment) -> bool:
    """Whether they differ by more than any UTC offset."""
    apart_s = (datetime.fromisoformat(clock.wall) - datetime.fromisoformat(instant.wall)).total_seconds()
    return abs(apart_s) > _MAX_OFFSET_RANGE_S


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
