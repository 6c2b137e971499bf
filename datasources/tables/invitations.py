"""The table of invitations: shares to customers who have not accepted them. A scope is never made from them.

Accepting an invitation writes a grant and removes the invitation in one transaction. A declined invitation stays until it
expires, so that its sender cannot tell it from one that nobody answered, and cannot send it again meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from access.classes import DataClass
from datasources.errors import Conflict
from datasources.stored_data import Backup, Export, StoredData
from datasources.tables.erasure import by_partition_and_index
from datasources.tables.erasure_marks import unless_marked
from datasources.tables.grants import GRANTS, GrantRecord, grant_item
from datasources.tables.sealed_body import read_body
from datasources.tables.store import Item, ItemStore, Key, Put, Remove, Span, Table

INVITATIONS = Table(
    "invitations",
    indexes=("recipient",),
    expires=True,
    stored=StoredData(
        name="table invitations",
        holds="Shares of albums that the other customer has not accepted, for 30 days",
        classes=(DataClass.OPERATIONAL,),
        erased=by_partition_and_index("recipient", "The invitations that the customer sent, and those that the customer got."),
        exported=Export(("shares",)),
        backed_up=Backup.INCLUDED,
        proven=("tests/erasing/test_erase.py", "tests/requests/test_invitations.py"),
    ),
)
KEPT_MS = 30 * 86_400_000
"""The life of an invitation, counted from its creation; a change of the invitation does not extend it."""
_PENDING, _DECLINED = "pending#", "declined#"
_ENCODE = msgspec.msgpack.Encoder().encode


class InvitationRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An invitation: the share as it becomes when it is accepted. `recipient` may be an id that no customer has."""

    owner: str
    album: str
    recipient: str
    version: int
    created_at_ms: int
    location: int
    time: int
    originals: bool = False
    share_expires_at_ms: int | None = None
    declined: bool = False

    @property
    def slot(self) -> str:
        """The sort key: the recipient comes first, so that the invitations of one sender to one recipient are a range."""
        return f"{self.recipient}#{self.album}"

    @property
    def expires_at_ms(self) -> int:
        """The time after which it cannot be accepted."""
        end = self.created_at_ms + KEPT_MS
        return end if self.share_expires_at_ms is None else min(end, self.share_expires_at_ms)

    def grant(self, accepted_at_ms: int | None = None) -> GrantRecord:
        """The grant that accepting it creates."""
        return GrantRecord(
            owner=self.owner,
            album=self.album,
            grantee=self.recipient,
            version=0,
            created_at_ms=self.created_at_ms,
            location=self.location,
            time=self.time,
            originals=self.originals,
            expires_at_ms=self.share_expires_at_ms,
            accepted_at_ms=accepted_at_ms,
        )


_RECORD = msgspec.msgpack.Decoder(InvitationRecord)


class Invitations:
    """Reads invitations by sender and by recipient, and writes them."""

    def __init__(self, store: ItemStore) -> None:
        self._store = store

    async def of_sender(self, owner: str, recipient: str | None = None) -> Sequence[InvitationRecord]:
        """Every invitation of a sender, or those to one recipient; the number of both is limited when they are sent."""
        span = Span() if recipient is None else Span(start=f"{recipient}#", end=f"{recipient}$")
        found: list[InvitationRecord] = []
        after: str | None = None
        while True:
            page = await self._store.query(INVITATIONS, owner, span, limit=500, after=after)
            found += [read_body(_RECORD, item, INVITATIONS) for item in page.items]
            after = page.after
            if after is None:
                return found

    async def one(self, owner: str, recipient: str, album: str) -> InvitationRecord | None:
        """The invitation of a sender to a recipient for an album."""
        key = Key(owner, f"{recipient}#{album}")
        item = (await self._store.get_many(INVITATIONS, [key])).get(key)
        return None if item is None else read_body(_RECORD, item, INVITATIONS)

    async def pending(
        self, recipient: str, *, before: str | None, limit: int, now_ms: int
    ) -> Sequence[tuple[str, InvitationRecord]]:
        """The latest unanswered invitations of a recipient before a position, each with its position."""
        span = Span(start=_PENDING, end=before or f"{_PENDING[:-1]}$", descending=True)
        found: list[tuple[str, InvitationRecord]] = []
        after: str | None = None
        while len(found) < limit:
            page = await self._store.query_index(INVITATIONS, "recipient", recipient, span, limit=limit - len(found), after=after)
            # The index may lag behind the table: a removed or changed invitation is skipped.
            items = await self._store.get_many(INVITATIONS, [e.key for e in page.entries]) if page.entries else {}
            read = ((e.sort, items.get(e.key)) for e in page.entries)
            records = [(sort, read_body(_RECORD, item, INVITATIONS)) for sort, item in read if item is not None]
            found += [
                (sort, r) for sort, r in records if r.recipient == recipient and not r.declined and r.expires_at_ms > now_ms
            ]
            after = page.after
            if after is None:
                break
        return found

    async def save(self, record: InvitationRecord) -> InvitationRecord | None:
        """Writes the next version. Returns None if the stored version differs."""
        written = msgspec.structs.replace(record, version=record.version + 1)
        (done,) = await self._store.write_each([Put(INVITATIONS, _item(written), record.version)])
        return written if done else None

    async def accept(self, record: InvitationRecord, *, now_ms: int) -> GrantRecord | None:
        """Replaces an invitation by its grant. Returns None if it changed, or if a customer of it was erased."""
        grant = msgspec.structs.replace(record.grant(now_ms), version=1)
        writes = (
            Put(GRANTS, grant_item(grant), 0),
            Remove(INVITATIONS, Key(record.owner, record.slot), record.version),
            unless_marked(record.owner),
            unless_marked(record.recipient),
        )
        try:
            await self._store.transact(writes)
        except Conflict:
            return None
        return grant

    async def remove(self, records: Sequence[InvitationRecord]) -> None:
        """Removes invitations."""
        await self._store.write_each([Remove(INVITATIONS, Key(r.owner, r.slot), None) for r in records])


def _item(record: InvitationRecord) -> Item:
    state = _DECLINED if record.declined else _PENDING
    index = {"recipient": Key(record.recipient, f"{state}{record.created_at_ms:014d}#{record.owner}#{record.album}")}
    expires_at_s = -(-record.expires_at_ms // 1_000)
    return Item(Key(record.owner, record.slot), record.version, _ENCODE(record), index, expires_at_s)
