"""The demo library, written as any import is, with the settings and shares of its households."""

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
from datasources.tables.customers import Identity
from datasources.tables.grants import GrantRecord, link_grantee
from demo.library import DemoLibrary, DemoShare, Household, demo_library
from indexing.change_feed_consumer import IndexFollower
from indexing.progress import ProgressDisplay
from resolvers.importing.writer import Writer

_BATCH = 250
_FILE = "demo.json"


class DemoCustomer(msgspec.Struct, frozen=True):
    """One household, for the card."""

    external_id: str
    display_name: str
    photos: int


class DemoGuest(msgspec.Struct, frozen=True):
    """Whoever comes by the demo's link."""

    owner: str
    album: str
    grantee: str
    title: str


class Demo(msgspec.Struct, frozen=True):
    """What the folder holds of the demo; its file is written last, so it is there only when everything else is."""

    customers: tuple[DemoCustomer, ...]
    guest: DemoGuest


def loaded(data: Path) -> Demo | None:
    """The demo of a folder, if it was loaded to the end."""
    try:
        return msgspec.json.decode((data / _FILE).read_bytes(), type=Demo)
    except (OSError, msgspec.DecodeError):
        return None


def forget(data: Path) -> None:
    """What the folder says of libraries that are no more: the demo, and how far imports came."""
    (data / _FILE).unlink(missing_ok=True)
    shutil.rmtree(data / "imports", ignore_errors=True)


async def load_demo(sources: Sources, data: Path, screen: ProgressDisplay, library: DemoLibrary | None = None) -> Demo:
    """Loads the demo, or what is missing of it. The folder's index must be ours."""
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
    await follower.settle()
    customers = tuple(DemoCustomer(h.external_id, h.display_name, len(h.records)) for h in library.households)
    demo = Demo(customers, guests[0])
    write_whole(data / _FILE, msgspec.json.encode(demo).decode())
    screen.close()
    return demo


async def _load_household(
    sources: Sources, follower: IndexFollower, household: Household, screen: ProgressDisplay, progress: tuple[int, int]
) -> int:
    owner = sources.ids.local_id("customer", household.external_id)
    customer = await sources.customers.ensure(owner, household.external_id, now_ms=sources.now_ms())
    settings = msgspec.structs.replace(customer, languages=household.languages, time_zone=household.time_zone)
    await sources.customers.save(settings, identity=Identity(household.external_id, household.display_name))
    writer = Writer(sources, owner, drawn=True)
    records, (written, total) = iter(household.records), progress
    while batch := list(islice(records, _BATCH)):
        done = await writer.write(batch)
        newest = {d.written.key: d.written for d in done if d.written is not None}
        if newest:
            await follower.add(list(newest.values()))
        written += len(batch)
        screen.moved(written, written, total)
    return written


async def _share(sources: Sources, library: DemoLibrary, share: DemoShare) -> DemoGuest | None:
    """Gives the grant if it is not there; for a link, tells by which key its guests come."""
    owner = sources.ids.local_id("customer", share.owner)
    album = sources.ids.local_id("album", owner, share.album)
    secret = None if share.customer else secrets.token_urlsafe(24)
    grantee = sources.ids.local_id("customer", share.customer) if share.customer else link_grantee(secret or "")
    fresh = GrantRecord(
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
    known = await sources.grants.by_slot(owner, fresh.slot)
    grant = known or await sources.grants.save(fresh, secret=secret) or fresh
    return DemoGuest(owner, album, grant.grantee, _title(library, share)) if grant.by_link else None


def _title(library: DemoLibrary, share: DemoShare) -> str:
    albums: Sequence[str | None] = [
        a.title for h in library.households for r in h.records for a in r.albums if a.key == share.album
    ]
    return next((t for t in albums if t), share.album)


def _milliseconds(instant: str | None) -> int | None:
    return None if instant is None else round(datetime.fromisoformat(instant).timestamp() * 1_000)
