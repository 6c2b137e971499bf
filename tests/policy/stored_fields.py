"""Every stored value of a world by field, and the fields in which two worlds need not differ."""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping

import msgspec

from access.policy import OWNER_VISIBILITY
from access.scope import Scope
from access.viewer import Viewer, ViewerKind
from datasources import Sources, tables
from datasources.tables.albums import AlbumKey
from datasources.tables.customers import HomeZone
from datasources.tables.people import PersonKey
from tests.policy.library import ALBUMS, PEOPLE
from tests.policy.worlds import local

Values = dict[str, dict[object, object]]
"""Values by `Struct.field` and record."""

KEYS = "the record is found by it, so both worlds must have the same"
SHARED: Mapping[str, str] = {
    **{f"{record}.owner": KEYS for record in ("PhotoRecord", "AlbumRecord", "PersonRecord", "GrantRecord")},
    **{f"{record}.id": KEYS for record in ("PhotoRecord", "AlbumRecord", "PersonRecord", "CustomerRecord")},
    "GrantRecord.album": KEYS,
    "GrantRecord.grantee": KEYS,
    "GrantRecord.accepted_at_ms": "only the owner of the share reads it",
    "GrantRecord.version": "a grant is written once",
    "PhotoRecord.version": "a photo is written once; the field is visible to everyone who sees the photo",
    "AlbumRecord.version": "an album is written once, and the version is not in the schema",
    "PersonRecord.version": "a person is written once, and the version is not in the schema",
    "CustomerRecord.version": "a customer is written twice, and the version is not in the schema",
    "PhotoRecord.changed_at_ms": "the time of the write, set by the clock; not in the schema",
    "PhotoRecord.deleted": "a tombstone has no values; worlds differ in which photos exist instead",
    "AlbumRecord.deleted": "a tombstone has no values",
    "GrantRecord.sealed_secret": "a link's secret; test_matrix checks that nobody but the owner reads `Share.url`",
    "Embedding.model": "the name of the embedding model of an installation",
}  # fmt: skip
"""Fields that are the same in both worlds, each with the reason."""

SEALED = "sealed"
"""The field with the ciphertext, which differs always; the decrypted values are compared instead."""

SEALED_TEXTS = frozenset({"AlbumRecord title", "PersonRecord name"})
"""Values that are encrypted without a structure of their own."""

OWNER_ONLY = "only its owner, starter or operators read it; test_matrix looks for its canaries"
NOT_IN_WORLDS: Mapping[str, str] = {
    "AlbumKey": KEYS,
    "PersonKey": KEYS,
    "ReadingRecord": OWNER_ONLY,
    "TicketRecord": OWNER_ONLY,
    "JobRecord": OWNER_ONLY,
    "JobFile": OWNER_ONLY,
    "Lease": OWNER_ONLY,
    "RecordVersion": "the progress of an upgrade of stored records; it has no value of a customer",
    "Zoning": "the progress of home zones; it has no value of a customer",
    "DocumentRecord": "the safelist; it has no data of customers",
    "PictureRecord": "worlds have no files; test_matrix looks for the canaries of a picture",
    "Shown": "worlds have no files; test_matrix looks for the canaries of a picture",
    "Waiting": "worlds have no files",
    "InvitationRecord": "only its sender and its recipient read it; tests/requests/test_invitations.py checks what each of them sees",
    "Item": "the encoded form of the other records",
}
"""Structures of `datasources.tables` without values in the worlds, each with the reason."""


def structures() -> dict[str, type[msgspec.Struct]]:
    """Every public structure that the modules of `datasources.tables` define, by name."""
    found: dict[str, type[msgspec.Struct]] = {}
    for module in pkgutil.iter_modules(tables.__path__):
        for name, value in vars(importlib.import_module(f"{tables.__name__}.{module.name}")).items():
            ours = isinstance(value, type) and value.__module__.startswith(tables.__name__)
            if ours and issubclass(value, msgspec.Struct) and not name.startswith("_"):
                found[name] = value
    return found


def fields() -> set[str]:
    """`Struct.field` of every structure that the worlds fill."""
    stored = {f"{n}.{f}" for n, s in structures().items() if n not in NOT_IN_WORLDS for f in s.__struct_fields__ if f != SEALED}
    return stored | SEALED_TEXTS


async def stored_values(sources: Sources) -> Values:
    """Reads every value of a world, decrypted."""
    values: Values = defaultdict(dict)
    for owner in ALBUMS:
        async for key, value in _records(sources, owner):
            for name in (n for n in value.__struct_fields__ if n != SEALED):
                values[f"{type(value).__name__}.{name}"][key] = getattr(value, name)
        scope = _own(owner)
        for album in (await sources.albums.by_ids(scope, [AlbumKey(owner, local(owner, a)) for a in ALBUMS[owner]])).values():
            values["AlbumRecord title"][album.record.key] = album.title
        for person in (await sources.people.by_ids(scope, [PersonKey(owner, local(owner, p)) for p in PEOPLE[owner]])).values():
            values["PersonRecord name"][person.record.key] = person.name
    return values


def _own(owner: str) -> Scope:
    return Scope(Viewer(ViewerKind.CUSTOMER, owner, customer=owner), own=owner)


async def _records(sources: Sources, owner: str) -> AsyncIterator[tuple[object, msgspec.Struct]]:
    """Yields the records of an owner and their decrypted parts, each with a key."""
    for customer in (await sources.customers.by_ids(_own(owner), [owner])).values():
        yield owner, customer.record
        if customer.identity is not None:
            yield owner, customer.identity
    for i, circle in enumerate((await sources.zones.of({owner})).get(owner, ())):
        yield (owner, i), HomeZone(*circle)
    for album in (await sources.albums.raw([AlbumKey(owner, local(owner, a)) for a in ALBUMS[owner]])).values():
        yield album.key, album
    for person in (await sources.people.raw([PersonKey(owner, local(owner, p)) for p in PEOPLE[owner]])).values():
        yield person.key, person
    for grant in await sources.grants.of_albums(owner):
        yield grant.slot, grant
    photos, _ = await sources.photos.of_owner(owner)
    for key, photo in (await sources.photos.opened(photos, OWNER_VISIBILITY)).items():
        for value in (photo.record, photo.content, photo.coordinates, photo.embedding, *photo.record.labels):
            if value is not None:
                yield key, value


def differing(one: Values, other: Values) -> Iterator[str]:
    """The fields that have different values in a record that both worlds have."""
    for name in one.keys() & other.keys():
        if any(one[name][key] != other[name][key] for key in one[name].keys() & other[name].keys()):
            yield name
