"""Mutations of photos."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from access.classes import DataClass as C
from resolvers.writing import photos as writing
from resolvers.writing.outcome import Absent
from resolvers.writing.photo_patch import PhotoValues
from schema.fields import Input, argument, field, input_field, required_field, value_field
from schema.inputs import PointInput
from schema.mutations.payloads import (
    Info,
    UserError,
    client_mutation_id_argument,
    client_mutation_id_field,
    errors,
    given_or,
    own_ids,
    patch_field,
    photos_of,
    user_errors_of,
)
from schema.photo import Photo

_IDS = "At most 1,000."


@strawberry.input(description="New values; absent stays, null clears.")
class PhotoSetInput:
    """New values of photos."""

    caption: strawberry.Maybe[str | None] = patch_field(C.CONTENT, "Words.")
    favorite: strawberry.Maybe[bool | None] = patch_field(C.OWNER_STATE, "Liked.")
    hidden: strawberry.Maybe[bool | None] = patch_field(C.OWNER_STATE, "Hidden.")
    rating: strawberry.Maybe[int | None] = patch_field(C.OWNER_STATE, "One to five.")
    taken_at: strawberry.Maybe[datetime | None] = patch_field(C.TIME, "The instant.")
    shift_taken_at_seconds: strawberry.Maybe[int | None] = patch_field(
        C.TIME, "Moves the time of each photo: a clock that was wrong."
    )
    utc_offset_minutes: strawberry.Maybe[int | None] = patch_field(C.PLACE, "Offset of the wall clock.")
    location: strawberry.Maybe[PointInput | None] = patch_field(C.LOCATION, "Coordinates.")
    place_id: strawberry.Maybe[strawberry.ID | None] = patch_field(C.PLACE, "The place, pinned; null lets it be found again.")
    keywords: strawberry.Maybe[list[str] | None] = patch_field(C.CONTENT, "All words.")
    add_keywords: strawberry.Maybe[list[str] | None] = patch_field(C.CONTENT, "Words to add.")
    remove_keywords: strawberry.Maybe[list[str] | None] = patch_field(C.CONTENT, "Words to take away.")

    def values(self) -> PhotoValues:
        """As the resolvers know them."""
        point = given_or(self.location)
        return PhotoValues(
            caption=given_or(self.caption),
            favorite=given_or(self.favorite),
            hidden=given_or(self.hidden),
            rating=given_or(self.rating),
            taken_at=given_or(self.taken_at),
            shift_taken_at_seconds=given_or(self.shift_taken_at_seconds),
            utc_offset_minutes=given_or(self.utc_offset_minutes),
            location=(point.latitude, point.longitude) if isinstance(point, PointInput) else point,
            place_id=given_or(self.place_id),
            keywords=_words(self.keywords),
            add_keywords=_words(self.add_keywords),
            remove_keywords=_words(self.remove_keywords),
        )


def _words(given: Any) -> tuple[str, ...] | Absent | None:
    words = given_or(given)
    return tuple(words) if isinstance(words, list) else words


@strawberry.input(description="See `updatePhotos`.")
class UpdatePhotosInput(Input):
    """See `updatePhotos`."""

    ids: list[strawberry.ID] = required_field(C.OPERATIONAL, _IDS)
    set: PhotoSetInput = required_field(C.PUBLIC, "Absent stays, null clears.")
    if_version: int | None = input_field(C.OPERATIONAL, "For a single photo: `CONFLICT` unless it still has this version.")
    client_mutation_id: str | None = input_field(C.PUBLIC, "Repeats within a day do nothing and give the first answer.")


@strawberry.input(description="See `trashPhotos`.")
class TrashPhotosInput(Input):
    """See `trashPhotos`."""

    ids: list[strawberry.ID] = required_field(C.OPERATIONAL, _IDS)
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.input(description="See `restorePhotos`.")
class RestorePhotosInput(Input):
    """See `restorePhotos`."""

    ids: list[strawberry.ID] = required_field(C.OPERATIONAL, _IDS)
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.input(description="See `deletePhotos`.")
class DeletePhotosInput(Input):
    """See `deletePhotos`."""

    ids: list[strawberry.ID] = required_field(C.OPERATIONAL, _IDS)
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.type(description="See `updatePhotos`.")
class UpdatePhotosPayload:
    """See `updatePhotos`."""

    photos: list[Photo] = value_field(C.OPERATIONAL, "Those changed.")
    user_errors: list[UserError] = user_errors_of()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="See `trashPhotos`.")
class TrashPhotosPayload:
    """See `trashPhotos`."""

    photos: list[Photo] = value_field(C.OPERATIONAL, "Those in the trash now.")
    photo_ids: list[strawberry.ID] = value_field(C.OPERATIONAL, "Their ids, for caches.")
    user_errors: list[UserError] = user_errors_of()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="See `restorePhotos`.")
class RestorePhotosPayload:
    """See `restorePhotos`."""

    photos: list[Photo] = value_field(C.OPERATIONAL, "Those back.")
    user_errors: list[UserError] = user_errors_of()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="See `deletePhotos`.")
class DeletePhotosPayload:
    """See `deletePhotos`."""

    deleted_photo_ids: list[strawberry.ID] = value_field(C.OPERATIONAL, "Those gone.")
    user_errors: list[UserError] = user_errors_of()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class PhotoMutations:
    """Part of `Mutation`."""

    @field(C.PUBLIC, "Changes the same fields of many photos.")
    async def update_photos(
        self, info: Info, input: Annotated[UpdatePhotosInput, argument(C.PUBLIC, "What to change.")]
    ) -> UpdatePhotosPayload | None:
        given = writing.UpdatePhotos(
            ids=tuple(input.ids),
            values=input.set.values(),
            if_version=input.if_version,
            client_mutation_id=input.client_mutation_id,
        )
        done = await writing.update_photos(info.context, given)
        return UpdatePhotosPayload(
            photos=await photos_of(info.context, done),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Puts photos in the trash.")
    async def trash_photos(
        self, info: Info, input: Annotated[TrashPhotosInput, argument(C.PUBLIC, "Which.")]
    ) -> TrashPhotosPayload | None:
        done = await writing.trash_photos(info.context, _ids(input))
        return TrashPhotosPayload(
            photos=await photos_of(info.context, done),
            photo_ids=own_ids(info.context, "Photo", done.photos),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Takes photos out of the trash.")
    async def restore_photos(
        self, info: Info, input: Annotated[RestorePhotosInput, argument(C.PUBLIC, "Which.")]
    ) -> RestorePhotosPayload | None:
        done = await writing.restore_photos(info.context, _ids(input))
        return RestorePhotosPayload(
            photos=await photos_of(info.context, done),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Removes photos for good.")
    async def delete_photos(
        self, info: Info, input: Annotated[DeletePhotosInput, argument(C.PUBLIC, "Which.")]
    ) -> DeletePhotosPayload | None:
        done = await writing.delete_photos(info.context, _ids(input))
        return DeletePhotosPayload(
            deleted_photo_ids=own_ids(info.context, "Photo", done.gone),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )


def _ids(given: TrashPhotosInput | RestorePhotosInput | DeletePhotosInput) -> writing.PhotoIds:
    return writing.PhotoIds(ids=tuple(given.ids), client_mutation_id=given.client_mutation_id)
