"""The mutations that share albums with customers or by link, and end shares."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace as changed

from access.precision import LocationPrecision, TimePrecision
from datasources.tables.grants import LINK, GrantRecord, link_grantee
from datasources.tables.invitations import InvitationRecord
from resolvers.context import Context
from resolvers.writing.mutation import MutationContext, mutate
from resolvers.writing.outcome import MODIFIED, NOT_FOUND, ErrorCode, Fault, FaultError, Outcome, UserError, invalid
from resolvers.writing.photo_writes import MAX_TRIES
from resolvers.writing.targets import decode_id, own_album, resolve_targets

MAX_SHARES = 500
MAX_INVITATIONS = 1_000
"""Of one sender to all recipients."""
MAX_INVITATIONS_TO_ONE = 50
"""Of one sender to one recipient. There is no limit per recipient, because strangers could then exclude friends."""
_SECRET_BYTES = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_TARGET = invalid("Give either a customer or `link: true`.")
_WITH_ONESELF = invalid("An album cannot be shared with its owner.")
_PAST = invalid("must be in the future")
_TOO_MANY_TO_ONE = Fault(
    ErrorCode.LIMIT,
    f"At most {MAX_INVITATIONS_TO_ONE} shares with one customer can wait for an answer. They expire after 30 days.",
)
_TOO_MANY = Fault(
    ErrorCode.LIMIT, f"At most {MAX_INVITATIONS:,} shares can wait for an answer. They expire after 30 days, or end some first."
)
_FULL = Fault(ErrorCode.LIMIT, f"An album can have at most {MAX_SHARES} shares. End a share first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareAlbum:
    """Input of `shareAlbum`; None keeps the value of an existing share, or is the default of a new one."""

    album_id: str
    customer_id: str | None = None
    link: bool | None = None
    location: LocationPrecision | None = None
    time: TimePrecision | None = None
    originals: bool | None = None
    expires_at: datetime | None = None
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnshareAlbum:
    """Input of `unshareAlbum`: global ids of shares."""

    share_ids: Sequence[str]
    client_mutation_id: str | None = None


async def share_album(context: Context, given: ShareAlbum) -> Outcome:
    """Shares an album, or changes an existing share. An expired share is replaced by a new one."""
    return await mutate(context, "shareAlbum", given, _share)


async def unshare_album(context: Context, given: UnshareAlbum) -> Outcome:
    """Ends shares immediately; `removed` are their slots."""
    return await mutate(context, "unshareAlbum", given, _unshare)


async def _share(mutation: MutationContext, given: ShareAlbum) -> Outcome:
    album = await own_album(mutation, given.album_id, "albumId")
    expires = _expiry(mutation, given.expires_at)
    customer = _customer(mutation, given)
    for _ in range(MAX_TRIES):
        old = await _current_share(mutation, album.id, customer)
        if isinstance(old, InvitationRecord):
            invitation = _with_precision_of_invitation(old, given, expires)
            if await mutation.sources.invitations.save(invitation) is not None:
                await _check_album(mutation, given.album_id, invitation)
                return Outcome(node=album.id, share=invitation.grant().slot)
            continue
        secret = secrets.token_urlsafe(_SECRET_BYTES) if customer is None and old.version == 0 else None
        record = _with_precision(old if secret is None else changed(old, grantee=link_grantee(secret)), given, expires)
        if await mutation.sources.grants.save(record, secret=secret) is not None:
            await _check_album(mutation, given.album_id, record)
            return Outcome(node=album.id, share=record.slot)
    return Outcome(errors=(UserError.of(MODIFIED, ("albumId",), given.album_id),))


async def _current_share(mutation: MutationContext, album: str, customer: str | None) -> GrantRecord | InvitationRecord:
    """The stored share, or a new one with default values and version 0: for a customer an invitation."""
    now, grants = mutation.sources.now_ms(), mutation.sources.grants
    old = await grants.by_slot(mutation.owner, f"{album}#{customer or LINK}")
    if old is not None and old.live(now):
        return old
    if old is not None:
        # The precision and the link secret of an expired share must not become valid again.
        await grants.remove([old])
    if customer is not None:
        return await _current_invitation(mutation, album, customer)
    if await _number_of_shares(mutation, album) >= MAX_SHARES:
        raise FaultError(_FULL, "albumId")
    return GrantRecord(
        owner=mutation.owner,
        album=album,
        grantee=f"{LINK}:",
        version=0,
        created_at_ms=now,
        location=LocationPrecision.NONE.value,
        time=TimePrecision.EXACT.value,
    )


async def _current_invitation(mutation: MutationContext, album: str, recipient: str) -> InvitationRecord:
    """The stored invitation, or a new one. Whether a customer has the id of the recipient is never read."""
    now, invitations = mutation.sources.now_ms(), mutation.sources.invitations
    sent = await invitations.of_sender(mutation.owner)
    waiting = [i for i in sent if i.expires_at_ms > now]
    to_one = [i for i in waiting if i.recipient == recipient]
    old = next((i for i in to_one if i.album == album), None)
    if old is not None:
        return old
    await invitations.remove([i for i in sent if i.expires_at_ms <= now and (i.recipient, i.album) == (recipient, album)])
    if len(to_one) >= MAX_INVITATIONS_TO_ONE:
        raise FaultError(_TOO_MANY_TO_ONE, "with", "customerId")
    if len(waiting) >= MAX_INVITATIONS:
        raise FaultError(_TOO_MANY, "with", "customerId")
    if await _number_of_shares(mutation, album) + sum(i.album == album for i in waiting) >= MAX_SHARES:
        raise FaultError(_FULL, "albumId")
    return InvitationRecord(
        owner=mutation.owner,
        album=album,
        recipient=recipient,
        version=0,
        created_at_ms=now,
        location=LocationPrecision.CITY.value,
        time=TimePrecision.EXACT.value,
    )


async def _number_of_shares(mutation: MutationContext, album: str) -> int:
    return len(await mutation.sources.grants.of_album(mutation.owner, album))


def _with_precision(old: GrantRecord, given: ShareAlbum, expires_ms: int | None) -> GrantRecord:
    return changed(
        old,
        location=old.location if given.location is None else given.location.value,
        time=old.time if given.time is None else given.time.value,
        originals=old.originals if given.originals is None else given.originals,
        expires_at_ms=old.expires_at_ms if expires_ms is None else expires_ms,
    )


def _with_precision_of_invitation(old: InvitationRecord, given: ShareAlbum, expires_ms: int | None) -> InvitationRecord:
    return changed(
        old,
        location=old.location if given.location is None else given.location.value,
        time=old.time if given.time is None else given.time.value,
        originals=old.originals if given.originals is None else given.originals,
        share_expires_at_ms=old.share_expires_at_ms if expires_ms is None else expires_ms,
    )


async def _check_album(mutation: MutationContext, album_id: str, record: GrantRecord | InvitationRecord) -> None:
    """Ends the new share and raises `FaultError` if the album was deleted meanwhile."""
    try:
        await own_album(mutation, album_id, "albumId")
    except FaultError:
        if isinstance(record, InvitationRecord):
            await mutation.sources.invitations.remove([record])
        else:
            await mutation.sources.grants.remove([record])
        raise


def _expiry(mutation: MutationContext, given: datetime | None) -> int | None:
    if given is None:
        return None
    at = (given - _EPOCH) // timedelta(milliseconds=1)
    if at <= mutation.sources.now_ms():
        raise FaultError(_PAST, "expiresAt")
    return at


def _customer(mutation: MutationContext, given: ShareAlbum) -> str | None:
    """The customer's local id; None for a link. Ids that no customer has are treated as those of customers."""
    if (given.customer_id is None) is (given.link is None) or given.link is False:
        raise FaultError(_ONE_TARGET, "with")
    if given.customer_id is None:
        return None
    known = decode_id(mutation, given.customer_id, "Customer")
    if known is None:
        raise FaultError(NOT_FOUND, "with", "customerId", node=given.customer_id)
    if known.local == mutation.owner:
        raise FaultError(_WITH_ONESELF, "with", "customerId", node=given.customer_id)
    return known.local


