"""Manifests of documents, as Relay's and Apollo's compilers write them, and their way to the safelist."""

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
from identity.data_folder_keys import open_beside
from settings import Settings, UnusableSettings

MOST_BYTES: Final = 32 * 1024 * 1024
_LONGEST_NAME: Final = 64
_LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True)
class Registered:
    """How many documents of a manifest were new, and how many known."""

    added: int
    known: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of a manifest."""

    id: str
    name: str
    text: str


def entries(content: bytes) -> list[Entry]:
    """The documents of a manifest; raises `UnusableSettings` where it is neither Relay's nor Apollo's."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as e:
        raise UnusableSettings("The manifest is not JSON.") from e
    if isinstance(found, dict) and found.get("format") == "apollo-persisted-query-manifest":
        if found.get("version") != 1 or not isinstance(found.get("operations"), list):
            raise UnusableSettings("Of Apollo's manifests only version 1 is known.")
        return [_entry(o.get("id"), o.get("name"), o.get("body")) if isinstance(o, dict) else _bad() for o in found["operations"]]
    if isinstance(found, dict) and found:
        return [_entry(document_id, None, text) for document_id, text in found.items()]
    raise UnusableSettings("A manifest is Relay's map of ids to texts, or Apollo's persisted query manifest.")


def _entry(document_id: Any, name: Any, text: Any) -> Entry:
    texts = isinstance(document_id, str) and isinstance(text, str) and isinstance(name, str | None)
    if not texts or not 0 < len(document_id) <= _LONGEST_ID or "#" in document_id:
        return _bad()
    return Entry(document_id.removeprefix("sha256:"), name or "", text)


def _bad() -> Entry:
    raise UnusableSettings("Every document of a manifest needs an id and a text.")


def _checked(entry: Entry, documents: DocumentCache[Any]) -> str:
    """The name of the document's operation; raises `UnusableSettings` where the schema does not take the document."""
    try:
        return documents.prepare(entry.text, trusted=True).name or entry.name or "(no name)"
    except RequestError as e:
        raise UnusableSettings(f"The document {entry.name or entry.id} cannot be served: {e.message}") from e


def _content(manifest: Path) -> bytes:
    try:
        if manifest.stat().st_size > MOST_BYTES:
            raise UnusableSettings(f"The manifest {manifest} is larger than {MOST_BYTES:,} bytes.")
        return manifest.read_bytes()
    except OSError as e:
        raise UnusableSettings(f"The manifest {manifest} cannot be read: {e.strerror}.") from e


async def add_manifest(settings: Settings, manifest: Path, client: str) -> Registered:
    """Registers a manifest; raises `UnusableSettings` before anything is registered where it cannot be."""
    from schema.build import build
    from serving.limits import trusted_of

    if not client.isprintable() or not 0 < len(client) <= _LONGEST_NAME or "#" in client:
        raise UnusableSettings("A client's name is a short text.")
    found, schema = entries(_content(manifest)), build()
    documents: DocumentCache[Any] = DocumentCache(
        schema.graphql_schema,
        classify=schema.classify,
        trusted=trusted_of(settings),
        pricing=schema.pricing,
        most_cost=settings.max_cost,
    )
    names = {entry.id: _checked(entry, documents) for entry in found}
    async with _safelist(settings) as (safelist, now):
        records = [DocumentRecord(e.id, client, names[e.id], e.text, now) for e in found]
        added = await safelist.add(records)
        # Clients that send texts, or hashes by Apollo's protocol, know a document by its hash whatever the manifest says.
        await safelist.add([DocumentRecord(hash_of(e.text), client, names[e.id], e.text, now) for e in found])
    return Registered(added, len(found) - added)


async def listed(settings: Settings, client: str | None) -> list[DocumentRecord]:
    """Every document, of one client where it is told."""
    async with _safelist(settings) as (safelist, _):
        return await safelist.all(client)


async def retired(settings: Settings, client: str | None, document_id: str | None) -> int:
    """Takes documents out of use; how many."""
    wanted = None if document_id is None else document_id.removeprefix("sha256:")
    async with _safelist(settings) as (safelist, _):
        return await safelist.retire(client=client, document_id=wanted)


@asynccontextmanager
async def _safelist(settings: Settings) -> AsyncIterator[tuple[PersistedDocuments, int]]:
    """The safelist of a data folder, beside a running server too."""
    sources = await open_beside(settings)
    try:
        yield sources.documents, sources.now_ms()
    finally:
        await sources.close()
