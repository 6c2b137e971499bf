"""Which engine stands behind each port. Adapters are imported here, late, so that only what is used is loaded."""

from __future__ import annotations

import random
import time
from pathlib import Path

from access.ids import Cursors, Ids
from access.signing import Signer
from datasources import TABLES, Sources
from datasources.media.originals import Originals
from datasources.search.port import PhotoIndex
from datasources.tables.albums import Albums
from datasources.tables.customers import Customers
from datasources.tables.grants import Grants
from datasources.tables.keys import KeyRing
from datasources.tables.people import People
from datasources.tables.photos import Photos
from datasources.tables.pictures import Pictures
from datasources.tables.repeats import Repeats
from datasources.tables.tickets import Tickets
from datasources.tables.zones import Zones
from datasources.translations.port import AmazonSettings, Translator


def now_ms() -> int:
    """The clock of the house: milliseconds since 1970."""
    return time.time_ns() // 1_000_000


async def embedded(data: Path, *, index: PhotoIndex | None = None, translator: Translator | None = None) -> Sources:
    """Everything in one prepared folder, no server: SQLite, tantivy, the packed gazetteer, a key file.

    One process at a time may do so (`folder.IndexLock`); others give an `index` of their own, `IndexElsewhere`.
    """
    from datasources.keys.file import FileKeyService
    from datasources.locations.gazetteer import Gazetteer
    from datasources.media.files import FileMediaStore
    from datasources.tables.sqlite import SqliteTables
    from datasources.translations.silent import NoTranslator
    from datasources.translations.tables import ConceptTables

    key_service = FileKeyService(data / "keys")
    tables = SqliteTables.open(data / "tables.sqlite", TABLES, clock=time.time)
    ring = KeyRing(tables.items, key_service)
    secret = await ring.installation_secret("ids")
    ids, media = Ids(secret), FileMediaStore(data / "media")
    return Sources(
        store=tables.items,
        feed=tables.feed,
        key_service=key_service,
        keys=ring,
        photos=Photos(tables.items, ring),
        albums=Albums(tables.items, ring),
        people=People(tables.items, ring),
        customers=Customers(tables.items, ring),
        grants=Grants(tables.items, ring),
        repeats=Repeats(tables.items),
        tickets=Tickets(tables.items, ring),
        zones=Zones(tables.items, ring),
        index=index or open_index(data),
        locations=Gazetteer.open(),
        translations=ConceptTables.open(),
        translator=translator or NoTranslator(),
        ids=ids,
        cursors=Cursors(secret),
        signer=Signer(secret),
        media=media,
        originals=Originals(media, ring, ids.local_id),
        pictures=Pictures(tables.items, ring),
        now_ms=now_ms,
    )


def open_index(data: Path) -> PhotoIndex:
    """The index of a folder, for whoever has its lock."""
    from datasources.search.tantivy import TantivyIndex

    return TantivyIndex.open(data / "index")


def amazon_translator(settings: AmazonSettings) -> Translator:
    """Amazon Translate; nothing is connected before it is first asked."""
    from datasources.translations.amazon import AmazonTranslator

    return AmazonTranslator(settings, now_s=time.monotonic, chance=random.random)
