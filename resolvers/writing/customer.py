"""A customer's own settings: what others call them, languages, time zone, home zones."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace as changed

from access.zones import MAX_RADIUS_M, MAX_ZONES
from datasources.errors import SourceError
from datasources.tables.customers import CustomerRecord, HomeZone, Identity
from resolvers.context import Context
from resolvers.home_zones import reapply
from resolvers.writing import text_normalization
from resolvers.writing.mutation import MutationContext, mutate
from resolvers.writing.outcome import ABSENT, CHANGED, NOT_THERE, Absent, ErrorCode, Fault, FaultFound, Outcome, invalid, refused
from resolvers.writing.photo_writes import TRIES

MAX_LANGUAGES = 10
_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,7}", re.ASCII)
_FAR = 90.0, 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerValues:
    """Absent stays, null clears."""

    display_name: str | Absent | None = ABSENT
    languages: Sequence[str] | Absent | None = ABSENT
    time_zone: str | Absent | None = ABSENT
    home_zones: Sequence[HomeZone] | Absent | None = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCustomer:
    """New settings."""

    values: CustomerValues = field(default_factory=CustomerValues)
    client_mutation_id: str | None = None


async def update_customer(context: Context, given: UpdateCustomer) -> Outcome:
    """Changes the caller's own settings. New home zones hold at once; how finely the index knows follows in the background."""
    return await mutate(context, "updateCustomer", given, _update)


async def _update(desk: MutationContext, given: UpdateCustomer) -> Outcome:
    values = given.values
    name = (
        text_normalization.line(values.display_name, "set", "displayName")
        if isinstance(values.display_name, str)
        else values.display_name
    )
    zones = None if values.home_zones is ABSENT else _checked_zones(values.home_zones or ())
    for _ in range(TRIES):
        record = (await desk.sources.customers.raw([desk.owner])).get(desk.owner)
        if record is None:
            return refused(NOT_THERE)
        identity = None if name is ABSENT else await _renamed(desk, name)
        # Before the zones are written: nobody may meet new zones of which the photos do not know.
        zoning = None if zones is None else await desk.sources.zones.begin(desk.owner)
        saved = await desk.sources.customers.save(_settings(record, values), identity=identity, home_zones=zones)
        if saved is not None:
            if zoning is not None:
                await _soon(desk, desk.freshness.keep(reapply(desk.sources, desk.freshness, zoning)))
            return Outcome(node=desk.owner)
    return refused(CHANGED)


async def _soon(desk: MutationContext, work: asyncio.Task[None]) -> None:
    """Waits a bounded while; the work goes on, and what fails is taken up at the next start."""
    with suppress(TimeoutError, SourceError):
        async with asyncio.timeout(desk.freshness.follow_s):
            await asyncio.shield(work)


def _settings(record: CustomerRecord, values: CustomerValues) -> CustomerRecord:
    new = record
    if values.languages is not ABSENT:
        new = changed(new, languages=_languages(values.languages or ()))
    if values.time_zone is not ABSENT:
        new = changed(new, time_zone=None if values.time_zone is None else _time_zone(values.time_zone))
    return new


async def _renamed(desk: MutationContext, name: str | Absent | None) -> Identity:
    seen = (await desk.sources.customers.by_ids(desk.scope.mine(), [desk.owner])).get(desk.owner)
    if seen is None or seen.identity is None:
        raise FaultFound(NOT_THERE)
    return changed(seen.identity, display_name=name)


def _languages(given: Sequence[str]) -> tuple[str, ...]:
    if len(given) > MAX_LANGUAGES:
        raise FaultFound(Fault(ErrorCode.LIMIT, f"at most {MAX_LANGUAGES} languages"), "set", "languages")
    for at, tag in enumerate(given):
        if not _TAG.fullmatch(tag):
            raise FaultFound(invalid("is no BCP 47 tag"), "set", "languages", str(at))
    return tuple(dict.fromkeys(given))


def _time_zone(given: str) -> str:
    try:
        return ZoneInfo(given).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as e:  # a folder's name is an OSError
        raise FaultFound(invalid("is no IANA time zone"), "set", "timeZone") from e


def _checked_zones(given: Sequence[HomeZone]) -> tuple[HomeZone, ...]:
    if len(given) > MAX_ZONES:
        raise FaultFound(Fault(ErrorCode.LIMIT, f"at most {MAX_ZONES} home zones"), "set", "homeZones")
    for at, zone in enumerate(given):
        if not (abs(zone.latitude) <= _FAR[0] and abs(zone.longitude) <= _FAR[1]):
            raise FaultFound(invalid("degrees go from -90 to 90 north and -180 to 180 east"), "set", "homeZones", str(at))
        if not 0 < zone.radius_m <= MAX_RADIUS_M:
            raise FaultFound(
                invalid(f"goes from above 0 to {MAX_RADIUS_M:,.0f} metres"), "set", "homeZones", str(at), "radiusMeters"
            )
    return tuple(given)
