"""Connects each port with an engine. Adapters are imported inside functions, so that only used ones are loaded."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from access.ids import Cursors, Ids
from access.signing import UrlSigner
from datasources import TABLES, Sources
from datasources.audit.chain import AuditKeys
from datasources.audit.port import AuditLog
from datasources.aws.stack import Stack
from datasources.data_folder import TABLES_FILE
from datasources.errors import Corrupt
from datasources.instrumentation.call_stats import Meter
from datasources.instrumentation.instrumented import instrumented
from datasources.keys.port import KeyService
from datasources.locations.port import LocationService
from datasources.media.encrypted_blobs import Originals
from datasources.media.port import MediaStore
from datasources.non_table_stores import INDEX_ENTRY, KEYS_ENTRY, MEDIA_ENTRY, RESULTS_ENTRY
from datasources.search.port import PhotoIndex
from datasources.tables.access_log import AccessLog
from datasources.tables.albums import Albums
from datasources.tables.changes import ChangeFeed
from datasources.tables.customers import Customers
from datasources.tables.documents import PersistedDocuments
from datasources.tables.grants import Grants
from datasources.tables.idempotency import IdempotencyKeys
from datasources.tables.invitations import Invitations
from datasources.tables.jobs import Jobs
from datasources.tables.keys import KeyRing
from datasources.tables.people import People
from datasources.tables.photos import PHOTOS, Photos
from datasources.tables.pictures import Pictures
from datasources.tables.record_versions import upgrade_if_older
from datasources.tables.store import ItemStore
from datasources.tables.support_tickets import SupportTickets
from datasources.tables.zones import Zones
from datasources.translations.port import Translator
from datasources.vendors import ExternalServices, RemoteLocations
from datasources.versions import UPGRADES, Upgrades

if TYPE_CHECKING:
    from datasources.keys.kms import KmsKeyService
    from datasources.media.s3 import S3MediaStore
    from datasources.search.opensearch.indices import Indices
    from datasources.search.opensearch.transport import Cluster
    from datasources.tables.dynamodb.store import DynamoTables


def now_ms() -> int:
    """The clock: milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class _Engines:
    """The engines of a stack; all other sources are created from them."""

    store: ItemStore
    feed: ChangeFeed
    key_service: KeyService
    ring: KeyRing
    index: PhotoIndex
    media: MediaStore
    results: MediaStore
    audit: AuditLog
    held: AsyncExitStack
    meter: Meter


async def embedded(
    data: Path,
    *,
    index: PhotoIndex | None = None,
    around_store: Callable[[ItemStore], ItemStore] = lambda store: store,
    upgrades: Upgrades = UPGRADES,
) -> Sources:
    """The embedded engines in a prepared folder, without servers: SQLite, tantivy, the packed gazetteer, a key file.

    One process at a time may do so (`folder.IndexLock`); others give an `index` of their own, `ReadOnlyIndexStub`.
    `around_store` may put something between us and the tables.
    """
    from datasources.keys.file import FileKeyService
    from datasources.media.files import FileMediaStore
    from datasources.tables.sqlite.store import SqliteTables

    meter = Meter()
    key_service = instrumented(KeyService, FileKeyService(data / KEYS_ENTRY), meter)
    tables = SqliteTables.open(data / TABLES_FILE, TABLES, clock=time.time, upgrades=upgrades)
    items = instrumented(ItemStore, around_store(tables.items), meter)
    await upgrade_if_older(items, TABLES, upgrades)
    ring = KeyRing(items, key_service)
    secret = await ring.installation_secret("ids")
    media = FileMediaStore(data / MEDIA_ENTRY)
    engines = _Engines(
        store=items,
        feed=tables.feed,
        key_service=key_service,
        ring=ring,
        index=index or open_index(data),
        media=media,
        results=FileMediaStore(data / RESULTS_ENTRY),
        audit=await _audit_file(data, ring),
        held=AsyncExitStack(),
        meter=meter,
    )
    return _sources(engines, secret, data)


async def _audit_file(data: Path, ring: KeyRing) -> AuditLog:
    """The audit log of a folder. Its keyed chain begins once, which a secret in the tables records."""
    from datasources.audit.file import FileAuditLog

    log = FileAuditLog(data, AuditKeys.of(await ring.installation_secret("audit")), now_ms)
    if not await ring.has_installation_secret("audit-begun"):
        await log.begin()
        await ring.installation_secret("audit-begun")
    return log


