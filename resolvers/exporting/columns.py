"""Encodes lines of photos as Parquet and Arrow. The columns are derived from the import record."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from resolvers.importing.record_reading import WIRE_NAMES
from resolvers.importing.records import ImportRecord

FILE_COLUMNS = ("original", "motion", "sidecar")
"""Columns with the file names in the archive."""
_TEXT_COLUMNS = (*FILE_COLUMNS, "stored")


def parquet(lines: Sequence[dict[str, Any]]) -> bytes:
    """One Parquet file; the column `stored` contains JSON."""
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(_table(lines), out, compression="zstd")
    return out.getvalue()


def arrow(lines: Sequence[dict[str, Any]]) -> bytes:
    """One Arrow IPC file with the same columns."""
    import pyarrow as pa

    out = io.BytesIO()
    table = _table(lines)
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def _table(lines: Sequence[dict[str, Any]]) -> Any:
    import pyarrow as pa

    rows = [{**line, "stored": json.dumps(line["stored"])} if "stored" in line else line for line in lines]
    return pa.Table.from_pylist(rows, schema=_schema())


@cache
def _schema() -> Any:
    import pyarrow as pa

    hints = get_type_hints(ImportRecord, include_extras=False)
    fields = {f.encode_name: hints[f.name] for f in msgspec.structs.fields(ImportRecord)}
    columns = [(name, _arrow_type(of)) for name, of in fields.items() if name in WIRE_NAMES]
    return pa.schema([*columns, ("takenAt", pa.string()), *((name, pa.string()) for name in _TEXT_COLUMNS)])


def _arrow_type(of: Any) -> Any:
    import pyarrow as pa

    origin = get_origin(of)
    if origin is Annotated:
        return _arrow_type(get_args(of)[0])
    if origin in (Union, UnionType):
        return _arrow_type(next(a for a in get_args(of) if a is not type(None)))
    if origin is tuple:
        return pa.list_(_arrow_type(get_args(of)[0]))
    if isinstance(of, type) and issubclass(of, msgspec.Struct):
        hints = get_type_hints(of, include_extras=False)
        return pa.struct([(f.encode_name, _arrow_type(hints[f.name])) for f in msgspec.structs.fields(of)])
    return {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}.get(of, pa.string())
