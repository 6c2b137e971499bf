"""JSON Lines and Parquet: each line or row is one result, invalid ones are rejected alone, and reading can be resumed."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.readers.jsonl import MAX_LINE
from ingest.readers.opening import open_reader
from ingest.readers.reading import ImportItem, ReadResult, RejectedItem, Unreadable


def lines(path: Path, content: bytes) -> list[ReadResult]:
    path.write_bytes(content)
    return list(open_reader(path).read())


def ids(results: list[ReadResult]) -> list[str | None]:
    return [result.record.source_id if isinstance(result, ImportItem) else None for result in results]


def line(source_id: str, **fields: Any) -> bytes:
    return json.dumps({"sourceId": source_id} | fields).encode()


def test_all_line_endings_are_accepted(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + line("a") + b"\r\n\r\n  \n" + line("b") + b"\n" + line("c")
    results = lines(tmp_path / "a.jsonl", content)
    assert ids(results) == ["a", "b", "c"]
    assert [result.where for result in results] == ["line 1", "line 4", "line 5"]
    assert results[-1].done == len(content) == open_reader(tmp_path / "a.jsonl").total


def test_an_invalid_line_does_not_affect_the_others(tmp_path: Path) -> None:
    content = b"\n".join([line("a"), b"{oops", b'{"sourceId":"\xff"}', line("b", rating=9), b"\x00" * 50, line("c")])
    results = lines(tmp_path / "a.jsonl", content)
    assert ids(results) == ["a", None, None, None, None, "c"]
    reasons = [result.reason for result in results if isinstance(result, RejectedItem)]
    assert reasons[1:3] == ["is not UTF-8", "rating expected int <= 5"]


def test_a_line_that_is_too_long_is_rejected(tmp_path: Path) -> None:
    huge = b'{"sourceId":"' + b"x" * (3 * MAX_LINE) + b'"}'
    results = lines(tmp_path / "a.jsonl", line("a") + b"\n" + huge + b"\n" + line("b") + b"\n" + huge)
    assert ids(results) == ["a", None, "b", None]
    again = list(open_reader(tmp_path / "a.jsonl").read(after=results[1].position))
    assert again == results[2:]


def test_a_truncated_last_line_is_reported_as_truncated(tmp_path: Path) -> None:
    results = lines(tmp_path / "a.jsonl", line("a") + b"\n" + line("b")[:-4])
    assert isinstance(results[1], RejectedItem)
    assert results[1].reason == "is the last line and truncated"


def test_an_empty_file_has_no_results(tmp_path: Path) -> None:
    assert lines(tmp_path / "a.jsonl", b"") == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300).filter(lambda b: not b.lstrip().startswith((b"[", b"\xef\xbb\xbf"))))
def test_any_bytes_can_be_read_and_resumed_anywhere(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.jsonl"
    path.write_bytes(b"{}\n" + content)
    reader = open_reader(path)
    results = list(reader.read())
    for index, result in enumerate(results):
        assert list(reader.read(after=result.position)) == results[index + 1 :]


@pytest.mark.parametrize("start", [b"[\n{}]", b"\xff\xfe{\x00", b"PK\x03\x04", b"\x1f\x8b\x08", b"\xff\xd8\xff\xe0", b"PAR1oops"])
def test_a_file_of_another_format_is_rejected(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "a").write_bytes(start)
    with pytest.raises(Unreadable):
        open_reader(tmp_path / "a")


def test_a_missing_path_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="cannot be opened"):
        open_reader(tmp_path / "nothing")


def test_the_fingerprint_changes_with_the_file(tmp_path: Path) -> None:
    lines(tmp_path / "a", line("a"))
    before = open_reader(tmp_path / "a").fingerprint
    assert open_reader(tmp_path / "a").fingerprint == before
    lines(tmp_path / "a", line("b") + b"\n")
    assert open_reader(tmp_path / "a").fingerprint != before


ROME = dt.timezone(dt.timedelta(hours=2))


def parquet(path: Path, table: pa.Table, **options: Any) -> list[ReadResult]:
    pq.write_table(table, path, **options)
    return list(open_reader(path).read())


def test_parquet_gives_the_same_records_as_json_lines(tmp_path: Path) -> None:
    row = {
        "sourceId": "a", "takenAt": "2024-05-01T10:00:00+02:00", "latitude": 41.9, "longitude": 12.5, "rating": 4,
        "camera": {"make": "Sony", "model": None}, "labels": [{"key": "dog", "confidence": 0.5}], "people": ["Ana"],
        "embedding": {"model": "m", "vector": [0.6, 0.8]}, "favorite": True, "caption": None,
    }  # fmt: skip
    [found] = parquet(tmp_path / "a.parquet", pa.Table.from_pylist([row]))
    [expected] = lines(tmp_path / "a.jsonl", json.dumps(row).encode())
    assert isinstance(found, ImportItem)
    assert isinstance(expected, ImportItem)
    assert found.record == expected.record


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parquet_times_with_and_without_a_zone(tmp_path: Path, unit: str) -> None:
    wall = dt.datetime(2024, 5, 1, 10, 0, 0)  # noqa: DTZ001
    for zone, value, expected in (
        (None, wall, ("2024-05-01T10:00:00", None)),
        ("UTC", wall.replace(tzinfo=dt.UTC), ("2024-05-01T10:00:00", 0)),
        ("Europe/Rome", wall.replace(tzinfo=ROME), ("2024-05-01T10:00:00", 120)),
    ):
        column = pa.array([value], pa.timestamp(unit, zone))
        [found] = parquet(tmp_path / "a", pa.table({"sourceId": ["a"], "takenAt": column}))
        assert isinstance(found, ImportItem)
        assert (found.record.taken_local, found.record.utc_offset_minutes) == expected


def test_parquet_nanoseconds_decimals_and_integral_floats(tmp_path: Path) -> None:
    table = pa.table(
        {
            "sourceId": pa.array(["a"]).dictionary_encode(),
            "takenAt": pa.array([1_714_550_400_123_456_789], pa.timestamp("ns")),
            "latitude": pa.array([Decimal("41.90")]),
            "longitude": pa.array([Decimal("12.50")]),
            "width": pa.array([4000.0]),
            "fileName": pa.array([b"a.jpg"]),
        }
    )
    [found] = parquet(tmp_path / "a", table)
    assert isinstance(found, ImportItem)
    assert (found.record.latitude, found.record.width, found.record.file_name) == (41.9, 4000, "a.jpg")
    assert found.record.taken_local == "2024-05-01T08:00:00"


def test_an_invalid_row_does_not_affect_the_others(tmp_path: Path) -> None:
    table = pa.table(
        {
            "sourceId": ["a", "b", None, "d", "e"],
            "takenAt": pa.array([0, 10**18, 0, 0, 0], pa.timestamp("us")),
            "rating": [1, 2, 3, 9, None],
        }
    )
    results = parquet(tmp_path / "a", table)
    assert ids(results) == ["a", None, None, None, "e"]
    assert [result.where for result in results][1] == "row 2"


def test_parquet_resumes_at_any_row_of_any_group(tmp_path: Path) -> None:
    table = pa.Table.from_pylist([{"sourceId": str(n)} for n in range(2_500)])
    results = parquet(tmp_path / "a", table, row_group_size=1_200)
    reader = open_reader(tmp_path / "a")
    assert ids(results) == [str(n) for n in range(2_500)]
    assert results[-1].done == reader.total
    for index in (0, 998, 999, 1_198, 1_199, 1_200, 2_499):
        assert list(reader.read(after=results[index].position)) == results[index + 1 :]


def test_a_damaged_row_group_is_one_rejection(tmp_path: Path) -> None:
    table = pa.Table.from_pylist([{"sourceId": f"photo-{n}"} for n in range(3_000)])
    parquet(tmp_path / "a", table, row_group_size=1_000, compression="snappy")
    content = bytearray((tmp_path / "a").read_bytes())
    start = pq.ParquetFile(tmp_path / "a").metadata.row_group(1).column(0).data_page_offset
    content[start : start + 400] = b"\xff" * 400
    (tmp_path / "a").write_bytes(content)
    results = list(open_reader(tmp_path / "a").read())
    rejected = [result for result in results if isinstance(result, RejectedItem)]
    assert len(rejected) == 1
    assert ids(results)[-1] == "photo-2999"
    assert len(results) >= 2_001


def test_parquet_without_source_id_or_truncated_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="sourceId"):
        parquet(tmp_path / "a", pa.table({"id": ["a"]}))
    parquet(tmp_path / "b", pa.table({"sourceId": ["a"]}))
    (tmp_path / "b").write_bytes((tmp_path / "b").read_bytes()[:-20])
    with pytest.raises(Unreadable):
        open_reader(tmp_path / "b")


def test_unknown_columns_are_reported_and_not_read(tmp_path: Path) -> None:
    pq.write_table(pa.table({"sourceId": ["a"], "colour": ["red"]}), tmp_path / "a")
    assert open_reader(tmp_path / "a").unknown.names == ["colour"]