def with_vendors(sources: Sources, vendors: ExternalServices) -> Sources:
    """The sources with the configured vendors; connections are opened by the first call."""
    if vendors.translator is not None:
        from datasources.translations.amazon import AmazonTranslator

        translator = AmazonTranslator(vendors.translator, now_s=time.monotonic, random=random.random)
        sources.connections.push_async_callback(translator.close)
        sources = replace(sources, translator=translator)
    if isinstance(vendors.locations, RemoteLocations):
        from datasources.locations.http import remote_locations

        elsewhere = remote_locations(vendors.locations)
        sources.connections.push_async_callback(elsewhere.close)
        sources = replace(sources, locations=elsewhere)
    elif vendors.locations is not None:
        from datasources.locations.amazon import AmazonLocations

        amazon = AmazonLocations(sources.locations, vendors.locations)
        sources.connections.push_async_callback(amazon.close)
        sources = replace(sources, locations=amazon)
    places, machine = sources.locations, sources.translator
    return replace(
        sources,
        locations=instrumented(LocationService, places, sources.meter),
        translator=instrumented(Translator, machine, sources.meter),
    )


def gazetteer_of(data: Path | None) -> LocationService:
    """The gazetteer in this process: the one imported into the folder, else the built-in one."""
    from datasources.locations.gazetteer import Gazetteer
    from datasources.locations.hot_reload import ReloadingGazetteer

    return Gazetteer.open() if data is None else ReloadingGazetteer(data)


def open_index(data: Path) -> PhotoIndex:
    """The index of a folder; the caller holds its lock."""
    from datasources.search.tantivy.index import TantivyIndex

    return TantivyIndex.open(data / INDEX_ENTRY)


async def real(stack: Stack, places: Path | None = None) -> Sources:
    """The production engines DynamoDB, KMS, S3 and OpenSearch, already provisioned. For any number of processes.

    `places` is the folder where an imported gazetteer may stand; without one, the one that comes with the program serves.
    """
    from datasources.audit.s3 import S3AuditLog
    from datasources.media.s3 import RESULTS, S3MediaStore
    from datasources.search.opensearch.index import OpenSearchIndex

    async with AsyncExitStack() as held:
        tables, service, media = await _opened(stack, held)
        meter = Meter()
        items, key_service = instrumented(ItemStore, tables.items, meter), instrumented(KeyService, service, meter)
        await upgrade_if_older(items, TABLES, UPGRADES)
        ring = KeyRing(items, key_service, region=stack.region)
        secret = await ring.installation_secret("ids")
        tables.sign(await ring.installation_secret("pages"))
        access, keys = stack.access(stack.s3_url), AuditKeys.of(await ring.installation_secret("audit"))
        engines = _Engines(
            store=items,
            feed=tables.feed,
            key_service=key_service,
            ring=ring,
            index=OpenSearchIndex.connect(_cluster(stack), stack.index),
            media=media,
            results=await S3MediaStore.open(access, stack.bucket, prefix=RESULTS),
            audit=await S3AuditLog.open(access, stack.audit_bucket, keys, now_ms),
            held=held.pop_all(),
            meter=meter,
        )
        return _sources(engines, secret, places)


async def _opened(stack: Stack, held: AsyncExitStack) -> tuple[DynamoTables, KmsKeyService, S3MediaStore]:
    from datasources.keys.kms import KmsKeyService
    from datasources.media.s3 import S3MediaStore
    from datasources.tables.dynamodb.store import DynamoTables

    access, policy = stack.access(stack.dynamodb_url), stack.retry_policy
    tables = await DynamoTables.open(access, TABLES, prefix=stack.prefix, clock=time.time, retry_policy=policy)
    held.push_async_callback(tables.close)
    service = await KmsKeyService.open(stack.access(stack.kms_url), stack.key_id, stack.retry_policy)
    held.push_async_callback(service.close)
    media = await S3MediaStore.open(stack.access(stack.s3_url), stack.bucket)
    held.push_async_callback(media.close)
    return tables, service, media


