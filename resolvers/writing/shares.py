"""The mutations that share albums with customers or by link, and end shares."""

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
from resolvers.writing.outcome import MODIFIED, NOT_FOUND, ErrorCode, Fault, FaultError, Outcome, UserError, invalid
from resolvers.writing.photo_writes import MAX_TRIES
from resolvers.writing.targets import decode_id, own_album, resolve_targets

MAX_SHARES = 500
_SECRET_BYTES = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_TARGET = invalid("Give either a customer or `link: true`.")
_WITH_ONESELF = invalid("An album cannot be shared with its owner.")
_PAST = invalid("must be in the future")
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
    customer = await _customer(mutation, given)
    for _ in range(MAX_TRIES):
        old = await _current_share(mutation, album.id, customer)
        secret = secrets.token_urlsafe(_SECRET_BYTES) if customer is None and old.version == 0 else None
        record = _with_precision(old if secret is None else changed(old, grantee=link_grantee(secret)), given, expires)
        if await mutation.sources.grants.save(record, secret=secret) is not None:
            await _check_album(mutation, given.album_id, record)
            return Outcome(node=album.id, share=record.slot)
    return Outcome(errors=(UserError.of(MODIFIED, ("albumId",), given.album_id),))


async def _current_share(mutation: MutationContext, album: str, customer: str | None) -> GrantRecord:
    """The stored share, or a new one with default values and version 0."""
    now, grants = mutation.sources.now_ms(), mutation.sources.grants
    new = GrantRecord(
        owner=mutation.owner,
        album=album,
        grantee=customer or f"{LINK}:",
        version=0,
        created_at_ms=now,
        location=(LocationPrecision.CITY if customer else LocationPrecision.NONE).value,
        time=TimePrecision.EXACT.value,
    )
    old = await grants.by_slot(mutation.owner, new.slot)
    if old is None:
        if len(await grants.of_album(mutation.owner, album)) >= MAX_SHARES:
            raise FaultError(_FULL, "albumId")
        return new
    if old.expires_at_ms is None or old.expires_at_ms > now:
        return old
    # The precision and the link secret of an expired share must not become valid again.
    await grants.remove([old])
    return new


def _with_precision(old: GrantRecord, given: ShareAlbum, expires_ms: int | None) -> GrantRecord:
    return changed(
        old,
        location=old.location if given.location is None else given.location.value,
        time=old.time if given.time is None else given.time.value,
        originals=old.originals if given.originals is None else given.originals,
        expires_at_ms=old.expires_at_ms if expires_ms is None else expires_ms,
    )


async def _check_album(mutation: MutationContext, album_id: str, record: GrantRecord) -> None:
    """Ends the new share and raises `FaultError` if the album was deleted meanwhile."""
    try:
        await own_album(mutation, album_id, "albumId")
    except FaultError:
        await mutation.sources.grants.remove([record])
        raise


def _expiry(mutation: MutationContext, given: datetime | None) -> int | None:
    if given is None:
        return None
    at = (given - _EPOCH) // timedelta(milliseconds=1)
    if at <= mutation.sources.now_ms():
        raise FaultError(_PAST, "expiresAt")
    return at


async def _customer(mutation: MutationContext, given: ShareAlbum) -> str | None:
    """The customer's local id; None for a link."""
    if (given.customer_id is None) is (given.link is None) or given.link is False:
        raise FaultError(_ONE_TARGET, "with")
    if given.customer_id is None:
        return None
    known = decode_id(mutation, given.customer_id, "Customer")
    if known is not None and known.local == mutation.owner:
        raise FaultError(_WITH_ONESELF, "with", "customerId", node=given.customer_id)
    if known is None or known.local not in await mutation.sources.customers.raw([known.local]):
        raise FaultError(NOT_FOUND, "with", "customerId", node=given.customer_id)
    return known.local


async def _unshare(mutation: MutationContext, given: UnshareAlbum) -> Outcome:
    targets, foreign = resolve_targets(mutation, given.share_ids, "Share", "shareIds")
    # Shares are visible to their owner only, so those of others are reported as not found.
    targets.rejected.update({at: (text, NOT_FOUND) for at, (text, _) in foreign.items()})
    current = {g.slot: g for g in await mutation.sources.grants.of_albums(mutation.owner)} if targets.ids else {}
    ended = [current[slot] for slot in targets.ids if slot in current]
    await mutation.sources.grants.remove(ended)
    errors = targets.user_errors({slot: None if slot in current else NOT_FOUND for slot in targets.ids}, "shareIds")
    return Outcome(node=ended[0].album if ended else None, removed=tuple(g.slot for g in ended), errors=errors)
