"""The fields of the index in OpenSearch, and a photo laid out in them. Terms are made here, not by the engine's analysers."""

from __future__ import annotations

import hashlib
from typing import Any

from access.precision import LocationPrecision
from datasources.photo_key import PhotoKey
from datasources.search.analysis import folded_name, grams, stems, words
from datasources.search.columns import BROKEN, SortKey, keywords, numbers, points, sort_key
from datasources.search.conditions import Field, Kind
from datasources.search.port import DIMENSIONS, Embedding, PhotoDocument, Position, Removal
from datasources.search.unit_vectors import direction
from datasources.sortkeys import key_text

HOLDER = "holder"
"""Whose it is, of removals too; `owner` stands on photos only, so that no question finds a removal."""
WORD, STEM = "word", "stem"
NAME_1, NAME_2, NAME_3 = "name_1", "name_2", "name_3"
"""Grams of the file's name by length; those of three keep their positions."""
LEVELS = tuple(level for level in LocationPrecision if level is not LocationPrecision.NONE)
_ID = 32
_KEY = 16

MODEL = "vector_model"
"""The model of the one vector that a photo may have."""

_TERMS = {"type": "keyword", "doc_values": False}
_ROW = {"type": "text", "analyzer": "given", "norms": False, "index_options": "positions"}


def latitude(level: LocationPrecision) -> str:
    """The field of degrees north at a level."""
    return f"latitude_{level.name.lower()}"


def longitude(level: LocationPrecision) -> str:
    """The field of degrees east at a level."""
    return f"longitude_{level.name.lower()}"


def vector(size: int) -> str:
    """The field of vectors of so many numbers."""
    return f"vector_{size}"


def _vectors(size: int) -> dict[str, Any]:
    # Always `lucene`: another engine ends the node at the first write where its native library is missing.
    method = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil", "parameters": {"m": 16, "ef_construction": 128}}
    return {"type": "knn_vector", "dimension": size, "method": method}


def mapping() -> dict[str, Any]:
    """Strict, without the source: documents are never read back, and what is not here is refused."""
    fields: dict[str, Any] = {HOLDER: {"type": "keyword", "doc_values": False}}
    for field in Field:
        if field.kind is Kind.KEYWORD:
            fields[field.label] = {"type": "keyword"}
        elif field.kind is Kind.NUMBER:
            fields[field.label] = {"type": "double" if field in BROKEN else "long"}
    # Key and id as one text: unique, exact (numbers of 64 bits pass through JSON as floats), and searched after as it is.
    fields |= {key.value: {"type": "keyword"} for key in SortKey}
    fields |= {name(level): {"type": "double"} for level in LEVELS for name in (latitude, longitude)}
    fields |= {MODEL: {"type": "keyword", "doc_values": False}} | {vector(size): _vectors(size) for size in DIMENSIONS}
    fields |= dict.fromkeys((STEM, NAME_1, NAME_2), _TERMS) | dict.fromkeys((WORD, NAME_3), _ROW)
    return {"dynamic": "strict", "_source": {"enabled": False}, "_routing": {"required": True}, "properties": fields}


def settings(*, shards: int, replicas: int | None) -> dict[str, Any]:
    """Of an index. Without refreshes of its own: what is visible when is said by the port.

    Deletions are forgotten at once: removals are documents, and what was erased may be written anew by a rebuild, which
    a remembered deletion would refuse as too old.
    """
    made: dict[str, Any] = {
        "number_of_shards": shards,
        "knn": True,
        "refresh_interval": "-1",
        "gc_deletes": "-1",
        # An erasure leaves no segment with a deleted document as it is: the default spares those with less than a tenth.
        "merge.policy.expunge_deletes_allowed": "0",
        "translog.durability": "request",
        "analysis": {
            "tokenizer": {"given": {"type": "char_group", "tokenize_on_chars": [" "], "max_token_length": 512}},
            "analyzer": {"given": {"type": "custom", "tokenizer": "given"}},
        },
    }
    return made if replicas is None else made | {"number_of_replicas": replicas}


def routing(owner: str) -> str:
    """Where a customer's photos lie: all in one shard. A hash, because routings are listed with commas between them."""
    return hashlib.blake2b(owner.encode(), digest_size=8).hexdigest()


def document_id(key: PhotoKey) -> str:
    """Id and owner as one text; two owners may have photos of one id."""
    if len(key.id) != _ID or set(key.id) - set("0123456789abcdef"):
        raise ValueError("a photo's id has 32 hexadecimal characters")
    return key.id + key.owner


def key_of(found: str) -> PhotoKey:
    """The photo of a document's id."""
    return PhotoKey(found[_ID:], found[:_ID])


def place_of(sort: str, *, score: float = 0.0) -> Position:
    """The position that a sort field tells."""
    return Position(score, int(sort[:_KEY], 16), sort[_KEY:])


def row(entry: PhotoDocument | Removal) -> dict[str, Any]:
    """The fields of a photo, or of the mark that one is gone; a vector as an array, which is written with short numbers."""
    made: dict[str, Any] = {HOLDER: entry.key.owner}
    if isinstance(entry, PhotoDocument):
        made |= {field.label: values for field, values in keywords(entry).items() if values}
        made |= {field.label: value for field, value in numbers(entry).items()}
        made |= {key.value: key_text(sort_key(entry, key), entry.key.id) for key in SortKey}
        for level, point in points(entry).items():
            made[latitude(level)], made[longitude(level)] = map(float, point)
        made |= _texts(entry) | _names(entry.file_name) | _vector(entry.embedding)
    return made


def _texts(document: PhotoDocument) -> dict[str, Any]:
    found = words((*document.text, *document.keywords))
    if not found:
        return {}
    return {WORD: [" ".join(text) for text in found], STEM: sorted(stems([word for text in found for word in text]))}


def _names(name: str | None) -> dict[str, Any]:
    folded = folded_name(name) if name else ""
    if not folded:
        return {}
    made = {NAME_1: sorted(set(folded)), NAME_2: sorted(set(grams(folded, 2))), NAME_3: " ".join(grams(folded, 3))}
    return {column: terms for column, terms in made.items() if terms}


def _vector(embedding: Embedding | None) -> dict[str, Any]:
    found = direction(embedding)
    return {} if embedding is None or found is None else {MODEL: embedding.model, vector(len(found)): found}
