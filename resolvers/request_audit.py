"""At a request's end: who read what goes on record before it is told.

Reads of one's own data are noted and go on when the audit cannot be written, with an alarm. Everybody else's wait for the
record, and are not told without it (DECISIONS 27).
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping
from itertools import chain

from access.access_log import EVERYBODY, AccessLogEntry
from access.classes import DataClass
from access.policy import POLICY_VERSION, Relation
from access.viewer import Viewer, ViewerKind
from datasources import Sources
from datasources.audit.port import AuditRecord
from datasources.tables.access_log import ReadingRecord, digest
from resolvers.context import Context

Read = Mapping[tuple[str, Relation], AccessLogEntry]


async def put_on_record(context: Context, operation: str) -> None:
    """Records what the request read so far; raises `SourceError` where somebody else's reading could not be recorded."""
    read = context.readings.take()
    if not read:
        return
    others = {key: reading for key, reading in read.items() if key[1] is not Relation.OWNER}
    if not others:
        context.sources.audit.note(_record(context, operation, read))
        return
    rows = _rows(context, others)
    await context.sources.readings.add(rows)
    await context.sources.audit.append([_record(context, operation, read, rows=digest(rows))])


def _record(context: Context, operation: str, read: Read, *, rows: str | None = None) -> AuditRecord:
    viewer = context.viewer
    owners: dict[str, list[str]] = defaultdict(list)
    for owner, relation in read:
        owners[relation.value].append(owner if owner == EVERYBODY else hash_of(context.sources, owner))
    told = set(chain.from_iterable(reading.classes for reading in read.values()))
    return AuditRecord(
        at=context.sources.now_ms(),
        kind=viewer.kind.value,
        principal=_named(context.sources, viewer),
        purpose=viewer.purpose,
        owners={relation: tuple(sorted(hashes)) for relation, hashes in sorted(owners.items())},
        classes=tuple(c.value for c in DataClass if c in told),
        photos=sum(len(reading.photos) for reading in read.values()),
        operation=operation,
        policy=POLICY_VERSION,
        decision="PARTLY" if context.withheld else "ALLOWED",
        rows=rows,
    )


def _named(sources: Sources, viewer: Viewer) -> str:
    """Who it was, for good: customers by keyed hash alone, since the chain outlives them."""
    if viewer.ticket is not None:
        return f"SUPPORT:{hash_of(sources, viewer.ticket.owner)}:{viewer.ticket.slot}:{viewer.subject}"
    if viewer.kind is ViewerKind.SERVICE:
        return viewer.key
    return f"{viewer.kind.value}:{hash_of(sources, viewer.customer or viewer.key)}"


def hash_of(sources: Sources, owner: str) -> str:
    """By what a customer is known in the chain."""
    return sources.ids.local_id("audited", owner)


def _rows(context: Context, others: Read) -> list[ReadingRecord]:
    by_owner: dict[str, AccessLogEntry] = defaultdict(AccessLogEntry)
    # Counts over everybody single nobody out: they are in the chain, and in no customer's log.
    for (owner, _), reading in ((k, r) for k, r in others.items() if k[0] != EVERYBODY):
        by_owner[owner].classes.update(reading.classes)
        by_owner[owner].photos.update(reading.photos)
    now_ms, viewer = context.sources.now_ms(), context.viewer
    return [
        ReadingRecord(
            owner=owner,
            id=secrets.token_hex(6),
            at_ms=now_ms,
            kind=viewer.kind.value,
            principal=_principal(viewer),
            purpose=viewer.purpose,
            classes=tuple(c.value for c in DataClass if c in reading.classes),
            photos=len(reading.photos),
        )
        for owner, reading in sorted(by_owner.items())
    ]


def _principal(viewer: Viewer) -> str | None:
    match viewer.kind:
        case ViewerKind.CUSTOMER:
            return viewer.customer
        case ViewerKind.SUPPORT:
            return None if viewer.ticket is None else viewer.ticket.slot.partition("#")[2]
        case ViewerKind.SERVICE:
            return viewer.subject
        case ViewerKind.GUEST:
            return None
