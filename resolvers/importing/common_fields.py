"""Fields that import records and stored photos have in common.

A field with the same name in `ImportRecord` and in `PhotoRecord` or `Content` is imported and exported without further
code. The other fields are converted in `drafting` and `resolvers.exporting.lines`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from datasources.tables.photos import Content, PhotoRecord
from resolvers.importing.record_reading import WIRE_NAMES
from resolvers.importing.records import ImportRecord

_CONVERTED: Final = frozenset(
    {
        "albums", "favorite", "hidden", "keywords", "labels", "media_type", "offset_source", "people", "source_id",
        "taken_from_file_name", "taken_local",
    }
)  # fmt: skip
_UPDATED_BY_COPIES: Final = frozenset({"caption_language", "content_type", "file_size", "height", "recognized_text", "width"})
"""Properties of a file, which another copy of it may set again."""
_WIRE: Final = {f.name: f.encode_name for f in msgspec.structs.fields(ImportRecord)}
RECORD_FIELDS: Final = tuple(n for n in _WIRE if n in PhotoRecord.__struct_fields__ and n not in _CONVERTED)
CONTENT_FIELDS: Final = tuple(n for n in _WIRE if n in Content.__struct_fields__ and n not in _CONVERTED)


def given_values(record: ImportRecord, names: tuple[str, ...]) -> dict[str, Any]:
    """The values of an import record that are not None."""
    return {n: v for n in names if (v := getattr(record, n)) is not None}


def wire_values(photo: PhotoRecord, content: Content) -> Mapping[str, Any]:
    """The stored values by their names in JSON."""
    named = [*((n, photo) for n in RECORD_FIELDS), *((n, content) for n in CONTENT_FIELDS)]
    return {_WIRE[n]: getattr(of, n) for n, of in named if _WIRE[n] in WIRE_NAMES}


def stored_names(photo: PhotoRecord, content: Content) -> Iterator[str]:
    """The fields that another copy of the photo's file must not overwrite, because they are set."""
    for names, of in ((RECORD_FIELDS, photo), (CONTENT_FIELDS, content)):
        yield from (n for n in names if n not in _UPDATED_BY_COPIES and getattr(of, n) is not None)
