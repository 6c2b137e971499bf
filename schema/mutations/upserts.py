"""The mutation by which services write photos."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from resolvers.writing import upserts as writing
from schema.fields import Input, argument, field, required_field, value_field
from schema.mutations.payloads import Info, UserError, client_mutation_id_argument, client_mutation_id_field, errors
from schema.photo import Photo
from schema.scalars import JSON


@strawberry.input(description="See `upsertPhotos`.")
class UpsertPhotosInput(Input):
    """See `upsertPhotos`. Of no class: writing tells nothing, and a service writes what it has."""

    customer_id: strawberry.ID = required_field(C.PUBLIC, "Whose.")
    records: list[JSON] = required_field(C.PUBLIC, "At most 200, as the import record says.")
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.type(description="See `upsertPhotos`.")
class UpsertPhotosPayload:
    """See `upsertPhotos`."""

    photos: list[Photo | None] = value_field(C.PUBLIC, "The photos, in the order of the records; null for a refused one.")
    user_errors: list[UserError] = value_field(C.PUBLIC, "Those refused, and why.")
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class UpsertMutations:
    """Part of `Mutation`."""

    @field(C.PUBLIC, "Writes photos of a customer, for services: new, changed or unchanged by `sourceId`.")
    async def upsert_photos(
        self, info: Info, input: Annotated[UpsertPhotosInput, argument(C.PUBLIC, "Whose and which.")]
    ) -> UpsertPhotosPayload | None:
        given = writing.UpsertPhotos(
            customer_id=input.customer_id, records=tuple(input.records), client_mutation_id=input.client_mutation_id
        )
        done = await writing.upsert_photos(info.context, given)
        photos = [None if p is None else Photo.of(info.context, p) for p in await writing.upserted(info.context, done)]
        return UpsertPhotosPayload(photos=photos, user_errors=errors(done), client_mutation_id=input.client_mutation_id)
