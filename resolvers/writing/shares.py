"""Sharing albums with customers or by link, changing shares and ending them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace as changed

from access.precision import LocationPrecision, TimePrecision
from datasources.tables.grants import LINK, GrantRecord, link_grantee
from resolvers.context import Context
from resolvers.writing.mutation import MutationContext, mutate
from resolvers.writing.outcome import CHANGED, NOT_THERE, ErrorCode, Fault, FaultFound, Outcome, UserError, invalid
from resolvers.writing.photo_writes import TRIES
from resolvers.writing.targets import decoded, own_album, resolve_targets

MAX_SHARES = 500
_SECRET_BYTES = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_TARGET = invalid("name a customer, or say `link: true`: exactly one of them")
_ONESELF = invalid("it is the caller's own already")
_PAST = invalid("lies in the past")
_FULL = Fault(ErrorCode.LIMIT, f"an album has at most {MAX_SHARES} shares")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareAlbum:
    """With whom, and how much; None keeps what there is, or takes the default of a new share."""

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
    """Which shares, by global id."""

    share_ids: Sequence[str]
    client_mutation_id: str | None = None


async def share_album(context: Context, given: ShareAlbum) -> Outcome:
    """Shares an album, or changes the share with the same one. A share that has ended begins anew."""
    return await mutate(context, "shareAlbum", given, _share)


async def unshare_album(context: Context, given: UnshareAlbum) -> Outcome:
    """Ends shares at once; `gone` are their slots."""
    return await mutate(context, "unshareAlbum", given, _unshare)


async def _share(desk: MutationContext, given: ShareAlbum) -> Outcome:
    album = await own_album(desk, given.album_id, "albumId")
    expires = _expiry(desk, given.expires_at)
    customer = await _customer(desk, given)
    for _ in range(TRIES):
        old = await _standing(desk, album.id, customer)
        secret = secrets.token_urlsafe(_SECRET_BYTES) if customer is None and old.version == 0 else None
        record = _shown(old if secret is None else changed(old, grantee=link_grantee(secret)), given, expires)
        if await desk.sources.grants.save(record, secret=secret) is not None:
            await _check_album(desk, given.album_id, record)
            return Outcome(node=album.id, share=record.slot)
    return Outcome(errors=(UserError.of(CHANGED, ("albumId",), given.album_id),))


async def _standing(desk: MutationContext, album: str, customer: str | None) -> GrantRecord:
    """The share as it stands, or a new one with the defaults; version 0 means that it begins."""
    now, grants = desk.sources.now_ms(), desk.sources.grants
    fresh = GrantRecord(
        owner=desk.owner,
        album=album,
        grantee=customer or f"{LINK}:",
        version=0,
        created_at_ms=now,
        location=(LocationPrecision.CITY if customer else LocationPrecision.NONE).value,
        time=TimePrecision.EXACT.value,
    )
    old = await grants.by_slot(desk.owner, fresh.slot)
    if old is None:
        if len(await grants.of_album(desk.owner, album)) >= MAX_SHARES:
            raise FaultFound(_FULL, "albumId")
        return fresh
    if old.expires_at_ms is None or old.expires_at_ms > now:
        return old
    # An ended share is over: neither its precision nor, of a link, its secret comes back to life.
    await grants.remove([old])
    return fresh


def _shown(old: GrantRecord, given: ShareAlbum, expires_ms: int | None) -> GrantRecord:
    return changed(
        old,
        location=old.location if given.location is None else given.location.value,
        time=old.time if given.time is None else given.time.value,
        originals=old.originals if given.originals is None else given.originals,
        expires_at_ms=old.expires_at_ms if expires_ms is None else expires_ms,
    )


async def _check_album(desk: MutationContext, album_id: str, record: GrantRecord) -> None:
    """Deleted meanwhile, its shares were ended before this one began: it ends too."""
    try:
        await own_album(desk, album_id, "albumId")
    except FaultFound:
        await desk.sources.grants.remove([record])
        raise


def _expiry(desk: MutationContext, given: datetime | None) -> int | None:
    if given is None:
        return None
    at = (given - _EPOCH) // timedelta(milliseconds=1)
    if at <= desk.sources.now_ms():
        raise FaultFound(_PAST, "expiresAt")
    return at


async def _customer(desk: MutationContext, given: ShareAlbum) -> str | None:
    """The customer's local id; None is whoever has the link."""
    if (given.customer_id is None) is (given.link is None) or given.link is False:
        raise FaultFound(_ONE_TARGET, "with")
    if given.customer_id is None:
        return None
    known = decoded(desk, given.customer_id, "Customer")
    if known is not None and known.local == desk.owner:
        raise FaultFound(_ONESELF, "with", "customerId", node=given.customer_id)
    if known is None or known.local not in await desk.sources.customers.raw([known.local]):
        raise FaultFound(NOT_THERE, "with", "customerId", node=given.customer_id)
    return known.local


async def _unshare(desk: MutationContext, given: UnshareAlbum) -> Outcome:
    chosen, foreign = resolve_targets(desk, given.share_ids, "Share", "shareIds")
    # Only its owner ever sees a share: to everybody else it is not there.
    chosen.refused.update({at: (text, NOT_THERE) for at, (text, _) in foreign.items()})
    standing = {g.slot: g for g in await desk.sources.grants.of_albums(desk.owner)} if chosen.ids else {}
    ended = [standing[slot] for slot in chosen.ids if slot in standing]
    await desk.sources.grants.remove(ended)
    errors = chosen.told({slot: None if slot in standing else NOT_THERE for slot in chosen.ids}, "shareIds")
    return Outcome(node=ended[0].album if ended else None, gone=tuple(g.slot for g in ended), errors=errors)
