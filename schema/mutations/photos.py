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
    client_mutation_id_field,
    client_mutation_id_input,
    item_errors_field,
    maybe_value,
    own_ids,
    patch_field,
    photos_of,
    user_errors,
)
from schema.photo import Photo

_IDS = "Global ids of the photos, at most 1,000."


@strawberry.input(description="New values of photos. A field that is absent keeps its value; null clears it.")
class PhotoSetInput:
    """The new values of photos."""

    caption: strawberry.Maybe[str | None] = patch_field(C.CONTENT, "New caption, at most 10,000 characters.")
    favorite: strawberry.Maybe[bool | None] = patch_field(C.OWNER_STATE, "Whether the photos are favorites.")
    hidden: strawberry.Maybe[bool | None] = patch_field(C.OWNER_STATE, "Whether the photos are hidden from the timeline.")
    rating: strawberry.Maybe[int | None] = patch_field(C.OWNER_STATE, "New rating, 1 to 5.")
    taken_at: strawberry.Maybe[datetime | None] = patch_field(C.TIME, "New instant at which the photos were taken.")
    shift_taken_at_seconds: strawberry.Maybe[int | None] = patch_field(
        C.TIME, "Seconds to add to the time of each photo, to correct a camera clock. Negative values move the time back."
    )
    utc_offset_minutes: strawberry.Maybe[int | None] = patch_field(C.PLACE, "New offset of the local time from UTC in minutes.")
    location: strawberry.Maybe[PointInput | None] = patch_field(C.LOCATION, "New coordinates. Null removes them.")
    place_id: strawberry.Maybe[strawberry.ID | None] = patch_field(
        C.PLACE, "Global id of a place to set by hand. Null removes it, so that the place is found from the coordinates."
    )
    keywords: strawberry.Maybe[list[str] | None] = patch_field(
        C.CONTENT, "New keywords, at most 500. They replace the existing ones."
    )
    add_keywords: strawberry.Maybe[list[str] | None] = patch_field(C.CONTENT, "Keywords to add to the existing ones.")
    remove_keywords: strawberry.Maybe[list[str] | None] = patch_field(C.CONTENT, "Keywords to remove from the existing ones.")

    def values(self) -> PhotoValues:
        """Returns the values for the resolvers."""
        point = maybe_value(self.location)
        return PhotoValues(
            caption=maybe_value(self.caption),
            favorite=maybe_value(self.favorite),
            hidden=maybe_value(self.hidden),
            rating=maybe_value(self.rating),
            taken_at=maybe_value(self.taken_at),
            shift_taken_at_seconds=maybe_value(self.shift_taken_at_seconds),
            utc_offset_minutes=maybe_value(self.utc_offset_minutes),
            location=(point.latitude, point.longitude) if isinstance(point, PointInput) else point,
            place_id=maybe_value(self.place_id),
            keywords=_keywords(self.keywords),
            add_keywords=_keywords(self.add_keywords),
            remove_keywords=_keywords(self.remove_keywords),
        )


def _keywords(request: Any) -> tuple[str, ...] | Absent | None:
    keywords = maybe_value(request)
    return tuple(keywords) if isinstance(keywords, list) else keywords


