"""Every source the house has, as one value: made by `wiring`, closed by the lifespan, handed to each request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from access.ids import Cursors, Ids
from access.signing import Signer
from datasources.audit.port import AuditLog
from datasources.instrumentation.call_stats import Meter
from datasources.keys.port import KeyService
from datasources.locations.port import LocationService
from datasources.media.encrypted_blobs import Originals
from datasources.media.port import MediaStore
from datasources.search.port import PhotoIndex
from datasources.tables.access_log import ACCESS_LOG, AccessLog
from datasources.tables.albums import ALBUMS, Albums
from datasources.tables.changes import ChangeFeed
from datasources.tables.customers import CUSTOMERS, Customers
from datasources.tables.documents import DOCUMENTS, PersistedDocuments
from datasources.tables.erasure_marks import ERASURE_MARKS
from datasources.tables.grants import GRANTS, Grants
from datasources.tables.idempotency import IDEMPOTENCY_KEYS, IdempotencyKeys
from datasources.tables.jobs import JOBS, Jobs
from datasources.tables.keys import KEYS, KeyRing
from datasources.tables.people import PEOPLE, People
from datasources.tables.photos import PHOTOS, Photos
from datasources.tables.pictures import PICTURES, Pictures
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
)
"""Every table, for engines that must make them first."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What resolvers and ingest work with. `now_ms` is the clock: milliseconds since 1970."""

    store: ItemStore
    feed: ChangeFeed
    key_service: KeyService
    keys: KeyRing
    photos: Photos
    albums: Albums
    people: People
    customers: Customers
    grants: Grants
    repeats: IdempotencyKeys
    jobs: Jobs
    results: MediaStore
    """Files of jobs, each job's under a name of its own (`resolvers.jobs.job_run.folder_of`)."""
    documents: PersistedDocuments
    tickets: SupportTickets
    zones: Zones
    readings: AccessLog
    audit: AuditLog
    index: PhotoIndex
    locations: LocationService
    translations: TranslationService
    translator: Translator
    ids: Ids
    cursors: Cursors
    signer: Signer
    media: MediaStore
    originals: Originals
    pictures: Pictures
    now_ms: Callable[[], int]
    caches: list[Callable[[str], Awaitable[int]]] = field(default_factory=list)
    """What of a customer is kept outside of the sources: each forgets one and says how many things that were."""
    held: AsyncExitStack = field(default_factory=AsyncExitStack)
    """Connections that several sources share."""
    meter: Meter = field(default_factory=Meter)
    """What was asked of them."""

    async def close(self) -> None:
        """Lets go of everything, what was opened last first."""
        await self.results.close()
        await self.audit.close()
        await self.media.close()
        await self.index.close()
        await self.store.close()
        await self.held.aclose()
