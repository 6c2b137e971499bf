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
    client_mutation_id_field,
    client_mutation_id_input,
    item_errors_field,
    maybe_value,
    own_ids,
    patch_field,
    photos_of,
    user_errors,
    user_errors_field,
)
from schema.photo import Photo

_PHOTO_IDS = "Global ids of the photos, at most 1,000."


@strawberry.input(description="Input of the mutation `createAlbum`.")
class CreateAlbumInput(Input):
    """The input of `createAlbum`."""

    title: str = required_field(C.CONTENT, "Title of the new album, 1 to 500 characters.")
    photo_ids: list[strawberry.ID] | None = input_field(
        C.OPERATIONAL, "Global ids of the first photos of the album, at most 1,000."
    )
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.input(description="New values of an album. A field that is absent keeps its value; null clears it.")
class AlbumSetInput:
    """The new values of an album."""

    title: strawberry.Maybe[str | None] = patch_field(C.CONTENT, "New title, 1 to 500 characters.")
    cover_id: strawberry.Maybe[strawberry.ID | None] = patch_field(
        C.CONTENT, "Global id of a photo of the album to be used as its cover. Null: the newest photo is used."
    )

    def values(self) -> writing.AlbumValues:
        """Returns the values for the resolvers."""
        return writing.AlbumValues(title=maybe_value(self.title), cover_id=maybe_value(self.cover_id))


@strawberry.input(description="Input of the mutation `updateAlbum`.")
class UpdateAlbumInput(Input):
    """The input of `updateAlbum`."""

    id: strawberry.ID = required_field(C.OPERATIONAL, "Global id of the album.")
    set: AlbumSetInput = required_field(C.PUBLIC, "New values. A field that is absent keeps its value; null clears it.")
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.input(description="Input of the mutation `addToAlbum`.")
class AddToAlbumInput(Input):
    """The input of `addToAlbum`."""

    album_id: strawberry.ID = required_field(C.OPERATIONAL, "Global id of the album.")
    photo_ids: list[strawberry.ID] = required_field(C.OPERATIONAL, _PHOTO_IDS)
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.input(description="Input of the mutation `removeFromAlbum`.")
class RemoveFromAlbumInput(Input):
    """The input of `removeFromAlbum`."""

    album_id: strawberry.ID = required_field(C.OPERATIONAL, "Global id of the album.")
    photo_ids: list[strawberry.ID] = required_field(C.OPERATIONAL, _PHOTO_IDS)
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.input(description="Input of the mutation `deleteAlbum`.")
class DeleteAlbumInput(Input):
    """The input of `deleteAlbum`."""

    id: strawberry.ID = required_field(C.OPERATIONAL, "Global id of the album.")
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.type(description="Result of the mutation `createAlbum`.")
class CreateAlbumPayload:
    """The result of `createAlbum`."""

    album: Album | None = value_field(C.OPERATIONAL, "The new album. Null if it was not created.")
    album_edge: AlbumEdge | None = value_field(
        C.OPERATIONAL, "The new album with its cursor in `albums`, for client caches. Null if the cursor could not be read."
    )
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="Result of the mutation `updateAlbum`.")
class UpdateAlbumPayload:
    """The result of `updateAlbum`."""

    album: Album | None = value_field(C.OPERATIONAL, "The album after the mutation. Null if it was not found.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="Result of the mutation `addToAlbum`.")
class AddToAlbumPayload:
    """The result of `addToAlbum`."""

    album: Album | None = value_field(C.OPERATIONAL, "The album after the mutation. Null if it was not found.")
    photos: list[Photo] = value_field(C.OPERATIONAL, "Photos that are in the album now, in the order of `photoIds`.")
    user_errors: list[UserError] = item_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="Result of the mutation `removeFromAlbum`.")
class RemoveFromAlbumPayload:
    """The result of `removeFromAlbum`."""

    album: Album | None = value_field(C.OPERATIONAL, "The album after the mutation. Null if it was not found.")
    removed_photo_ids: list[strawberry.ID] = value_field(
        C.OPERATIONAL, "Global ids of the photos that were removed from the album."
    )
    user_errors: list[UserError] = item_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="Result of the mutation `deleteAlbum`.")
class DeleteAlbumPayload:
    """The result of `deleteAlbum`."""

    deleted_album_id: strawberry.ID | None = value_field(
        C.OPERATIONAL, "Global id of the deleted album. Null if nothing was deleted."
    )
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class AlbumMutations:
    """A part of `Mutation`."""

    @field(C.PUBLIC, "Create an album of the viewer.")
    async def create_album(
        self, info: Info, input: Annotated[CreateAlbumInput, argument(C.PUBLIC, "Title and first photos.")]
    ) -> CreateAlbumPayload | None:
        request = writing.CreateAlbum(
            title=input.title, photo_ids=tuple(input.photo_ids or ()), client_mutation_id=input.client_mutation_id
        )
        outcome = await writing.create_album(info.context, request)
        album = await album_of(info.context, outcome)
        return CreateAlbumPayload(
            album=album,
            album_edge=None if album is None else await _edge(info.context, album),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Change the title or the cover of an album. Only its owner may do this.")
    async def update_album(
        self, info: Info, input: Annotated[UpdateAlbumInput, argument(C.PUBLIC, "The album and its new values.")]
    ) -> UpdateAlbumPayload | None:
        request = writing.UpdateAlbum(id=input.id, values=input.set.values(), client_mutation_id=input.client_mutation_id)
        outcome = await writing.update_album(info.context, request)
        return UpdateAlbumPayload(
            album=await album_of(info.context, outcome),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Add photos to an album. A photo can be in at most 100 albums.")
    async def add_to_album(
        self, info: Info, input: Annotated[AddToAlbumInput, argument(C.PUBLIC, "The album and the photos.")]
    ) -> AddToAlbumPayload | None:
        outcome = await writing.add_to_album(info.context, _photos(input))
        return AddToAlbumPayload(
            album=await album_of(info.context, outcome),
            photos=await photos_of(info.context, outcome),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Remove photos from an album. The photos themselves are not deleted.")
    async def remove_from_album(
        self, info: Info, input: Annotated[RemoveFromAlbumInput, argument(C.PUBLIC, "The album and the photos.")]
    ) -> RemoveFromAlbumPayload | None:
        outcome = await writing.remove_from_album(info.context, _photos(input))
        return RemoveFromAlbumPayload(
            album=await album_of(info.context, outcome),
            removed_photo_ids=own_ids(info.context, "Photo", outcome.removed),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Delete an album and its shares. The photos in it are not deleted.")
    async def delete_album(
        self, info: Info, input: Annotated[DeleteAlbumInput, argument(C.PUBLIC, "The album to delete.")]
    ) -> DeleteAlbumPayload | None:
        request = writing.DeleteAlbum(id=input.id, client_mutation_id=input.client_mutation_id)
        outcome = await writing.delete_album(info.context, request)
        return DeleteAlbumPayload(
            deleted_album_id=next(iter(own_ids(info.context, "Album", outcome.removed)), None),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )


def _photos(request: AddToAlbumInput | RemoveFromAlbumInput) -> writing.AlbumPhotos:
    return writing.AlbumPhotos(
        album_id=request.album_id, photo_ids=tuple(request.photo_ids), client_mutation_id=request.client_mutation_id
    )


async def _edge(context: Context, album: Album) -> AlbumEdge | None:
    """Returns the edge, or None if the search index that gives the cursor is unavailable: the album exists in any case."""
    try:
        return AlbumEdge(cursor=await album_cursor(context, album.seen), node=album)
    except SourceError as e:
        context.failed(e, "albumEdge")
        return None
