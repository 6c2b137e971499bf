"""Every data source as one value: created by `wiring`, closed by the lifespan of the server, passed to each request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, fields
from typing import Final

from access.ids import Cursors, Ids
from access.signing import UrlSigner
from datasources.audit.port import AuditLog
from datasources.instrumentation.call_stats import Meter
from datasources.keys.port import KeyService
from datasources.locations.port import LocationService
from datasources.media.encrypted_blobs import Originals
from datasources.media.port import MediaStore
from datasources.non_table_stores import (
    AUDIT_LOG,
    CHANGE_FEED,
    JOB_RESULTS,
    ORIGINALS,
    OUTSIDE_SOURCES,
    RENDITION_CACHE,
    SEARCH_INDEX,
    UPGRADE_COPIES,
)
from datasources.search.port import PhotoIndex
from datasources.stored_data import declared_stores, no_stores, stores
from datasources.tables.access_log import ACCESS_LOG, AccessLog
from datasources.tables.albums import ALBUMS, Albums
from datasources.tables.changes import ChangeFeed
from datasources.tables.customers import CUSTOMERS, Customers
from datasources.tables.documents import DOCUMENTS, PersistedDocuments
from datasources.tables.erasure_marks import ERASURE_MARKS
from datasources.tables.grants import GRANTS, Grants
from datasources.tables.idempotency import IDEMPOTENCY_KEYS, IdempotencyKeys
from datasources.tables.invitations import INVITATIONS, Invitations
from datasources.tables.jobs import JOBS, Jobs
from datasources.tables.keys import KEYS, KeyRing
from datasources.tables.people import PEOPLE, People
from datasources.tables.photos import PHOTOS, Photos
from datasources.tables.pictures import PICTURES, Pictures
from datasources.tables.record_versions import VERSIONS
from datasources.tables.store import ItemStore
from datasources.tables.support_tickets import TICKETS, SupportTickets
from datasources.tables.zones import ZONINGS, Zones
from datasources.translations.port import TranslationService, Translator

TABLES = (
    PHOTOS,
    ALBUMS,
    PEOPLE,
    CUSTOMERS,
    GRANTS,
    KEYS,
    IDEMPOTENCY_KEYS,
    TICKETS,
    ZONINGS,
    PICTURES,
    JOBS,
    DOCUMENTS,
    ACCESS_LOG,
    ERASURE_MARKS,
    VERSIONS,
    INVITATIONS,
)
"""Every table; engines create them in this order."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Every data source. Each field declares the stores of customers' data behind it, or why it stores none.

    `now_ms` is the clock: milliseconds since 1970.
    """

    store: ItemStore = field(metadata=stores(*(table.stored for table in TABLES)))
    feed: ChangeFeed = field(metadata=stores(CHANGE_FEED))
    key_service: KeyService = field(metadata=no_stores("It wraps keys and stores none of a customer."))
    keys: KeyRing = field(metadata=stores(KEYS.stored, ERASURE_MARKS.stored))
    photos: Photos = field(metadata=stores(PHOTOS.stored))
    albums: Albums = field(metadata=stores(ALBUMS.stored))
    people: People = field(metadata=stores(PEOPLE.stored))
    customers: Customers = field(metadata=stores(CUSTOMERS.stored))
    grants: Grants = field(metadata=stores(GRANTS.stored))
    invitations: Invitations = field(metadata=stores(INVITATIONS.stored))
    idempotency_keys: IdempotencyKeys = field(metadata=stores(IDEMPOTENCY_KEYS.stored))
    jobs: Jobs = field(metadata=stores(JOBS.stored))
    results: MediaStore = field(metadata=stores(JOB_RESULTS))
    """Result files of jobs: a folder for each job (`resolvers.jobs.job_run.folder_of`)."""
    documents: PersistedDocuments = field(metadata=stores(DOCUMENTS.stored))
    tickets: SupportTickets = field(metadata=stores(TICKETS.stored))
    zones: Zones = field(metadata=stores(ZONINGS.stored, CUSTOMERS.stored))
    access_log: AccessLog = field(metadata=stores(ACCESS_LOG.stored))
    audit: AuditLog = field(metadata=stores(AUDIT_LOG))
    index: PhotoIndex = field(metadata=stores(SEARCH_INDEX))
    locations: LocationService = field(metadata=no_stores("It holds public geographic data."))
    translations: TranslationService = field(metadata=no_stores("It holds the names of labels."))
    translator: Translator = field(metadata=no_stores("A translation is returned and not stored."))
    ids: Ids = field(metadata=no_stores("It computes ids."))
    cursors: Cursors = field(metadata=no_stores("It signs cursors."))
    signer: UrlSigner = field(metadata=no_stores("It signs URLs."))
    media: MediaStore = field(metadata=stores(ORIGINALS))
    originals: Originals = field(metadata=stores(ORIGINALS))
    pictures: Pictures = field(metadata=stores(PICTURES.stored))
    now_ms: Callable[[], int] = field(metadata=no_stores("It is the clock."))
    caches: list[Callable[[str], Awaitable[int]]] = field(default_factory=list, metadata=stores(RENDITION_CACHE, UPGRADE_COPIES))
    """Each function removes a customer from one cache outside of the sources and returns the number of removed things."""
    connections: AsyncExitStack = field(default_factory=AsyncExitStack, metadata=no_stores("It closes shared connections."))
    meter: Meter = field(default_factory=Meter, metadata=no_stores("It counts calls without ids."))

    async def close(self) -> None:
        """Closes everything in reverse order of opening."""
        await self.results.close()
        await self.audit.close()
        await self.media.close()
        await self.index.close()
        await self.store.close()
        await self.connections.aclose()


STORES: Final = declared_stores(fields(Sources), OUTSIDE_SOURCES)
"""Every store of customers' data. The import fails where a field of `Sources` declares none."""
