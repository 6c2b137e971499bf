"""Support tickets from the command line, written to the tables, so that a running server uses them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from access.policy import SUPPORT_CLASSES
from datasources import Sources
from datasources.tables.support_tickets import OPEN_MS, TicketRecord
from identity.data_folder_keys import open_sources
from identity.issuer import LocalIssuer
from settings import Settings, UnusableSettings


@dataclass(frozen=True, slots=True)
class TicketRequest:
    """A ticket to open: the customer, the ticket's number, the reason, the agent, and the classes of data."""

    customer: str
    number: str
    reason: str
    agent: str
    classes: tuple[str, ...]


async def open_ticket(settings: Settings, request: TicketRequest) -> str:
    """Opens a ticket and returns the agent's token; raises `UnusableSettings` if the request is invalid."""
    allowed = {c.value for c in SUPPORT_CLASSES}
    if not request.classes or not set(request.classes) <= allowed:
        raise UnusableSettings(f"A support ticket may only name these classes: {', '.join(sorted(allowed)).lower()}.")
    async with _opened(settings) as sources:
        owner, now = await _existing_customer(sources, request.customer), sources.now_ms()
        record = TicketRecord(
            owner=owner,
            number=request.number,
            agent=request.agent,
            version=0,
            classes=request.classes,
            opened_at_ms=now,
            closes_at_ms=now + OPEN_MS,
        )
        opened = await sources.tickets.open(record, request.reason)
    if opened is None:
        raise UnusableSettings(
            f"Ticket {request.number} is already open for this customer. Close it first or use another number."
        )
    issuer = LocalIssuer.support(settings.data, settings.audience, time.time)
    return issuer.supporter(request.agent, opened.of, until_s=opened.closes_at_ms / 1_000)


async def close_ticket(settings: Settings, customer: str, number: str) -> None:
    """Closes a ticket; raises `UnusableSettings` if it is not open."""
    async with _opened(settings) as sources:
        owner = await _existing_customer(sources, customer)
        if not await sources.tickets.close(owner, number, now_ms=sources.now_ms()):
            raise UnusableSettings(f"No ticket {number} is open for this customer.")


async def _existing_customer(sources: Sources, customer: str) -> str:
    owner = sources.ids.local_id("customer", customer)
    if owner not in await sources.customers.raw([owner]):
        raise UnusableSettings("There is no customer with this id. A customer exists after the first token or import.")
    return owner


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Sources]:
    sources = await open_sources(settings)
    try:
        yield sources
    finally:
        await sources.close()