@dataclass(frozen=True, slots=True)
class Made:
    """What was created on local servers."""

    tables: bool
    only_index: bool
    """Whether only the index is new and must be filled from the tables."""
    forgotten: bool
    """Whether the local KMS had lost its keys, so that everything was created again."""


async def make_local(stack: Stack) -> Made:
    """Creates what is missing on local servers, and everything again if its keys are lost.

    The local KMS has its keys in memory, so a restart loses everything that was sealed under them.
    """
    from datasources.tables.dynamodb.schema import drop, make_missing

    assert stack.local
    async with AsyncExitStack() as held:
        tables, service, media = await _opened(stack, held)
        indices = _indices(stack, held)
        await service.make_key()
        made = stack.prefix + PHOTOS.name in await make_missing(tables.calls, TABLES, stack.prefix)
        forgotten = False
        try:
            await KeyRing(tables.items, service, region=stack.region).installation_secret("ids")
        except Corrupt:
            forgotten = True
            await drop(tables.calls, TABLES, stack.prefix)
            await make_missing(tables.calls, TABLES, stack.prefix)
        await media.make_bucket()
        await _make_audit_bucket(stack)
        fresh = await indices.prepare()
        if (made or forgotten) and not fresh:
            # Documents of photos that are no more would be found and then be missing.
            await indices.create_second()
            await indices.swap_aliases()
            await indices.drop()
        return Made(made or forgotten, fresh and not (made or forgotten), forgotten)


async def _make_audit_bucket(stack: Stack) -> None:
    """Creates the bucket as provisioning does, with object lock, which cannot be enabled later."""
    from datasources.aws.calls import AwsCalls
    from datasources.provisioning.buckets import BucketPlan
    from datasources.provisioning.desired_state import AUDIT
    from datasources.provisioning.steps import Skipped

    calls = await AwsCalls.open("audit", "s3", stack.access(stack.s3_url), stack.retry_policy)
    try:
        for step in (await BucketPlan(calls, stack.region, stack.audit_bucket, AUDIT).plan()).steps:
            with suppress(Skipped):
                await step.do()
    finally:
        await calls.close()


def indices_of(stack: Stack) -> Indices:
    """The indices of the stack, to create or exchange them. The caller closes the result."""
    from datasources.search.opensearch.indices import Indices

    return Indices.connect(_cluster(stack), stack.index)


def _indices(stack: Stack, held: AsyncExitStack) -> Indices:
    indices = indices_of(stack)
    held.push_async_callback(indices.close)
    return indices


def _cluster(stack: Stack) -> Cluster:
    from datasources.search.opensearch.transport import Cluster

    return Cluster(stack.search_url, stack.search_user, stack.search_password, stack.authorities)


def _sources(engines: _Engines, secret: bytes, places: Path | None) -> Sources:
    from datasources.translations.null_translator import NullTranslator
    from datasources.translations.tables import ConceptTables

    store, ring, ids, meter = engines.store, engines.ring, Ids(secret), engines.meter
    media = instrumented(MediaStore, engines.media, meter)
    return Sources(
        store=store,
        feed=engines.feed,
        key_service=engines.key_service,
        keys=ring,
        photos=Photos(store, ring),
        albums=Albums(store, ring),
        people=People(store, ring),
        customers=Customers(store, ring),
        grants=Grants(store, ring),
        invitations=Invitations(store),
        idempotency_keys=IdempotencyKeys(store),
        documents=PersistedDocuments(store, now_ms),
        tickets=SupportTickets(store, ring),
        zones=Zones(store, ring),
        access_log=AccessLog(store),
        jobs=Jobs(store),
        results=instrumented(MediaStore, engines.results, meter),
        audit=instrumented(AuditLog, engines.audit, meter),
        index=instrumented(PhotoIndex, engines.index, meter),
        locations=gazetteer_of(places),
        translations=ConceptTables.open(),
        translator=NullTranslator(),
        ids=ids,
        cursors=Cursors(secret),
        signer=UrlSigner(secret),
        media=media,
        originals=Originals(media, ring, ids.local_id),
        pictures=Pictures(store, ring),
        now_ms=now_ms,
        connections=engines.held,
        meter=meter,
    )
