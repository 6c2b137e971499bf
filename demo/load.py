"""Loads the demo library into a data folder: photos by the importer, customer settings and shares."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec

from access.precision import LocationPrecision, TimePrecision
from datasources import Sources
from datasources.data_folder import write_whole
from datasources.photo_key import PhotoKey
from datasources.tables.customers import Identity
from datasources.tables.grants import GrantRecord, link_grantee
from demo.drawn_pictures import add_picture_rows, with_drawn_pictures
from demo.library import DemoLibrary, DemoShare, Household, demo_library
from indexing.change_feed_consumer import IndexFollower
from indexing.progress import ProgressDisplay
from resolvers.importing.records import ImportRecord
from resolvers.importing.writer import RecordWriter

_BATCH = 250
_FILE = "demo.json"


class DemoCustomer(msgspec.Struct, frozen=True):
    """A customer of the demo, one for each household."""

    external_id: str
    display_name: str
    photos: int


class DemoGuest(msgspec.Struct, frozen=True):
    """The guest of the demo's shared album, who has its link."""

    owner: str
    album: str
    grantee: str
    title: str


class Demo(msgspec.Struct, frozen=True):
    """The content of `demo.json`, which is written last, so that it exists only after a complete load."""

    customers: tuple[DemoCustomer, ...]
    guest: DemoGuest
    picture_rows: bool = False
    """Whether the photos have picture rows; earlier versions wrote none."""


def loaded(data: Path) -> Demo | None:
    """The demo of a data folder, or None if it was not loaded completely."""
    try:
        return msgspec.json.decode((data / _FILE).read_bytes(), type=Demo)
    except (OSError, msgspec.DecodeError):
        return None


def forget(data: Path) -> None:
    """Removes from the data folder the records of a deleted library: the demo, and the progress of imports."""
    (data / _FILE).unlink(missing_ok=True)
    shutil.rmtree(data / "imports", ignore_errors=True)


async def load_demo(sources: Sources, data: Path, screen: ProgressDisplay, library: DemoLibrary | None = None) -> Demo:
    """Loads the demo or continues an incomplete load. The index of the folder must be open for writing."""
    known = loaded(data)
    if known is not None:
        return known
    library = library or demo_library()
    follower = IndexFollower(sources)
    total = sum(len(h.records) for h in library.households)
    written = 0
    for household in library.households:
        written = await _load_household(sources, follower, household, screen, (written, total))
    guests = [g for share in library.shares if (g := await _share(sources, library, share)) is not None]
    await follower.catch_up()
    customers = tuple(DemoCustomer(h.external_id, h.display_name, len(h.records)) for h in library.households)
    demo = Demo(customers, guests[0], picture_rows=True)
    _write(data, demo)
    screen.close()
    return demo


async def with_demo(sources: Sources, data: Path) -> Sources:
    """The sources of a data folder; if it contains the demo, they draw the pictures of the demo when they are read."""
    demo = loaded(data)
    if demo is None:
        return sources
    if not demo.picture_rows:
        for household in demo_library().households:
            owner = sources.ids.local_id("customer", household.external_id)
            keys = [_key(sources, owner, record) for record in household.records]
            for start in range(0, len(keys), _BATCH):
                await add_picture_rows(sources, keys[start : start + _BATCH])
        _write(data, msgspec.structs.replace(demo, picture_rows=True))
    return with_drawn_pictures(sources)


def _write(data: Path, demo: Demo) -> None:
    write_whole(data / _FILE, msgspec.json.encode(demo).decode())


def _key(sources: Sources, owner: str, record: ImportRecord) -> PhotoKey:
    return PhotoKey(owner, sources.ids.local_id("photo", owner, record.source_id))


async def _load_household(
    sources: Sources, follower: IndexFollower, household: Household, screen: ProgressDisplay, progress: tuple[int, int]
) -> int:
    owner = sources.ids.local_id("customer", household.external_id)
    customer = await sources.customers.ensure(owner, household.external_id, now_ms=sources.now_ms())
    settings = msgspec.structs.replace(customer, languages=household.languages, time_zone=household.time_zone)
    await sources.customers.save(settings, identity=Identity(household.external_id, household.display_name))
    writer = RecordWriter(sources, owner)
    records, (written, total) = iter(household.records), progress
    while batch := list(islice(records, _BATCH)):
        done = await writer.write(batch)
        newest = {d.written.key: d.written for d in done if d.written is not None}
        if newest:
            await follower.add(list(newest.values()))
        await add_picture_rows(sources, [writer.key_of(record) for record in batch])
        written += len(batch)
        screen.update(written, written, total)
    return written


async def _share(sources: Sources, library: DemoLibrary, share: DemoShare) -> DemoGuest | None:
    """Creates the grant if it does not exist; returns the guest of a link."""
    owner = sources.ids.local_id("customer", share.owner)
    album = sources.ids.local_id("album", owner, share.album)
    secret = None if share.customer else secrets.token_urlsafe(24)
    grantee = sources.ids.local_id("customer", share.customer) if share.customer else link_grantee(secret or "")
    new = GrantRecord(
        owner=owner,
        album=album,
        grantee=grantee,
        version=0,
        created_at_ms=sources.now_ms(),
        location=LocationPrecision[share.location].value,
        time=TimePrecision[share.time].value,
        originals=share.originals,
        expires_at_ms=_milliseconds(share.expires_at),
    )
    known = await sources.grants.by_slot(owner, new.slot)
    grant = known or await sources.grants.save(new, secret=secret) or new
    return DemoGuest(owner, album, grant.grantee, _title(library, share)) if grant.by_link else None


def _title(library: DemoLibrary, share: DemoShare) -> str:
    albums: Sequence[str | None] = [
        a.title for h in library.households for r in h.records for a in r.albums if a.key == share.album
    ]
    return next((t for t in albums if t), share.album)


def _milliseconds(instant: str | None) -> int | None:
    return None if instant is None else round(datetime.fromisoformat(instant).timestamp() * 1_000)
