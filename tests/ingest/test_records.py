"""The import record: valid and invalid values, error messages, and the normal form."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.importing.record_reading import WIRE_NAMES, UnknownKeys, read_record, to_line, to_wire
from resolvers.importing.records import BadRecord, ImportRecord, MediaType, OffsetSource

FULL: dict[str, Any] = {
    "sourceId": "a1", "mediaType": "PHOTO", "fileName": "IMG_1.jpg", "takenAt": "2024-05-01T10:00:00+02:00",
    "takenFromFileName": True,
    "caption": "Ein schöner Tag\nam Meer", "captionLanguage": "de", "title": "Strand", "recognizedText": "EXIT", "latitude": 41.9,
    "longitude": 12.5, "altitudeMeters": 20, "placeId": "IT.07", "width": 4000, "height": 3000,
    "durationSeconds": 1.5, "contentType": "image/jpeg", "fileSize": 123,
    "camera": {"make": "Sony", "model": "A7", "lens": "35mm"},
    "exposure": {"iso": 100, "aperture": 2.8, "shutterSeconds": 0.01, "focalLengthMm": 35},
    "labels": [{"key": "beach", "confidence": 0.9}], "people": [{"key": "ana", "name": "Ana"}],
    "albums": [{"key": "trip", "title": "Trip"}], "keywords": ["sun"], "embedding": {"model": "m", "vector": [0.6, 0.8]},
    "favorite": True, "hidden": False, "rating": 4, "trashedAt": "2024-06-01T00:00:00Z",
}  # fmt: skip


def record(**fields: Any) -> ImportRecord:
    return read_record({"sourceId": "a"} | fields)


def error_of(**fields: Any) -> BadRecord:
    with pytest.raises(BadRecord) as caught:
        record(**fields)
    return caught.value


def test_the_documented_names_are_all_known() -> None:
    assert set(FULL) == WIRE_NAMES
    unknown = UnknownKeys()
    read_record(FULL, unknown)
    assert unknown.names == []


def test_a_full_record_round_trips_through_json() -> None:
    full = read_record(FULL)
    assert read_record(to_line(full)) == full
    assert to_wire(full)["takenAt"] == "2024-05-01T10:00:00+02:00"
    assert full.offset_source is OffsetSource.RECORD


def test_only_the_source_id_is_required() -> None:
    assert read_record(b'{"sourceId":"a"}') == ImportRecord(source_id="a")
    with pytest.raises(BadRecord, match="sourceId is missing"):
        read_record(b"{}")
    assert error_of(sourceId=" ").field == "sourceId"


def test_unknown_names_are_collected_once_up_to_a_limit() -> None:
    unknown = UnknownKeys()
    for number in range(300):
        read_record({"sourceId": "a", "foo": 1, "camera": {"colour": 2}, f"x{number}": 0, "\ud800": 1}, unknown)
    assert {"foo", "camera.colour"} <= set(unknown.names)
    assert len(unknown.names) == 100
    assert unknown.more
    assert read_record({"sourceId": "a", "takenLocal": "x", "offsetSource": "EXIF"}).taken_local is None


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("latitude", "41", "latitude"), ("latitude", 90.1, "latitude"), ("longitude", -180.5, "longitude"),
        ("latitude", math.nan, "latitude"), ("longitude", math.inf, "longitude"), ("altitudeMeters", 1e9, "altitudeMeters"),
        ("latitude", True, "latitude"), ("latitude", 10**400, "latitude"), ("rating", 0, "rating"), ("rating", 6, "rating"),
        ("rating", "4", "rating"), ("rating", 4.5, "rating"), ("width", 0, "width"), ("height", -1, "height"),
        ("favorite", "yes", "favorite"), ("favorite", 1, "favorite"), ("mediaType", "photo", "mediaType"),
        ("caption", "x" * 10_001, "caption"), ("caption", "a\x00b", "caption"), ("caption", "\ud83d", "caption"),
        ("caption", "\x9b31m", "caption"), ("caption", 5, "caption"), ("fileName", "a\nb", "fileName"),
        ("fileName", "x" * 501, "fileName"), ("sourceId", "a\x07", "sourceId"), ("sourceId", "x" * 1001, "sourceId"),
        ("captionLanguage", "deutsch, bitte", "captionLanguage"), ("contentType", "jpeg", "contentType"),
        ("placeId", "a b", "placeId"), ("recognizedText", "x" * 50_001, "recognizedText"), ("fileSize", -1, "fileSize"),
        ("durationSeconds", math.nan, "durationSeconds"), ("camera", "Sony", "camera"), ("camera", {"make": 5}, "camera.make"),
        ("exposure", {"aperture": math.nan}, "exposure.aperture"), ("exposure", {"iso": 0}, "exposure.iso"),
        ("labels", [{"key": "a", "confidence": 1.01}], "labels[0].confidence"), ("labels", ["beach"], "labels[0]"),
        ("labels", [{"key": "a", "confidence": math.nan}], "labels.confidence"), ("labels", {"key": "a"}, "labels"),
        ("labels", [{"key": ""}], "labels[0].key"), ("people", [{"name": "Ana"}], "people[0]"), ("people", [7], "people[0]"),
        ("people", [None], "people[0]"), ("people", [""], "people[0].key"), ("people", "Ana", "people"),
        ("people", [f"p{n}" for n in range(201)], "people"), ("labels", [{"key": f"l{n}"} for n in range(201)], "labels"),
        ("albums", [f"a{n}" for n in range(101)], "albums"), ("keywords", [f"k{n}" for n in range(501)], "keywords"),
        ("keywords", [5], "keywords[0]"), ("embedding", {"model": "m", "vector": []}, "embedding.vector"),
        ("embedding", {"model": "m", "vector": [0, 0]}, "embedding.vector"),
        ("embedding", {"model": "m", "vector": [1.0, math.inf]}, "embedding.vector"),
        ("embedding", {"model": "m", "vector": [10**400]}, "embedding.vector"),
        ("embedding", {"model": "m", "vector": ["1"]}, "embedding.vector"),
        ("embedding", {"model": "m", "vector": [0.1] * 4097}, "embedding.vector"), ("takenAt", 1714550400, "takenAt"),
        ("trashedAt", "yesterday", "trashedAt"), ("trashedAt", True, "trashedAt"),
    ],
)  # fmt: skip
def test_an_invalid_value_is_rejected_with_its_field(field: str, value: Any, where: str) -> None:
    pair = {"latitude": 1.0, "longitude": 1.0} if field in {"latitude", "longitude", "altitudeMeters"} else {}
    caught = error_of(**pair | {field: value})
    assert caught.field is not None
    assert caught.field.startswith(where), caught.field


def test_an_error_never_contains_the_value() -> None:
    for fields in ({"mediaType": "SECRET"}, {"caption": "SECRET\x00"}, {"takenAt": "SECRET"}, {"rating": "SECRET"}):
        assert "SECRET" not in str(error_of(**fields))


@pytest.mark.parametrize(
    ("text", "wall", "offset"),
    [
        ("2024-05-01T10:00:00+02:00", "2024-05-01T10:00:00", 120),
        ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00", 0),
        ("2024-05-01t10:00:00z", "2024-05-01T10:00:00", 0),
        ("2024-05-01 10:00:00-02:30", "2024-05-01T10:00:00", -150),
        ("2024-05-01T10:00:00.999999999+05:45", "2024-05-01T10:00:00", 345),
        ("2024-05-01T10:00:00", "2024-05-01T10:00:00", None),
        ("1000-01-01T00:00:00+18:00", "1000-01-01T00:00:00", 1_080),
        ("9999-12-31T23:59:59", "9999-12-31T23:59:59", None),
        ("2024-02-29T00:00:00", "2024-02-29T00:00:00", None),
    ],
)
def test_a_time_is_stored_as_local_time_and_offset(text: str, wall: str, offset: int | None) -> None:
    taken = record(takenAt=text)
    assert (taken.taken_local, taken.utc_offset_minutes) == (wall, offset)
    assert taken.offset_source == (None if offset is None else OffsetSource.RECORD)


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01", "2024-05-01T10:00", "2024-05-01T24:00:00", "2016-12-31T23:59:60Z", "2024-02-30T10:00:00",
        "2023-02-29T10:00:00", "0000-01-01T00:00:00", "10000-01-01T00:00:00", "2024-13-01T00:00:00",
        "2024-05-01T10:00:00+24:00", "2024-05-01T10:00:00+19:00", "2024-05-01T10:00:00+0200", "20240501T100000",
        "0001-01-01T00:00:00", "0001-01-01T00:00:00+02:00", "0999-12-31T23:59:59Z", "9999-12-31T23:00:00-02:00", "٢٠٢٤-05-01T10:00:00", "now", "1714550400",
    ],
)  # fmt: skip
def test_an_invalid_time_is_rejected(text: str) -> None:
    assert error_of(takenAt=text).field == "takenAt"


def test_a_trash_time_that_is_no_time_is_rejected() -> None:
    assert error_of(trashedAt="0001-01-01T00:00:00Z").field == "trashedAt"


def test_the_time_of_moving_to_the_trash_is_an_instant() -> None:
    assert record(trashedAt="2024-06-01T01:00:00+02:00").trashed_at == "2024-05-31T23:00:00Z"
    assert record(trashedAt="2024-06-01T01:00:00").trashed_at == "2024-06-01T01:00:00Z"


def test_the_position_0_0_is_no_location_and_an_incomplete_position_is_rejected() -> None:
    nowhere = record(latitude=0, longitude=0.0, altitudeMeters=3)
    assert (nowhere.latitude, nowhere.longitude, nowhere.altitude_meters) == (None, None, None)
    assert record(latitude=0, longitude=0.001).latitude == 0
    assert error_of(latitude=1).field == "latitude"
    assert error_of(longitude=1).field == "longitude"


def test_texts_are_normalized_to_nfc_and_stripped_and_empty_ones_are_absent() -> None:
    assert record(caption="  Cafe\u0301 ").caption == "Café"
    assert record(caption="   ").caption is None
    assert record(caption="a\n\tb").caption == "a\n\tb"
    assert record(camera={"make": "", "model": None}).camera is not None


def test_a_name_without_a_key_is_its_own_key_and_lists_have_each_key_once() -> None:
    found = record(
        people=["Ana", {"key": "Ana", "name": "other"}, {"key": "bob"}], albums=["Trip"], keywords=["a", "a", "", None]
    )
    assert [(p.key, p.name) for p in found.people] == [("Ana", "Ana"), ("bob", None)]
    assert [(a.key, a.title) for a in found.albums] == [("Trip", "Trip")]
    assert found.keywords == ("a",)
    assert record(labels=[{"key": "dog"}]).labels[0].confidence == 1


def test_null_is_the_same_as_absent() -> None:
    assert read_record(dict.fromkeys(FULL, None) | {"sourceId": "a"}) == ImportRecord(source_id="a")


@pytest.mark.parametrize(
    "line", [b"", b"[]", b'"a"', b"{", b"\xff", b"null", b"[" * 100_000, b'{"sourceId":' * 5_000, b'{"a":NaN}']
)
def test_a_line_that_is_not_an_object_is_rejected(line: bytes) -> None:
    with pytest.raises(BadRecord):
        read_record(line)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(WIRE_NAMES)), JSON, max_size=6))
def test_any_mapping_is_read_or_raises_bad_record(raw: dict[str, Any]) -> None:
    try:
        found = read_record({"sourceId": "a"} | raw)
    except BadRecord:
        return
    assert read_record(to_line(found)) == found


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_raise_bad_record(raw: bytes) -> None:
    with contextlib.suppress(BadRecord):
        assert read_record(raw).source_id


@settings(max_examples=200, deadline=None)
@given(st.builds(ImportRecord, source_id=st.just("a"), width=st.none() | st.integers(1, 1000), media_type=st.sampled_from(MediaType),
                 rating=st.none() | st.integers(1, 5), favorite=st.booleans()))  # fmt: skip
def test_a_written_record_is_read_again(built: ImportRecord) -> None:
    assert read_record(msgspec.json.encode(to_wire(built))) == built
