"""Adds the documents of manifests, which the compilers of Relay and Apollo write, to the safelist."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from datasources.tables.documents import DocumentRecord, PersistedDocuments, hash_of
from execution.document_cache import DocumentCache
from execution.errors import RequestError
from identity.data_folder_keys import open_sources
from settings import Settings, UnusableSettings

MAX_BYTES: Final = 32 * 1024 * 1024
_MAX_NAME_LENGTH: Final = 64
_MAX_ID_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Registered:
    """The numbers of new and of already known documents of a manifest."""

    added: int
    known: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of a manifest."""

    id: str
    name: str
    text: str


def entries(content: bytes) -> list[Entry]:
    """The documents of a manifest of Relay or Apollo; raises `UnusableSettings` for other content."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as e:
        raise UnusableSettings("The manifest is not valid JSON: give the file that the compiler wrote.") from e
    if isinstance(found, dict) and found.get("format") == "apollo-persisted-query-manifest":
        if found.get("version") != 1 or not isinstance(found.get("operations"), list):
            raise UnusableSettings("The version of Apollo's manifest is not supported: version 1 is.")
        return [
            _entry(o.get("id"), o.get("name"), o.get("body")) if isinstance(o, dict) else _invalid() for o in found["operations"]
        ]
    if isinstance(found, dict) and found:
        return [_entry(document_id, None, text) for document_id, text in found.items()]
    raise UnusableSettings(
        "The file is not a manifest: give Relay's map of ids to documents, or Apollo's persisted query manifest."
    )


def _entry(document_id: Any, name: Any, text: Any) -> Entry:
    texts = isinstance(document_id, str) and isinstance(text, str) and isinstance(name, str | None)
    if not texts or not 0 < len(document_id) <= _MAX_ID_LENGTH or "#" in document_id:
        return _invalid()
    return Entry(document_id.removeprefix("sha256:"), name or "", text)


def _invalid() -> Entry:
    raise UnusableSettings("A document of the manifest has no valid id or text: every document needs both.")


def _operation_name(entry: Entry, documents: DocumentCache[Any]) -> str:
    """The name of the document's operation; raises `UnusableSettings` if the document is invalid."""
    try:
        return documents.prepare(entry.text, trusted=True).name or entry.name or "(no name)"
    except RequestError as e:
        raise UnusableSettings(f"The document {entry.name or entry.id} is invalid: {e.message}") from e


def _content(manifest: Path) -> bytes:
    try:
        if manifest.stat().st_size > MAX_BYTES:
            raise UnusableSettings(f"The manifest {manifest} is larger than the limit of {MAX_BYTES:,} bytes: split it.")
        return manifest.read_bytes()
    except OSError as e:
        raise UnusableSettings(f"The manifest {manifest} cannot be read: {e.strerror}.") from e


async def add_manifest(settings: Settings, manifest: Path, client: str) -> Registered:
    """Adds a manifest; raises `UnusableSettings` before any document is added if one of them is invalid."""
    from schema.build import build
    from serving.limits import persisted_limits_of

    if not client.isprintable() or not 0 < len(client) <= _MAX_NAME_LENGTH or "#" in client:
        raise UnusableSettings("The client's name must have 1 to 64 printable characters without #.")
    found, schema = entries(_content(manifest)), build()
    documents: DocumentCache[Any] = DocumentCache(
        schema.graphql_schema,
        classify=schema.classify,
        trusted_limits=persisted_limits_of(settings),
        pricing=schema.pricing,
        max_cost=settings.max_cost,
    )
    names = {entry.id: _operation_name(entry, documents) for entry in found}
    async with _safelist(settings) as (safelist, now):
        records = [DocumentRecord(e.id, client, names[e.id], e.text, now) for e in found]
        added = await safelist.add(records)
        # Clients that send documents, or hashes by Apollo's protocol, need the hash as an id too.
        await safelist.add([DocumentRecord(hash_of(e.text), client, names[e.id], e.text, now) for e in found])
    return Registered(added, len(found) - added)


async def listed(settings: Settings, client: str | None) -> list[DocumentRecord]:
    """All documents, or those of one client."""
    async with _safelist(settings) as (safelist, _):
        return await safelist.all(client)


async def retired(settings: Settings, client: str | None, document_id: str | None) -> int:
    """Retires documents; returns how many."""
    bare_id = None if document_id is None else document_id.removeprefix("sha256:")
    async with _safelist(settings) as (safelist, _):
        return await safelist.retire(client=client, document_id=bare_id)


@asynccontextmanager
async def _safelist(settings: Settings) -> AsyncIterator[tuple[PersistedDocuments, int]]:
    """The safelist, and the time in milliseconds. A server may run at the same time."""
    sources = await open_sources(settings)
    try:
        yield sources.documents, sources.now_ms()
    finally:
        await sources.close()
