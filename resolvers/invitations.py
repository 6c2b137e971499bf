"""Lists the unanswered invitations of a customer, newest first, with what they show of their senders."""

from __future__ import annotations

from dataclasses import dataclass

from access.policy import INVITATION_VISIBILITY
from datasources.search.port import Position
from datasources.tables.albums import AlbumKey, SeenAlbum
from datasources.tables.customers import SeenCustomer
from datasources.tables.invitations import InvitationRecord
from resolvers.context import Context
from resolvers.paging import CursorCodec, ListPage, page_request


@dataclass(frozen=True, slots=True)
class SeenInvitation:
    """An invitation, with its sender and its album as the recipient may see them."""

    record: InvitationRecord
    sender: SeenCustomer | None
    album: SeenAlbum | None


async def invitations_page(context: Context, *, first: int | None, after: str | None) -> ListPage[SeenInvitation]:
    """A page of the viewer's own invitations; raises `BadInput` and `StaleCursor`."""
    request = page_request(first=first, after=after)
    own, now_ms = context.viewer.customer, context.sources.now_ms()
    codec = CursorCodec(context.sources.cursors, context.viewer.key, ("invitations",), lambda: now_ms // 1_000)
    decoded = codec.read(request.cursor)
    before = None if decoded is None else decoded.id
    pending, limit = context.sources.invitations.pending, request.limit + 1
    found = [] if own is None else await pending(own, before=before, limit=limit, now_ms=now_ms)
    shown = found[: request.limit]
    seen = await _seen(context, [record for _, record in shown])
    items = [(codec.write(Position(0.0, 0, at)), invitation) for (at, _), invitation in zip(shown, seen, strict=True)]
    return ListPage(items, len(found) > request.limit, decoded is not None, len(items))


async def _seen(context: Context, records: list[InvitationRecord]) -> list[SeenInvitation]:
    """The senders and albums of a page: one batch each."""
    sources = context.sources
    senders = await sources.customers.of_invitations({r.owner for r in records}, INVITATION_VISIBILITY)
    albums = await sources.albums.of_invitations({AlbumKey(r.owner, r.album) for r in records}, INVITATION_VISIBILITY)
    return [SeenInvitation(r, senders.get(r.owner), albums.get(AlbumKey(r.owner, r.album))) for r in records]
