"""Support's tickets by the command line: opened and closed in the tables, so they work beside a running server."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from access.policy import SUPPORTABLE
from datasources import Sources
from datasources.tables.support_tickets import OPEN_MS, TicketRecord
from identity.data_folder_keys import open_beside
from identity.issuer import LocalIssuer
from settings import Settings, UnusableSettings


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose data, under which number, why, for whom, and which classes."""

    customer: str
    number: str
    reason: str
    agent: str
    classes: tuple[str, ...]


async def open_ticket(settings: Settings, wanted: Wanted) -> str:
    """Opens it and gives support's token; raises `UnusableSettings` where it must not be."""
    most = {c.value for c in SUPPORTABLE}
    if not wanted.classes or not set(wanted.classes) <= most:
        raise UnusableSettings(f"Support may be given these classes: {', '.join(sorted(most)).lower()}.")
    async with _opened(settings) as sources:
        owner, now = await _known(sources, wanted.customer), sources.now_ms()
        record = TicketRecord(
            owner=owner,
            number=wanted.number,
            agent=wanted.agent,
            version=0,
            classes=wanted.classes,
            opened_at_ms=now,
            closes_at_ms=now + OPEN_MS,
        )
        opened = await sources.tickets.open(record, wanted.reason)
    if opened is None:
        raise UnusableSettings(f"Ticket {wanted.number} is open already for this customer.")
    issuer = LocalIssuer.support(settings.data, settings.audience, time.time)
    return issuer.supporter(wanted.agent, opened.of, until_s=opened.closes_at_ms / 1_000)


async def close_ticket(settings: Settings, customer: str, number: str) -> None:
    """Closes it; raises `UnusableSettings` where none is open."""
    async with _opened(settings) as sources:
        owner = await _known(sources, customer)
        if not await sources.tickets.close(owner, number, now_ms=sources.now_ms()):
            raise UnusableSettings(f"No ticket {number} is open for this customer.")


async def _known(sources: Sources, customer: str) -> str:
    owner = sources.ids.local_id("customer", customer)
    if owner not in await sources.customers.raw([owner]):
        raise UnusableSettings("There is no such customer.")
    return owner


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Sources]:
    sources = await open_beside(settings)
    try:
        yield sources
    finally:
        await sources.close()
