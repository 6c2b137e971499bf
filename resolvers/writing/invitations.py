"""The mutations of the recipient of a share: accept or decline an invitation, and leave a share that was accepted."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace as changed

from access.ids import InvalidId
from datasources.tables.albums import AlbumKey
from datasources.tables.invitations import InvitationRecord
from resolvers.context import Context
from resolvers.writing.mutation import MutationContext, mutate
from resolvers.writing.outcome import MODIFIED, NOT_FOUND, FaultError, Outcome, UserError
from resolvers.writing.photo_writes import MAX_TRIES
from resolvers.writing.targets import decode_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerInvitation:
    """Input of `acceptShare` and `declineShare`: the global id of an invitation."""

    invitation_id: str
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveShare:
    """Input of `leaveShare`: the global id of an album that another customer shares with the caller."""

    album_id: str
    client_mutation_id: str | None = None


async def accept_share(context: Context, given: AnswerInvitation) -> Outcome:
    """Accepts an invitation; from then on the caller sees the album. A repeat succeeds."""
    return await mutate(context, "acceptShare", given, _accept)


async def decline_share(context: Context, given: AnswerInvitation) -> Outcome:
    """Declines an invitation. Its sender is not informed. A repeat succeeds."""
    return await mutate(context, "declineShare", given, _decline)


async def leave_share(context: Context, given: LeaveShare) -> Outcome:
    """Ends the caller's own access to an album of another customer."""
    return await mutate(context, "leaveShare", given, _leave)


def album_of_invitation(context: Context, invitation_id: str) -> AlbumKey | None:
    """The album that an invitation is for; None for another id."""
    try:
        known = context.sources.ids.decode(invitation_id)
    except InvalidId:
        return None
    return AlbumKey(known.owner, known.local.rpartition("#")[2]) if known.type == "Invitation" else None


async def _accept(mutation: MutationContext, given: AnswerInvitation) -> Outcome:
    owner, album = _target(mutation, given)
    sources = mutation.sources
    for _ in range(MAX_TRIES):
        found = await _unanswered(mutation, owner, album)
        if found is None:
            granted = await sources.grants.by_slot(owner, f"{album}#{mutation.owner}")
            if granted is None or not granted.live(sources.now_ms()):
                raise FaultError(NOT_FOUND, "invitationId", node=given.invitation_id)
            return Outcome(node=album)
        grant = await sources.invitations.accept(found, now_ms=sources.now_ms())
        if grant is not None:
            record = (await sources.albums.raw([AlbumKey(owner, album)])).get(AlbumKey(owner, album))
            if record is None or record.deleted:  # deleted meanwhile, possibly before its deletion could see this grant
                await sources.grants.remove([grant])
                raise FaultError(NOT_FOUND, "invitationId", node=given.invitation_id)
            return Outcome(node=album)
    return Outcome(errors=(UserError.of(MODIFIED, ("invitationId",), given.invitation_id),))


async def _decline(mutation: MutationContext, given: AnswerInvitation) -> Outcome:
    owner, album = _target(mutation, given)
    for _ in range(MAX_TRIES):
        found = await mutation.sources.invitations.one(owner, mutation.owner, album)
        if found is None or found.expires_at_ms <= mutation.sources.now_ms():
            raise FaultError(NOT_FOUND, "invitationId", node=given.invitation_id)
        if found.declined or await mutation.sources.invitations.save(changed(found, declined=True)) is not None:
            return Outcome(node=album)
    return Outcome(errors=(UserError.of(MODIFIED, ("invitationId",), given.invitation_id),))


async def _leave(mutation: MutationContext, given: LeaveShare) -> Outcome:
    known = decode_id(mutation, given.album_id, "Album")
    slot = None if known is None else f"{known.local}#{mutation.owner}"
    grant = None if known is None or slot is None else await mutation.sources.grants.by_slot(known.owner, slot)
    if grant is None:
        raise FaultError(NOT_FOUND, "albumId", node=given.album_id)
    await mutation.sources.grants.remove([grant])
    return Outcome(removed=(grant.album,))


def _target(mutation: MutationContext, given: AnswerInvitation) -> tuple[str, str]:
    """The sender and the album of an invitation to the caller; raises `FaultError` for every other id."""
    known = decode_id(mutation, given.invitation_id, "Invitation")
    recipient, _, album = ("", "", "") if known is None else known.local.rpartition("#")
    if known is None or recipient != mutation.owner:
        raise FaultError(NOT_FOUND, "invitationId", node=given.invitation_id)
    return known.owner, album


async def _unanswered(mutation: MutationContext, owner: str, album: str) -> InvitationRecord | None:
    """The invitation of the caller, if it is not expired. One that was declined can still be accepted."""
    found = await mutation.sources.invitations.one(owner, mutation.owner, album)
    if found is None or found.expires_at_ms <= mutation.sources.now_ms():
        return None
    return found
