"""Reads Parquet in batches. Columns have the wire names of the import record; nested values are structs and lists."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.readers.reading import ImportItem, ImportReader, ReadResult, RejectedItem, Unreadable
from resolvers.importing.record_reading import WIRE_NAMES, read_record
from resolvers.importing.records import BadRecord

_BATCH_ROWS = 1_000
# Integers which pandas stores as floats if the column has missing values.
_INTEGERS = frozenset({"rating", "width", "height", "fileSize", "iso"})


class ParquetReader(ImportReader):
    """Reads a Parquet file. A damaged row group is one rejection, and reading continues with the next one."""

    def __init__(self, path: Path) -> None:
        status = path.stat()
        try:
            self._file = pq.ParquetFile(path, buffer_size=1 << 20)
        except (pa.ArrowException, OSError) as error:
            raise Unreadable(f"{path.name} is not a Parquet file, or is damaged") from error
        shape = hashlib.sha256(f"{self._file.metadata.num_rows}/{self._file.schema_arrow}".encode()).hexdigest()
        super().__init__(total=status.st_size, fingerprint=f"{status.st_size}-{status.st_mtime_ns}-{shape}")
        self._rows: int = self._file.metadata.num_rows
        names = self._file.schema_arrow.names
        self._columns = [name for name in names if name in WIRE_NAMES]
        for name in names:
            if name not in WIRE_NAMES:
                self.unknown.add(name)
        if "sourceId" not in self._columns:
            raise Unreadable(f"{path.name} has no column `sourceId`")

    def read(self, after: str | None = None) -> Iterator[ReadResult]:
        """See `ImportReader`. A position is the number of rows before it."""
        skipped = int(after or 0)
        first = 0
        for group in range(self._file.metadata.num_row_groups):
            rows = self._file.metadata.row_group(group).num_rows
            if first + rows > skipped:
                yield from self._group(group, first, skipped)
            first += rows

    def _group(self, group: int, first: int, skipped: int) -> Iterator[ReadResult]:
        row = first
        rows = self._file.metadata.row_group(group).num_rows
        try:
            for batch in self._file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=self._columns):
                if row + batch.num_rows > skipped:
                    start = max(skipped - row, 0)
                    yield from self._batch(batch.slice(start), row + start)
                row += batch.num_rows
        except (pa.ArrowException, OSError):
            where = f"rows {row + 1} to {first + rows}"
            yield RejectedItem(str(first + rows), "cannot be read: the file is damaged there", where, self._done(first + rows))

    def _batch(self, batch: Any, first: int) -> Iterator[ReadResult]:
        batch = _to_microseconds(batch)
        try:
            rows = batch.to_pylist()
        except (ValueError, OverflowError, pa.ArrowException):
            # Rows are converted separately, so that a value out of range (the year 30,000) rejects only its own row.
            rows = [_one(batch.slice(index, 1)) for index in range(batch.num_rows)]
        for number, row in enumerate(rows, first + 1):
            yield self._result(row, number)

    def _result(self, row: dict[str, Any] | None, number: int) -> ReadResult:
        position, where = str(number), f"row {number}"
        if row is None:
            return RejectedItem(position, "has a date or number that is out of range", where, self._done(number))
        try:
            plain = {name: _value(name, value) for name, value in row.items()}
            return ImportItem(position, read_record(plain, self.unknown), where, self._done(number))
        except BadRecord as bad:
            return RejectedItem(position, str(bad), where, self._done(number))

    def _done(self, rows: int) -> int:
        return self.total * rows // max(self._rows, 1)


def _one(batch: Any) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = batch.to_pylist()[0]
    except (ValueError, OverflowError, pa.ArrowException):
        return None
    return found


def _to_microseconds(batch: Any) -> Any:
    """Converts timestamps from nanoseconds, which `datetime` does not support; records have seconds."""
    for index, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            column = batch.column(index).cast(pa.timestamp("us", field.type.tz), safe=False)
            batch = batch.set_column(index, field.name, column)
    return batch


def _value(name: str, value: Any) -> Any:  # noqa: PLR0911  (one guard for each kind of column)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        raise BadRecord("is a date without a time", name)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise BadRecord("is not UTF-8", name) from None
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and name in _INTEGERS and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return value if value and isinstance(value[0], float) else [_value(name, member) for member in value]
    if isinstance(value, dict):
        return {key: _value(key, member) for key, member in value.items()}
    return value