@strawberry.input(description="Input of the mutation `updatePhotos`.")
class UpdatePhotosInput(Input):
    """The input of `updatePhotos`."""

    ids: list[strawberry.ID] = required_field(C.OPERATIONAL, _IDS)
    set: PhotoSetInput = required_field(C.PUBLIC, "New values. A field that is absent keeps its value; null clears it.")
    if_version: int | None = input_field(
        C.OPERATIONAL, "Expected version, for a single photo. If the photo has another version, the error is `CONFLICT`."
    )
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.input(description="Input of the mutation `trashPhotos`.")
class TrashPhotosInput(Input):
    """The input of `trashPhotos`."""

    ids: list[strawberry.ID] = required_field(C.OPERATIONAL, _IDS)
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.input(description="Input of the mutation `restorePhotos`.")
class RestorePhotosInput(Input):
    """The input of `restorePhotos`."""

    ids: list[strawberry.ID] = required_field(C.OPERATIONAL, _IDS)
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.input(description="Input of the mutation `deletePhotos`.")
class DeletePhotosInput(Input):
    """The input of `deletePhotos`."""

    ids: list[strawberry.ID] = required_field(C.OPERATIONAL, _IDS)
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.type(description="Result of the mutation `updatePhotos`.")
class UpdatePhotosPayload:
    """The result of `updatePhotos`."""

    photos: list[Photo] = value_field(C.OPERATIONAL, "The changed photos, in the order of `ids`.")
    user_errors: list[UserError] = item_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="Result of the mutation `trashPhotos`.")
class TrashPhotosPayload:
    """The result of `trashPhotos`."""

    photos: list[Photo] = value_field(C.OPERATIONAL, "The photos that are in the trash now, in the order of `ids`.")
    photo_ids: list[strawberry.ID] = value_field(
        C.OPERATIONAL, "Global ids of the photos that are in the trash now, for client caches."
    )
    user_errors: list[UserError] = item_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="Result of the mutation `restorePhotos`.")
class RestorePhotosPayload:
    """The result of `restorePhotos`."""

    photos: list[Photo] = value_field(C.OPERATIONAL, "The restored photos, in the order of `ids`.")
    user_errors: list[UserError] = item_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="Result of the mutation `deletePhotos`.")
class DeletePhotosPayload:
    """The result of `deletePhotos`."""

    deleted_photo_ids: list[strawberry.ID] = value_field(C.OPERATIONAL, "Global ids of the deleted photos.")
    user_errors: list[UserError] = item_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class PhotoMutations:
    """A part of `Mutation`."""

    @field(C.PUBLIC, "Change the same fields of one or many photos. Only their owner may do this.")
    async def update_photos(
        self, info: Info, input: Annotated[UpdatePhotosInput, argument(C.PUBLIC, "The photos and their new values.")]
    ) -> UpdatePhotosPayload | None:
        request = writing.UpdatePhotos(
            ids=tuple(input.ids),
            values=input.set.values(),
            if_version=input.if_version,
            client_mutation_id=input.client_mutation_id,
        )
        outcome = await writing.update_photos(info.context, request)
        return UpdatePhotosPayload(
            photos=await photos_of(info.context, outcome),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Move photos to the trash. They can be restored.")
    async def trash_photos(
        self, info: Info, input: Annotated[TrashPhotosInput, argument(C.PUBLIC, "The photos to move to the trash.")]
    ) -> TrashPhotosPayload | None:
        outcome = await writing.trash_photos(info.context, _ids(input))
        return TrashPhotosPayload(
            photos=await photos_of(info.context, outcome),
            photo_ids=own_ids(info.context, "Photo", outcome.photos),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Restore photos from the trash.")
    async def restore_photos(
        self, info: Info, input: Annotated[RestorePhotosInput, argument(C.PUBLIC, "The photos to restore.")]
    ) -> RestorePhotosPayload | None:
        outcome = await writing.restore_photos(info.context, _ids(input))
        return RestorePhotosPayload(
            photos=await photos_of(info.context, outcome),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Delete photos permanently, from the trash or directly.")
    async def delete_photos(
        self, info: Info, input: Annotated[DeletePhotosInput, argument(C.PUBLIC, "The photos to delete.")]
    ) -> DeletePhotosPayload | None:
        outcome = await writing.delete_photos(info.context, _ids(input))
        return DeletePhotosPayload(
            deleted_photo_ids=own_ids(info.context, "Photo", outcome.removed),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )


def _ids(request: TrashPhotosInput | RestorePhotosInput | DeletePhotosInput) -> writing.PhotoIds:
    return writing.PhotoIds(ids=tuple(request.ids), client_mutation_id=request.client_mutation_id)
