"""The columns of the embedded index, and a document laid out in them."""

from __future__ import annotations

import hashlib
import re
import struct
from typing import Any

import tantivy

from access.precision import LocationPrecision
from datasources.photo_key import PhotoKey
from datasources.search.analysis import folded_name, grams, stems, words
from datasources.search.columns import BROKEN, SortKey, keywords, numbers, points, sort_key
from datasources.search.conditions import Field, Kind
from datasources.search.port import Coordinates, PhotoDocument, Removal

ID = "id"
"""Owner and id as one raw text: the only term that deletes. By a term of a number, tantivy 0.27 deletes nothing."""
HOLDER = "holder"
"""Whose it is, of removals too; `owner` stands on photos only, so that no question finds a removal."""
ID_HIGH, ID_LOW, OWNER_NUMBER, VERSION = "id_high", "id_low", "owner_number", "version"
WORD, STEM = "word", "stem"
NAME_1, NAME_2, NAME_3 = "name_1", "name_2", "name_3"
"""Grams of the file's name by length; those of three keep their positions."""

LEVELS = tuple(level for level in LocationPrecision if level is not LocationPrecision.NONE)
_PHOTO_ID = re.compile("[0-9a-f]{32}")


def latitude(level: LocationPrecision) -> str:
    """The column of degrees north at a level."""
    return f"latitude_{level.name.lower()}"


def longitude(level: LocationPrecision) -> str:
    """The column of degrees east at a level."""
    return f"longitude_{level.name.lower()}"


def spot(level: LocationPrecision) -> str:
    """The column of a number that stands for the point at a level."""
    return f"spot_{level.name.lower()}"


def schema() -> tantivy.Schema:
    """Nothing is stored but columns: documents are never read back."""
    made = tantivy.SchemaBuilder()
    for name in (ID, HOLDER):
        made.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in (ID_HIGH, ID_LOW, OWNER_NUMBER, VERSION, *(key.value for key in SortKey)):
        made.add_unsigned_field(name, fast=True)
    for field in Field:
        if field.kind is Kind.KEYWORD:
            made.add_text_field(field.label, tokenizer_name="raw", index_option="basic", fast=True)
        elif field.kind is Kind.NUMBER:
            add = made.add_float_field if field in BROKEN else made.add_integer_field
            add(field.label, indexed=True, fast=True)
    for level in LEVELS:
        made.add_float_field(latitude(level), fast=True)
        made.add_float_field(longitude(level), fast=True)
        made.add_unsigned_field(spot(level), indexed=True, fast=True)
    for name, option in ((WORD, "position"), (STEM, "basic"), (NAME_1, "basic"), (NAME_2, "basic"), (NAME_3, "position")):
        made.add_text_field(name, tokenizer_name="whitespace", index_option=option)
    return made.build()


def id_text(key: PhotoKey) -> str:
    """The term of one photo."""
    return f"{key.owner}/{key.id}"


def owner_number(owner: str) -> int:
    """A number that stands for a customer among the few of one scope."""
    return int.from_bytes(hashlib.blake2b(owner.encode(), digest_size=8).digest())


def spot_number(point: Coordinates) -> int:
    """A number that stands for one point."""
    packed = struct.pack("<dd", point.latitude, point.longitude)
    return int.from_bytes(hashlib.blake2b(packed, digest_size=8).digest())


def row(entry: PhotoDocument | Removal) -> dict[str, Any]:
    """The columns of a photo, or of the mark that one is gone."""
    if not _PHOTO_ID.fullmatch(entry.key.id):
        raise ValueError("a photo's id has 32 hexadecimal characters")
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
    folded = folded_name(name) if name else ""
    if not folded:
        return {}
    return {
        NAME_1: " ".join(set(folded)),
        NAME_2: " ".join(set(grams(folded, 2))),
        NAME_3: " ".join(grams(folded, 3)),
    }
