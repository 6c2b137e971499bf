"""The mutation by which services write photos."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from resolvers.writing import upserts as writing
from schema.fields import Input, argument, field, required_field, value_field
from schema.mutations.payloads import Info, UserError, client_mutation_id_field, client_mutation_id_input, user_errors
from schema.photo import Photo
from schema.scalars import JSON


@strawberry.input(description="Input of the mutation `upsertPhotos`.")
class UpsertPhotosInput(Input):
    """The input of `upsertPhotos`. Its fields are PUBLIC because writing reveals no stored data."""

    customer_id: strawberry.ID = required_field(
        C.PUBLIC, "Id of the customer who owns the photos: the global id, or the id that the token issuer uses."
    )
    records: list[JSON] = required_field(
        C.PUBLIC, "Import records as JSON objects, at most 200. The record format is described in the documentation of imports."
    )
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.type(description="Result of the mutation `upsertPhotos`.")
class UpsertPhotosPayload:
    """The result of `upsertPhotos`."""

    photos: list[Photo | None] = value_field(
        C.PUBLIC,
        "The photos in the order of `records`. An item is null if its record was rejected, and for a service also if the photo "
        "is hidden or in the trash.",
    )
    user_errors: list[UserError] = value_field(C.PUBLIC, "Rejected records, each with the reason.")
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class UpsertMutations:
    """A part of `Mutation`."""

    @field(C.PUBLIC, "Create or update photos of a customer from import records. A photo is identified by its `sourceId`.")
    async def upsert_photos(
        self, info: Info, input: Annotated[UpsertPhotosInput, argument(C.PUBLIC, "The customer and the records.")]
    ) -> UpsertPhotosPayload | None:
        request = writing.UpsertPhotos(
            customer_id=input.customer_id, records=tuple(input.records), client_mutation_id=input.client_mutation_id
        )
        outcome = await writing.upsert_photos(info.context, request)
        photos = [None if p is None else Photo.of(info.context, p) for p in await writing.upserted_photos(info.context, outcome)]
        return UpsertPhotosPayload(photos=photos, user_errors=user_errors(outcome), client_mutation_id=input.client_mutation_id)