async def _unshare(mutation: MutationContext, given: UnshareAlbum) -> Outcome:
    targets, foreign = resolve_targets(mutation, given.share_ids, "Share", "shareIds")
    # Shares are visible to their owner only, so those of others are reported as not found.
    targets.rejected.update({at: (text, NOT_FOUND) for at, (text, _) in foreign.items()})
    sources, ids = mutation.sources, targets.ids
    # Invitations are removed first: the grant of one that was accepted meanwhile is read and removed after that.
    invited = {i.grant().slot: i for i in await sources.invitations.of_sender(mutation.owner)} if ids else {}
    await sources.invitations.remove([i for slot, i in invited.items() if slot in ids])
    granted = {g.slot: g for g in await sources.grants.of_albums(mutation.owner)} if ids else {}
    await sources.grants.remove([g for slot, g in granted.items() if slot in ids])
    ended = tuple(slot for slot in ids if slot in granted or slot in invited)
    errors = targets.user_errors({slot: None if slot in ended else NOT_FOUND for slot in ids}, "shareIds")
    return Outcome(node=ended[0].partition("#")[0] if ended else None, removed=ended, errors=errors)


async def end_shares(mutation: MutationContext, album: str) -> None:
    """Ends every share of an album; in the order of `_unshare`."""
    sources = mutation.sources
    await sources.invitations.remove([i for i in await sources.invitations.of_sender(mutation.owner) if i.album == album])
    await sources.grants.remove(await sources.grants.of_album(mutation.owner, album))
