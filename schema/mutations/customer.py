"""Mutations of a customer's own settings."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from datasources.tables.customers import HomeZone
from resolvers.writing import customer as writing
from resolvers.writing.outcome import ABSENT
from schema.customer import Customer
from schema.fields import Input, argument, field, required_field, value_field
from schema.inputs import CircleInput
from schema.mutations.payloads import (
    Info,
    UserError,
    client_mutation_id_argument,
    client_mutation_id_field,
    errors,
    given_or,
    patch_field,
    user_errors_field,
)


@strawberry.input(description="New settings of a customer.")
class CustomerSetInput:
    """New settings of a customer."""

    display_name: strawberry.Maybe[str | None] = patch_field(C.IDENTITY, "As they call themselves.")
    languages: strawberry.Maybe[list[str] | None] = patch_field(C.IDENTITY, "BCP 47, best first.")
    time_zone: strawberry.Maybe[str | None] = patch_field(C.PLACE, "IANA name; for photos without an offset.")
    home_zones: strawberry.Maybe[list[CircleInput] | None] = patch_field(
        C.LOCATION, "Where nobody else learns coordinates or anything finer than the city."
    )

    def values(self) -> writing.CustomerValues:
        """As the resolvers know them."""
        zones = given_or(self.home_zones)
        if zones is not ABSENT and zones is not None:
            zones = [HomeZone(z.latitude, z.longitude, z.radius_meters) for z in zones]
        return writing.CustomerValues(
            display_name=given_or(self.display_name),
            languages=given_or(self.languages),
            time_zone=given_or(self.time_zone),
            home_zones=zones,
        )


@strawberry.input(description="See `updateCustomer`.")
class UpdateCustomerInput(Input):
    """See `updateCustomer`."""

    set: CustomerSetInput = required_field(C.PUBLIC, "Absent stays, null clears.")
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.type(description="See `updateCustomer`.")
class UpdateCustomerPayload:
    """See `updateCustomer`."""

    customer: Customer | None = value_field(C.OPERATIONAL, "The customer.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class CustomerMutations:
    """Part of `Mutation`."""

    @field(C.PUBLIC, "Changes the viewer's own settings.")
    async def update_customer(
        self, info: Info, input: Annotated[UpdateCustomerInput, argument(C.PUBLIC, "What to change.")]
    ) -> UpdateCustomerPayload | None:
        given = writing.UpdateCustomer(values=input.set.values(), client_mutation_id=input.client_mutation_id)
        done = await writing.update_customer(info.context, given)
        return UpdateCustomerPayload(
            customer=None if done.node is None else await Customer.load(info.context, done.node),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )
