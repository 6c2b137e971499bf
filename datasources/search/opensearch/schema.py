"""The OpenSearch mapping and the document of a photo. Terms are produced here, not by the analyzers of the engine."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from access.precision import LocationPrecision
from datasources.photo_key import PhotoKey
from datasources.search.analysis import fold_name, grams, stems, words
from datasources.search.columns import FRACTIONAL, SortKey, keywords, numbers, points, sort_key
from datasources.search.conditions import Field, Kind
from datasources.search.index_versions import index_versions
from datasources.search.port import DIMENSIONS, Embedding, PhotoDocument, Position, Removal
from datasources.search.unit_vectors import unit_vector
from datasources.sortkeys import key_text

HOLDER = "holder"
"""The owner of photos and tombstones. `owner` is set only on photos, so that no search matches a tombstone."""
WORD, STEM = "word", "stem"
NAME_1, NAME_2, NAME_3 = "name_1", "name_2", "name_3"
"""N-grams of the file name by length; trigrams are stored with positions."""
LEVELS = tuple(level for level in LocationPrecision if level is not LocationPrecision.NONE)
_ID = 32
_KEY = 16

MODEL = "vector_model"
"""The model of the vector; a photo has at most one."""

VERSIONS = "versions"
"""The key of `_meta` with the versions that an index was created with."""

_TERMS = {"type": "keyword", "doc_values": False}
_PHRASES = {"type": "text", "analyzer": "given", "norms": False, "index_options": "positions"}


def latitude(level: LocationPrecision) -> str:
    """The latitude field of a precision level."""
    return f"latitude_{level.name.lower()}"


def longitude(level: LocationPrecision) -> str:
    """The longitude field of a precision level."""
    return f"longitude_{level.name.lower()}"


def vector(size: int) -> str:
    """The field of vectors of this size."""
    return f"vector_{size}"


def _vectors(size: int) -> dict[str, Any]:
    # Always `lucene`: the other engines crash the node at the first write if their native library is missing.
    method = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil", "parameters": {"m": 16, "ef_construction": 128}}
    return {"type": "knn_vector", "dimension": size, "method": method}


def mapping() -> dict[str, Any]:
    """Strict and without `_source`: documents are never read back, and unknown fields are rejected."""
    fields: dict[str, Any] = {HOLDER: {"type": "keyword", "doc_values": False}}
    for field in Field:
        if field.kind is Kind.KEYWORD:
            fields[field.label] = {"type": "keyword"}
        elif field.kind is Kind.NUMBER:
            fields[field.label] = {"type": "double" if field in FRACTIONAL else "long"}
    # Sort key and id as one text: unique, exact (JSON turns 64-bit integers into floats), and usable in `search_after`.
    fields |= {key.value: {"type": "keyword"} for key in SortKey}
    fields |= {name(level): {"type": "double"} for level in LEVELS for name in (latitude, longitude)}
    fields |= {MODEL: {"type": "keyword", "doc_values": False}} | {vector(size): _vectors(size) for size in DIMENSIONS}
    fields |= dict.fromkeys((STEM, NAME_1, NAME_2), _TERMS) | dict.fromkeys((WORD, NAME_3), _PHRASES)
    return {
        "dynamic": "strict",
        "_meta": {VERSIONS: msgspec.to_builtins(index_versions())},
        "_source": {"enabled": False},
        "_routing": {"required": True},
        "properties": fields,
    }


def settings(*, shards: int, replicas: int | None) -> dict[str, Any]:
    """Index settings. Automatic refresh is off, because the port defines when writes become visible.

    `gc_deletes` is off: removals are stored as tombstone documents, and a remembered deletion would reject an erased
    document that a rebuild writes again.
    """
    made: dict[str, Any] = {
        "number_of_shards": shards,
        "knn": True,
        "refresh_interval": "-1",
        "gc_deletes": "-1",
        # An erasure must rewrite every segment with deleted documents; the default skips segments with less than 10 %.
        "merge.policy.expunge_deletes_allowed": "0",
        "translog.durability": "request",
        "analysis": {
            "tokenizer": {"given": {"type": "char_group", "tokenize_on_chars": [" "], "max_token_length": 512}},
            "analyzer": {"given": {"type": "custom", "tokenizer": "given"}},
        },
    }
    return made if replicas is None else made | {"number_of_replicas": replicas}


def routing(owner: str) -> str:
    """The routing value that puts all photos of a customer in one shard. A hash, because routing lists are comma-separated."""
    return hashlib.blake2b(owner.encode(), digest_size=8).hexdigest()


def document_id(key: PhotoKey) -> str:
    """Photo id and owner as one text, because photo ids are unique only per owner."""
    if len(key.id) != _ID or set(key.id) - set("0123456789abcdef"):
        raise ValueError("a photo id must have 32 hexadecimal characters")
    return key.id + key.owner


def key_of(found: str) -> PhotoKey:
    """The photo key of a document id."""
    return PhotoKey(found[_ID:], found[:_ID])


def position_of(sort: str, *, score: float = 0.0) -> Position:
    """The position of a hit from the value of its sort field."""
    return Position(score, int(sort[:_KEY], 16), sort[_KEY:])


def row(entry: PhotoDocument | Removal) -> dict[str, Any]:
    """The document of a photo or of a tombstone; a vector is a float32 array, which serializes to fewer digits."""
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
    folded = fold_name(name) if name else ""
    if not folded:
        return {}
    made = {NAME_1: sorted(set(folded)), NAME_2: sorted(set(grams(folded, 2))), NAME_3: " ".join(grams(folded, 3))}
    return {column: terms for column, terms in made.items() if terms}


def _vector(embedding: Embedding | None) -> dict[str, Any]:
    found = unit_vector(embedding)
    return {} if embedding is None or found is None else {MODEL: embedding.model, vector(len(found)): found}
