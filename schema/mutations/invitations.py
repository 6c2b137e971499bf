"""Mutations of the recipients of shares."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from resolvers.writing import invitations as writing
from schema.album import Album
from schema.fields import Input, argument, field, required_field, value_field
from schema.mutations.payloads import (
    Info,
    UserError,
    client_mutation_id_field,
    client_mutation_id_input,
    user_errors,
    user_errors_field,
)


@strawberry.input(description="Input of the mutation `acceptShare`.")
class AcceptShareInput(Input):
    """The input of `acceptShare`."""

    invitation_id: strawberry.ID = required_field(C.OPERATIONAL, "Global id of the invitation.")
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.input(description="Input of the mutation `declineShare`.")
class DeclineShareInput(Input):
    """The input of `declineShare`."""

    invitation_id: strawberry.ID = required_field(C.OPERATIONAL, "Global id of the invitation.")
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.input(description="Input of the mutation `leaveShare`.")
class LeaveShareInput(Input):
    """The input of `leaveShare`."""

    album_id: strawberry.ID = required_field(C.OPERATIONAL, "Global id of the shared album.")
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.type(description="Result of the mutation `acceptShare`.")
class AcceptSharePayload:
    """The result of `acceptShare`."""

    album: Album | None = value_field(C.OPERATIONAL, "The shared album. Null if the share was not accepted.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="Result of the mutation `declineShare`.")
class DeclineSharePayload:
    """The result of `declineShare`."""

    declined_invitation_id: strawberry.ID | None = value_field(
        C.OPERATIONAL, "Global id of the invitation. Null if it was not declined."
    )
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="Result of the mutation `leaveShare`.")
class LeaveSharePayload:
    """The result of `leaveShare`."""

    left_album_id: strawberry.ID | None = value_field(
        C.OPERATIONAL, "Global id of the album that the viewer no longer sees. Null if nothing changed."
    )
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class InvitationMutations:
    """A part of `Mutation`."""

    @field(C.PUBLIC, "Accept an invitation. From then on the viewer sees the album, and its owner sees the name of the viewer.")
    async def accept_share(
        self, info: Info, input: Annotated[AcceptShareInput, argument(C.PUBLIC, "The invitation to accept.")]
    ) -> AcceptSharePayload | None:
        request = writing.AnswerInvitation(invitation_id=input.invitation_id, client_mutation_id=input.client_mutation_id)
        outcome = await writing.accept_share(info.context, request)
        key = writing.album_of_invitation(info.context, input.invitation_id)
        seen = None if key is None or outcome.node is None else await info.context.albums.one(key)
        return AcceptSharePayload(
            album=None if seen is None else Album.of(info.context, seen),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Decline an invitation. Its sender is not informed, and cannot send it again before it expires.")
    async def decline_share(
        self, info: Info, input: Annotated[DeclineShareInput, argument(C.PUBLIC, "The invitation to decline.")]
    ) -> DeclineSharePayload | None:
        request = writing.AnswerInvitation(invitation_id=input.invitation_id, client_mutation_id=input.client_mutation_id)
        outcome = await writing.decline_share(info.context, request)
        return DeclineSharePayload(
            declined_invitation_id=None if outcome.node is None else input.invitation_id,
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "End the viewer's own access to a shared album. Its owner no longer sees the name of the viewer.")
    async def leave_share(
        self, info: Info, input: Annotated[LeaveShareInput, argument(C.PUBLIC, "The shared album.")]
    ) -> LeaveSharePayload | None:
        request = writing.LeaveShare(album_id=input.album_id, client_mutation_id=input.client_mutation_id)
        outcome = await writing.leave_share(info.context, request)
        return LeaveSharePayload(
            left_album_id=input.album_id if outcome.removed else None,
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )
