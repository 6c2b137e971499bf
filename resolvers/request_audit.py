"""Writes the access log at the end of a request, before the response is sent.

If the audit log is unavailable, reads of the viewer's own data continue and a metric counts the missing record. Reads of
other owners' data fail, because nobody else may see personal data without a record of it.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping
from itertools import chain

from access.access_log import ALL_OWNERS, AccessLogEntry
from access.classes import DataClass
from access.policy import POLICY_VERSION, Relation
from access.viewer import Viewer, ViewerKind
from datasources import Sources
from datasources.audit.port import AuditRecord
from datasources.tables.access_log import ReadingRecord, digest
from resolvers.context import Context

Read = Mapping[tuple[str, Relation], AccessLogEntry]


async def record_reads(context: Context, operation: str) -> None:
    """Records what the request has read so far; raises `SourceError` if a read of another owner's data cannot be recorded."""
    read = context.access_log.take()
    if not read:
        return
    others = {key: entry for key, entry in read.items() if key[1] is not Relation.OWNER}
    if not others:
        context.sources.audit.append_later(_record(context, operation, read))
        return
    rows = _rows(context, others)
    await context.sources.access_log.add(rows)
    await context.sources.audit.append([_record(context, operation, read, rows=digest(rows))])


def _record(context: Context, operation: str, read: Read, *, rows: str | None = None) -> AuditRecord:
    viewer = context.viewer
    owners: dict[str, list[str]] = defaultdict(list)
    for owner, relation in read:
        owners[relation.value].append(owner if owner == ALL_OWNERS else owner_hash(context.sources, owner))
    classes = set(chain.from_iterable(entry.classes for entry in read.values()))
    return AuditRecord(
        at=context.sources.now_ms(),
        kind=viewer.kind.value,
        principal=_principal_key(context.sources, viewer),
        purpose=viewer.purpose,
        owners={relation: tuple(sorted(hashes)) for relation, hashes in sorted(owners.items())},
        classes=tuple(c.value for c in DataClass if c in classes),
        photos=sum(len(entry.photos) for entry in read.values()),
        operation=operation,
        policy=POLICY_VERSION,
        decision="PARTLY" if context.withheld else "ALLOWED",
        rows=rows,
    )


def _principal_key(sources: Sources, viewer: Viewer) -> str:
    """The reader's name in the audit log. Customers are keyed hashes only, because the log is kept after they are erased."""
    if viewer.ticket is not None:
        return f"SUPPORT:{owner_hash(sources, viewer.ticket.owner)}:{viewer.ticket.slot}:{viewer.subject}"
    if viewer.kind is ViewerKind.SERVICE:
        return viewer.key
    return f"{viewer.kind.value}:{owner_hash(sources, viewer.customer or viewer.key)}"


def owner_hash(sources: Sources, owner: str) -> str:
    """The name of a customer in the audit log: a keyed hash."""
    return sources.ids.local_id("audited", owner)


def _rows(context: Context, others: Read) -> list[ReadingRecord]:
    by_owner: dict[str, AccessLogEntry] = defaultdict(AccessLogEntry)
    # Counts over all customers concern no single customer: they are in the audit log only, not in customers' access logs.
    for (owner, _), entry in ((k, r) for k, r in others.items() if k[0] != ALL_OWNERS):
        by_owner[owner].classes.update(entry.classes)
        by_owner[owner].photos.update(entry.photos)
    now_ms, viewer = context.sources.now_ms(), context.viewer
    return [
        ReadingRecord(
            owner=owner,
            id=secrets.token_hex(6),
            at_ms=now_ms,
            kind=viewer.kind.value,
            principal=_principal(viewer),
            purpose=viewer.purpose,
            classes=tuple(c.value for c in DataClass if c in entry.classes),
            photos=len(entry.photos),
        )
        for owner, entry in sorted(by_owner.items())
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
