"""Several sources' tales of one photo as one record: which is believed where they disagree (docs/import.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from ingest.formats.exif_time import offset_between
from ingest.formats.metadata import BadFile, Moment, SourceMetadata
from resolvers.importing.moments import written
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
_A_DAY_S = 26 * 3600  # the farthest that two wall clocks of one instant can be apart
_TRIES = 6


def record_of(told: Sequence[SourceMetadata], fixed: dict[str, Any]) -> tuple[ImportRecord, list[str]]:
    """`told` from the most believed to the least; `fixed` is what only the file itself tells. And remarks."""
    remarks = [remark for said in told for remark in said.remarks]
    fields = _fields(told) | fixed
    moment = _moment([said.moment for said in told if said.moment is not None], remarks)
    if moment is not None:
        fields["takenAt"] = written(moment.wall, moment.offset)
    fields |= _lists(told, remarks)
    record = _checked(fields, remarks)
    source = moment.source if moment is not None and record.utc_offset_minutes is not None else None
    burst = next((said.burst[:200] for said in told if said.burst), None)
    in_utc = moment is not None and moment.in_utc and record.taken_local is not None
    return msgspec.structs.replace(record, offset_source=source, burst_id=burst, taken_in_utc=in_utc), list(
        dict.fromkeys(remarks)
    )


def _fields(told: Sequence[SourceMetadata]) -> dict[str, Any]:
    """A position is taken whole from one source; of camera and exposure each part from the first that tells it."""
    fields: dict[str, Any] = {}
    for said in told:
        for name, value in said.fields.items():
            if name in _NESTED:
                fields[name] = value | fields.get(name, {})
            elif name not in _PLACE:
                fields.setdefault(name, value)
    place = next((said for said in told if "latitude" in said.fields), None)
    return fields | ({name: place.fields[name] for name in _PLACE if name in place.fields} if place else {})


def _moment(moments: Sequence[Moment], remarks: list[str]) -> Moment | None:
    """The most believed wall clock; where it has no offset, that of a source which tells the same time, or the instant."""
    instants = [m for m in moments if m.in_utc]
    clock = next((m for m in moments if not m.in_utc), None)
    if clock is None:
        return instants[0] if instants else None
    for instant in instants:
        apart_s = abs((datetime.fromisoformat(clock.wall) - datetime.fromisoformat(instant.wall)).total_seconds())
        if instant.source is OffsetSource.RECORD and apart_s > _A_DAY_S and clock.offset is None:
            remarks.append("its own clock and Takeout's time are more than a day apart: Takeout's was taken")
            return instant
    if clock.offset is not None:
        return clock
    for other in moments:
        if other.offset is not None and not other.in_utc and other.wall[:16] == clock.wall[:16]:
            return clock._replace(offset=other.offset, source=other.source)
    for instant in instants:
        offset = offset_between(datetime.fromisoformat(clock.wall), datetime.fromisoformat(instant.wall))
        if offset:  # zero is also what programs make of a wall clock whose zone they do not know
            return clock._replace(offset=offset, source=instant.source)
    return clock


def _lists(told: Sequence[SourceMetadata], remarks: list[str]) -> dict[str, Any]:
    words = _once([word for said in told for word in said.keywords], MAX_LABELS + MAX_KEYWORDS, "keywords", remarks)
    people = _once([name for said in told for name in said.people], MAX_PEOPLE, "people", remarks)
    albums = _once([key for said in told for key in said.albums], MAX_ALBUMS, "albums", remarks)
    found = {
        # Those that stand for a concept become labels, the rest keywords: `linking` knows which (DECISIONS 28).
        "labels": [{"key": word} for word in words[:MAX_LABELS]],
        "keywords": words[MAX_LABELS:],
        "people": [{"key": name, "name": name} for name in people],
        "albums": [{"key": key.partition("\0")[0], "title": key.partition("\0")[2] or None} for key in albums],
    }
    return {name: values for name, values in found.items() if values}


def _once(values: Sequence[str], most: int, what: str, remarks: list[str]) -> list[str]:
    unique = list(dict.fromkeys(value[: 2 * MAX_NAME + 1] for value in values if value))
    if len(unique) > most:
        remarks.append(f"it has more than {most} {what}: the rest was left out")
    return unique[:most]


def _checked(fields: dict[str, Any], remarks: list[str]) -> ImportRecord:
    """A value that no record may have costs itself only."""
    for _ in range(_TRIES):
        try:
            return read_record(fields)
        except BadRecord as bad:
            name = (bad.field or "").partition(".")[0].partition("[")[0]
            if name not in fields or name == "sourceId":
                raise BadFile(f"tells what cannot be: {bad}") from None
            del fields[name]
            remarks.append(f"its {bad}: it was left out")
    raise BadFile("tells too much that cannot be")
