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
    client_mutation_id_argument,
    client_mutation_id_field,
    errors,
    own_ids,
    user_errors_field,
)


@strawberry.input(description="Exactly one of these.", one_of=True)
class ShareTargetInput(Input):
    """With whom."""

    customer_id: strawberry.ID | None = input_field(C.OPERATIONAL, "A customer.")
    link: bool | None = input_field(C.OPERATIONAL, "Whoever has the link: say true.")


@strawberry.input(description="See `shareAlbum`.")
class ShareAlbumInput(Input):
    """See `shareAlbum`."""

    album_id: strawberry.ID = required_field(C.OPERATIONAL, "Which album.")
    with_: ShareTargetInput = required_field(C.OPERATIONAL, "With whom.", name="with")
    location_precision: LocationPrecision | None = input_field(
        C.OPERATIONAL,
        "How finely locations are told. A new share: CITY, by link NONE; an existing one keeps its own.",
    )
    time_precision: TimePrecision | None = input_field(
        C.OPERATIONAL, "How finely times are told. A new share: EXACT; an existing one keeps its own."
    )
    originals: bool | None = input_field(
        C.OPERATIONAL, "Whether originals may be fetched. A new share: false; an existing one keeps its own."
    )
    expires_at: datetime | None = input_field(C.OPERATIONAL, "When it ends.")
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.input(description="See `unshareAlbum`.")
class UnshareAlbumInput(Input):
    """See `unshareAlbum`."""

    share_ids: list[strawberry.ID] = required_field(C.OPERATIONAL, "Which.")
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.type(description="See `shareAlbum`.")
class ShareAlbumPayload:
    """See `shareAlbum`."""

    album: Album | None = value_field(C.OPERATIONAL, "The album.")
    share: Share | None = value_field(C.OWNER_STATE, "The share.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="See `unshareAlbum`.")
class UnshareAlbumPayload:
    """See `unshareAlbum`."""

    album: Album | None = value_field(C.OPERATIONAL, "The album.")
    deleted_share_ids: list[strawberry.ID] = value_field(C.OPERATIONAL, "Those ended.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class ShareMutations:
    """Part of `Mutation`."""

    @field(C.PUBLIC, "Shares an album, or changes the share with the same one.")
    async def share_album(
        self, info: Info, input: Annotated[ShareAlbumInput, argument(C.PUBLIC, "With whom and how much.")]
    ) -> ShareAlbumPayload | None:
        done = await writing.share_album(info.context, _share(input))
        return ShareAlbumPayload(
            album=await album_of(info.context, done),
            share=await _share_of(info.context, done),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Ends shares.")
    async def unshare_album(
        self, info: Info, input: Annotated[UnshareAlbumInput, argument(C.PUBLIC, "Which.")]
    ) -> UnshareAlbumPayload | None:
        given = writing.UnshareAlbum(share_ids=tuple(input.share_ids), client_mutation_id=input.client_mutation_id)
        done = await writing.unshare_album(info.context, given)
        return UnshareAlbumPayload(
            album=await album_of(info.context, done),
            deleted_share_ids=own_ids(info.context, "Share", done.gone),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )


def _share(given: ShareAlbumInput) -> writing.ShareAlbum:
    location, time = given.location_precision, given.time_precision
    return writing.ShareAlbum(
        album_id=given.album_id,
        customer_id=given.with_.customer_id,
        link=given.with_.link,
        location=None if location is None else precision.LocationPrecision[location.name],
        time=None if time is None else precision.TimePrecision[time.name],
        originals=given.originals,
        expires_at=given.expires_at,
        client_mutation_id=given.client_mutation_id,
    )


async def _share_of(context: Context, done: Outcome) -> Share | None:
    """The share as it is now: a repeat may find it ended."""
    if done.node is None or done.share is None:
        return None
    grants = await context.shares.one(AlbumKey(context.viewer.customer or "", done.node)) or ()
    return next((Share(context=context, grant=g) for g in grants if g.slot == done.share), None)
