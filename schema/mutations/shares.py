"""Mutations of shares."""

from datetime import datetime
from typing import Annotated

import strawberry

from access import precision
from access.classes import DataClass as C
from datasources.tables.albums import AlbumKey
from resolvers.context import Context
from resolvers.writing import shares as writing
from resolvers.writing.outcome import Outcome
from schema.album import Album, Share
from schema.enums import LocationPrecision, TimePrecision
from schema.fields import Input, argument, field, input_field, required_field, value_field
from schema.mutations.payloads import (
    Info,
    UserError,
    album_of,
    client_mutation_id_field,
    client_mutation_id_input,
    own_ids,
    user_errors,
    user_errors_field,
)


@strawberry.input(description="Who gets access to an album. Exactly one field must be set.", one_of=True)
class ShareTargetInput(Input):
    """Who gets access to an album."""

    customer_id: strawberry.ID | None = input_field(C.OPERATIONAL, "Global id of a customer.")
    link: bool | None = input_field(C.OPERATIONAL, "True shares the album with everyone who has the link.")


@strawberry.input(description="Input of the mutation `shareAlbum`.")
class ShareAlbumInput(Input):
    """The input of `shareAlbum`."""

    album_id: strawberry.ID = required_field(C.OPERATIONAL, "Global id of the album.")
    with_: ShareTargetInput = required_field(C.OPERATIONAL, "The customer or the link that gets access.", name="with")
    location_precision: LocationPrecision | None = input_field(
        C.OPERATIONAL,
        "Precision of locations and places. Default of a new share: `CITY`, by link `NONE`. An existing share keeps its value.",
    )
    time_precision: TimePrecision | None = input_field(
        C.OPERATIONAL, "Precision of times. Default of a new share: `EXACT`. An existing share keeps its value."
    )
    originals: bool | None = input_field(
        C.OPERATIONAL,
        "Whether original files can be downloaded. Default of a new share: false. An existing share keeps its value.",
    )
    expires_at: datetime | None = input_field(
        C.OPERATIONAL, "Time at which the share expires. Null: a new share never expires, an existing share keeps its value."
    )
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.input(description="Input of the mutation `unshareAlbum`.")
class UnshareAlbumInput(Input):
    """The input of `unshareAlbum`."""

    share_ids: list[strawberry.ID] = required_field(C.OPERATIONAL, "Global ids of the shares, at most 1,000.")
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.type(description="Result of the mutation `shareAlbum`.")
class ShareAlbumPayload:
    """The result of `shareAlbum`."""

    album: Album | None = value_field(C.OPERATIONAL, "The album after the mutation. Null if it was not found.")
    share: Share | None = value_field(C.OWNER_STATE, "The new or changed share. Null if it was not created.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="Result of the mutation `unshareAlbum`.")
class UnshareAlbumPayload:
    """The result of `unshareAlbum`."""

    album: Album | None = value_field(C.OPERATIONAL, "The album after the mutation. Null if it was not found.")
    deleted_share_ids: list[strawberry.ID] = value_field(C.OPERATIONAL, "Global ids of the shares that were deleted.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class ShareMutations:
    """A part of `Mutation`."""

    @field(
        C.PUBLIC,
        "Share an album with a customer or by link, or change an existing share. A customer gets access once they accept, a link "
        "gives access at once. Only the owner of the album may do this.",
    )
    async def share_album(
        self,
        info: Info,
        input: Annotated[ShareAlbumInput, argument(C.PUBLIC, "The album, who gets access, and at which precision.")],
    ) -> ShareAlbumPayload | None:
        outcome = await writing.share_album(info.context, _share(input))
        return ShareAlbumPayload(
            album=await album_of(info.context, outcome),
            share=await _share_of(info.context, outcome),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Delete shares of albums. Access ends at once.")
    async def unshare_album(
        self, info: Info, input: Annotated[UnshareAlbumInput, argument(C.PUBLIC, "The shares to delete.")]
    ) -> UnshareAlbumPayload | None:
        request = writing.UnshareAlbum(share_ids=tuple(input.share_ids), client_mutation_id=input.client_mutation_id)
        outcome = await writing.unshare_album(info.context, request)
        return UnshareAlbumPayload(
            album=await album_of(info.context, outcome),
            deleted_share_ids=own_ids(info.context, "Share", outcome.removed),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )


def _share(request: ShareAlbumInput) -> writing.ShareAlbum:
    location, time = request.location_precision, request.time_precision
    return writing.ShareAlbum(
        album_id=request.album_id,
        customer_id=request.with_.customer_id,
        link=request.with_.link,
        location=None if location is None else precision.LocationPrecision[location.name],
        time=None if time is None else precision.TimePrecision[time.name],
        originals=request.originals,
        expires_at=request.expires_at,
        client_mutation_id=request.client_mutation_id,
    )


async def _share_of(context: Context, outcome: Outcome) -> Share | None:
    """Returns the current share; None if it was deleted since, which a repeated request can observe."""
    if outcome.node is None or outcome.share is None:
        return None
    grants = await context.shares.one(AlbumKey(context.viewer.customer or "", outcome.node)) or ()
    return next((Share.of(context, g) for g in grants if g.grant.slot == outcome.share), None)
