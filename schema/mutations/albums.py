"""Mutations of albums."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from datasources.errors import SourceError
from resolvers.albums import album_cursor
from resolvers.context import Context
from resolvers.writing import albums as writing
from schema.album import Album, AlbumEdge
from schema.fields import Input, argument, field, input_field, required_field, value_field
from schema.mutations.payloads import (
    Info,
    UserError,
    album_of,
    client_mutation_id_argument,
    client_mutation_id_field,
    errors,
    given_or,
    own_ids,
    patch_field,
    photos_of,
    user_errors_field,
    user_errors_of,
)
from schema.photo import Photo

_PHOTO_IDS = "At most 1,000."


@strawberry.input(description="See `createAlbum`.")
class CreateAlbumInput(Input):
    """See `createAlbum`."""

    title: str = required_field(C.CONTENT, "Its title.")
    photo_ids: list[strawberry.ID] | None = input_field(C.OPERATIONAL, "Photos to begin with.")
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.input(description="New values of an album.")
class AlbumSetInput:
    """New values of an album."""

    title: strawberry.Maybe[str | None] = patch_field(C.CONTENT, "Title.")
    cover_id: strawberry.Maybe[strawberry.ID | None] = patch_field(C.CONTENT, "Cover.")

    def values(self) -> writing.AlbumValues:
        """As the resolvers know them."""
        return writing.AlbumValues(title=given_or(self.title), cover_id=given_or(self.cover_id))


@strawberry.input(description="See `updateAlbum`.")
class UpdateAlbumInput(Input):
    """See `updateAlbum`."""

    id: strawberry.ID = required_field(C.OPERATIONAL, "Which.")
    set: AlbumSetInput = required_field(C.PUBLIC, "Absent stays, null clears.")
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.input(description="See `addToAlbum`.")
class AddToAlbumInput(Input):
    """See `addToAlbum`."""

    album_id: strawberry.ID = required_field(C.OPERATIONAL, "Which album.")
    photo_ids: list[strawberry.ID] = required_field(C.OPERATIONAL, _PHOTO_IDS)
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.input(description="See `removeFromAlbum`.")
class RemoveFromAlbumInput(Input):
    """See `removeFromAlbum`."""

    album_id: strawberry.ID = required_field(C.OPERATIONAL, "Which album.")
    photo_ids: list[strawberry.ID] = required_field(C.OPERATIONAL, _PHOTO_IDS)
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.input(description="See `deleteAlbum`.")
class DeleteAlbumInput(Input):
    """See `deleteAlbum`."""

    id: strawberry.ID = required_field(C.OPERATIONAL, "Which.")
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.type(description="See `createAlbum`.")
class CreateAlbumPayload:
    """See `createAlbum`."""

    album: Album | None = value_field(C.OPERATIONAL, "The album.")
    album_edge: AlbumEdge | None = value_field(C.OPERATIONAL, "The same with a cursor, for lists.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="See `updateAlbum`.")
class UpdateAlbumPayload:
    """See `updateAlbum`."""

    album: Album | None = value_field(C.OPERATIONAL, "The album.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="See `addToAlbum`.")
class AddToAlbumPayload:
    """See `addToAlbum`."""

    album: Album | None = value_field(C.OPERATIONAL, "The album.")
    photos: list[Photo] = value_field(C.OPERATIONAL, "Those in it now.")
    user_errors: list[UserError] = user_errors_of()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="See `removeFromAlbum`.")
class RemoveFromAlbumPayload:
    """See `removeFromAlbum`."""

    album: Album | None = value_field(C.OPERATIONAL, "The album.")
    removed_photo_ids: list[strawberry.ID] = value_field(C.OPERATIONAL, "Those out of it.")
    user_errors: list[UserError] = user_errors_of()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="See `deleteAlbum`.")
class DeleteAlbumPayload:
    """See `deleteAlbum`."""

    deleted_album_id: strawberry.ID | None = value_field(C.OPERATIONAL, "The one gone.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class AlbumMutations:
    """Part of `Mutation`."""

    @field(C.PUBLIC, "Makes an album.")
    async def create_album(
        self, info: Info, input: Annotated[CreateAlbumInput, argument(C.PUBLIC, "Title and photos.")]
    ) -> CreateAlbumPayload | None:
        given = writing.CreateAlbum(
            title=input.title, photo_ids=tuple(input.photo_ids or ()), client_mutation_id=input.client_mutation_id
        )
        done = await writing.create_album(info.context, given)
        album = await album_of(info.context, done)
        return CreateAlbumPayload(
            album=album,
            album_edge=None if album is None else await _edge(info.context, album),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Changes an album.")
    async def update_album(
        self, info: Info, input: Annotated[UpdateAlbumInput, argument(C.PUBLIC, "What to change.")]
    ) -> UpdateAlbumPayload | None:
        given = writing.UpdateAlbum(id=input.id, values=input.set.values(), client_mutation_id=input.client_mutation_id)
        done = await writing.update_album(info.context, given)
        return UpdateAlbumPayload(
            album=await album_of(info.context, done),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Puts photos in an album.")
    async def add_to_album(
        self, info: Info, input: Annotated[AddToAlbumInput, argument(C.PUBLIC, "Which.")]
    ) -> AddToAlbumPayload | None:
        done = await writing.add_to_album(info.context, _photos(input))
        return AddToAlbumPayload(
            album=await album_of(info.context, done),
            photos=await photos_of(info.context, done),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Takes photos out of an album.")
    async def remove_from_album(
        self, info: Info, input: Annotated[RemoveFromAlbumInput, argument(C.PUBLIC, "Which.")]
    ) -> RemoveFromAlbumPayload | None:
        done = await writing.remove_from_album(info.context, _photos(input))
        return RemoveFromAlbumPayload(
            album=await album_of(info.context, done),
            removed_photo_ids=own_ids(info.context, "Photo", done.gone),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Deletes an album; its photos stay.")
    async def delete_album(
        self, info: Info, input: Annotated[DeleteAlbumInput, argument(C.PUBLIC, "Which.")]
    ) -> DeleteAlbumPayload | None:
        given = writing.DeleteAlbum(id=input.id, client_mutation_id=input.client_mutation_id)
        done = await writing.delete_album(info.context, given)
        return DeleteAlbumPayload(
            deleted_album_id=next(iter(own_ids(info.context, "Album", done.gone)), None),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )


def _photos(given: AddToAlbumInput | RemoveFromAlbumInput) -> writing.AlbumPhotos:
    return writing.AlbumPhotos(
        album_id=given.album_id, photo_ids=tuple(given.photo_ids), client_mutation_id=given.client_mutation_id
    )


async def _edge(context: Context, album: Album) -> AlbumEdge | None:
    """Its place in the list is told by the index, which may be down: the album is made all the same."""
    try:
        return AlbumEdge(cursor=await album_cursor(context, album.seen), node=album)
    except SourceError as e:
        context.failed(e, "albumEdge")
        return None
