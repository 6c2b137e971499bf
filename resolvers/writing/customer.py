"""The mutation of a customer's settings: display name, languages, time zone, home zones."""

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
from resolvers.writing.outcome import (
    ABSENT,
    MODIFIED,
    NOT_FOUND,
    Absent,
    ErrorCode,
    Fault,
    FaultError,
    Outcome,
    invalid,
    rejected,
)
from resolvers.writing.photo_writes import MAX_TRIES

MAX_LANGUAGES = 10
_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,7}", re.ASCII)
_MAX_DEGREES = 90.0, 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerValues:
    """New values: ABSENT keeps the stored value, None clears it."""

    display_name: str | Absent | None = ABSENT
    languages: Sequence[str] | Absent | None = ABSENT
    time_zone: str | Absent | None = ABSENT
    home_zones: Sequence[HomeZone] | Absent | None = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCustomer:
    """Input of `updateCustomer`."""

    values: CustomerValues = field(default_factory=CustomerValues)
    client_mutation_id: str | None = None


async def update_customer(context: Context, given: UpdateCustomer) -> Outcome:
    """Changes the viewer's settings. New home zones take effect at once; photos are updated in the background."""
    return await mutate(context, "updateCustomer", given, _update)


async def _update(mutation: MutationContext, given: UpdateCustomer) -> Outcome:
    values = given.values
    name = (
        text_normalization.line(values.display_name, "set", "displayName")
        if isinstance(values.display_name, str)
        else values.display_name
    )
    zones = None if values.home_zones is ABSENT else _checked_zones(values.home_zones or ())
    for _ in range(MAX_TRIES):
        record = (await mutation.sources.customers.raw([mutation.owner])).get(mutation.owner)
        if record is None:
            return rejected(NOT_FOUND)
        identity = None if name is ABSENT else await _with_name(mutation, name)
        # Before the zones are written, so that others see at most city precision until all photos are updated.
        zoning = None if zones is None else await mutation.sources.zones.begin(mutation.owner)
        saved = await mutation.sources.customers.save(_with_settings(record, values), identity=identity, home_zones=zones)
        if saved is not None:
            if zoning is not None:
                await _wait_briefly(
                    mutation, mutation.index_lag.run_in_background(reapply(mutation.sources, mutation.index_lag, zoning))
                )
            return Outcome(node=mutation.owner)
    return rejected(MODIFIED)


async def _wait_briefly(mutation: MutationContext, work: asyncio.Task[None]) -> None:
    """Waits up to `write_wait_s`; the task continues in the background, and a failed one resumes at the next start."""
    with suppress(TimeoutError, SourceError):
        async with asyncio.timeout(mutation.index_lag.write_wait_s):
            await asyncio.shield(work)


def _with_settings(record: CustomerRecord, values: CustomerValues) -> CustomerRecord:
    new = record
    if values.languages is not ABSENT:
        new = changed(new, languages=_languages(values.languages or ()))
    if values.time_zone is not ABSENT:
        new = changed(new, time_zone=None if values.time_zone is None else _time_zone(values.time_zone))
    return new


async def _with_name(mutation: MutationContext, name: str | Absent | None) -> Identity:
    seen = (await mutation.sources.customers.by_ids(mutation.scope.own_only(), [mutation.owner])).get(mutation.owner)
    if seen is None or seen.identity is None:
        raise FaultError(NOT_FOUND)
    return changed(seen.identity, display_name=name)


def _languages(given: Sequence[str]) -> tuple[str, ...]:
    if len(given) > MAX_LANGUAGES:
        raise FaultError(Fault(ErrorCode.LIMIT, f"At most {MAX_LANGUAGES} languages are allowed."), "set", "languages")
    for at, tag in enumerate(given):
        if not _TAG.fullmatch(tag):
            raise FaultError(invalid("must be a BCP 47 tag such as `pt-BR`"), "set", "languages", str(at))
    return tuple(dict.fromkeys(given))


def _time_zone(given: str) -> str:
    try:
        return ZoneInfo(given).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as e:  # the name of a folder raises OSError
        raise FaultError(invalid("must be an IANA time zone such as `Europe/Berlin`"), "set", "timeZone") from e


def _checked_zones(given: Sequence[HomeZone]) -> tuple[HomeZone, ...]:
    if len(given) > MAX_ZONES:
        raise FaultError(Fault(ErrorCode.LIMIT, f"At most {MAX_ZONES} home zones are allowed."), "set", "homeZones")
    for at, zone in enumerate(given):
        if not (abs(zone.latitude) <= _MAX_DEGREES[0] and abs(zone.longitude) <= _MAX_DEGREES[1]):
            raise FaultError(
                invalid("Latitude must be between -90 and 90, longitude between -180 and 180."), "set", "homeZones", str(at)
            )
        if not 0 < zone.radius_m <= MAX_RADIUS_M:
            raise FaultError(
                invalid(f"must be greater than 0 and at most {MAX_RADIUS_M:,.0f} metres"),
                "set",
                "homeZones",
                str(at),
                "radiusMeters",
            )
    return tuple(given)
