"""The columns of the embedded index, and the document of a photo."""

from __future__ import annotations

import hashlib
import re
import struct
from typing import Any

import tantivy

from access.precision import LocationPrecision
from datasources.photo_key import PhotoKey
from datasources.search.analysis import fold_name, grams, stems, words
from datasources.search.columns import FRACTIONAL, SortKey, keywords, numbers, points, sort_key
from datasources.search.conditions import Field, Kind
from datasources.search.port import Coordinates, PhotoDocument, Removal

ID = "id"
"""Owner and id as one raw text, for deletions: tantivy 0.27 deletes nothing by a numeric term."""
HOLDER = "holder"
"""The owner of photos and tombstones. `owner` is set only on photos, so that no search matches a tombstone."""
ID_HIGH, ID_LOW, OWNER_NUMBER, VERSION = "id_high", "id_low", "owner_number", "version"
WORD, STEM = "word", "stem"
NAME_1, NAME_2, NAME_3 = "name_1", "name_2", "name_3"
"""N-grams of the file name by length; trigrams are stored with positions."""

LEVELS = tuple(level for level in LocationPrecision if level is not LocationPrecision.NONE)
_PHOTO_ID = re.compile("[0-9a-f]{32}")


def latitude(level: LocationPrecision) -> str:
    """The latitude column of a precision level."""
    return f"latitude_{level.name.lower()}"


def longitude(level: LocationPrecision) -> str:
    """The longitude column of a precision level."""
    return f"longitude_{level.name.lower()}"


def spot(level: LocationPrecision) -> str:
    """The column of the hash of the point at a precision level."""
    return f"spot_{level.name.lower()}"


def schema() -> tantivy.Schema:
    """The tantivy schema. Only columns and terms are stored: documents are never read back."""
    made = tantivy.SchemaBuilder()
    for name in (ID, HOLDER):
        made.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in (ID_HIGH, ID_LOW, OWNER_NUMBER, VERSION, *(key.value for key in SortKey)):
        made.add_unsigned_field(name, fast=True)
    for field in Field:
        if field.kind is Kind.KEYWORD:
            made.add_text_field(field.label, tokenizer_name="raw", index_option="basic", fast=True)
        elif field.kind is Kind.NUMBER:
            add = made.add_float_field if field in FRACTIONAL else made.add_integer_field
            add(field.label, indexed=True, fast=True)
    for level in LEVELS:
        made.add_float_field(latitude(level), fast=True)
        made.add_float_field(longitude(level), fast=True)
        made.add_unsigned_field(spot(level), indexed=True, fast=True)
    for name, option in ((WORD, "position"), (STEM, "basic"), (NAME_1, "basic"), (NAME_2, "basic"), (NAME_3, "position")):
        made.add_text_field(name, tokenizer_name="whitespace", index_option=option)
    return made.build()


def id_text(key: PhotoKey) -> str:
    """The `id` term of one photo."""
    return f"{key.owner}/{key.id}"


def owner_number(owner: str) -> int:
    """A 64-bit hash of an owner, which identifies it among the few of one scope."""
    return int.from_bytes(hashlib.blake2b(owner.encode(), digest_size=8).digest())


def spot_number(point: Coordinates) -> int:
    """A 64-bit hash of a point."""
    packed = struct.pack("<dd", point.latitude, point.longitude)
    return int.from_bytes(hashlib.blake2b(packed, digest_size=8).digest())


def row(entry: PhotoDocument | Removal) -> dict[str, Any]:
    """The columns of a photo or of a tombstone."""
    if not _PHOTO_ID.fullmatch(entry.key.id):
        raise ValueError("a photo id must have 32 hexadecimal characters")
    made: dict[str, Any] = {
        ID: id_text(entry.key),
        HOLDER: entry.key.owner,
        OWNER_NUMBER: owner_number(entry.key.owner),
        ID_HIGH: int(entry.key.id[:16], 16),
        ID_LOW: int(entry.key.id[16:], 16),
        VERSION: entry.version,
    }
    if isinstance(entry, PhotoDocument):
        made |= {field.label: list(values) for field, values in keywords(entry).items() if values}
        made |= {field.label: value for field, value in numbers(entry).items()}
        made |= {key.value: sort_key(entry, key) for key in SortKey}
        made |= _places(entry) | _texts(entry) | _names(entry.file_name)
    return made


def _places(document: PhotoDocument) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for level, point in points(document).items():
        made[latitude(level)], made[longitude(level)] = map(float, point)
        made[spot(level)] = spot_number(point)
    return made


def _texts(document: PhotoDocument) -> dict[str, Any]:
    found = words((*document.text, *document.keywords))
    if not found:
        return {}
    return {WORD: [" ".join(text) for text in found], STEM: " ".join(stems([word for text in found for word in text]))}


def _names(name: str | None) -> dict[str, Any]:
    folded = fold_name(name) if name else ""
    if not folded:
        return {}
    return {
        NAME_1: " ".join(set(folded)),
        NAME_2: " ".join(set(grams(folded, 2))),
        NAME_3: " ".join(grams(folded, 3)),
    }
