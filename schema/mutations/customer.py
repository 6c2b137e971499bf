"""The mutation of the viewer's own settings."""

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
    client_mutation_id_field,
    client_mutation_id_input,
    maybe_value,
    patch_field,
    user_errors,
    user_errors_field,
)


@strawberry.input(description="New settings of a customer. A field that is absent keeps its value; null clears it.")
class CustomerSetInput:
    """The new settings of a customer."""

    display_name: strawberry.Maybe[str | None] = patch_field(C.IDENTITY, "Name to be displayed to others, 1 to 500 characters.")
    languages: strawberry.Maybe[list[str] | None] = patch_field(
        C.IDENTITY, "Preferred languages as BCP 47 tags, most preferred first, at most 10."
    )
    time_zone: strawberry.Maybe[str | None] = patch_field(
        C.PLACE, "IANA name of the time zone for photos without a UTC offset, for example `Europe/Rome`."
    )
    home_zones: strawberry.Maybe[list[CircleInput] | None] = patch_field(
        C.LOCATION,
        "Areas in which others see no coordinates and nothing more precise than the city. At most 10, of at most 10 km.",
    )

    def values(self) -> writing.CustomerValues:
        """Returns the values for the resolvers."""
        zones = maybe_value(self.home_zones)
        if zones is not ABSENT and zones is not None:
            zones = [HomeZone(z.latitude, z.longitude, z.radius_meters) for z in zones]
        return writing.CustomerValues(
            display_name=maybe_value(self.display_name),
            languages=maybe_value(self.languages),
            time_zone=maybe_value(self.time_zone),
            home_zones=zones,
        )


@strawberry.input(description="Input of the mutation `updateCustomer`.")
class UpdateCustomerInput(Input):
    """The input of `updateCustomer`."""

    set: CustomerSetInput = required_field(C.PUBLIC, "New values. A field that is absent keeps its value; null clears it.")
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.type(description="Result of the mutation `updateCustomer`.")
class UpdateCustomerPayload:
    """The result of `updateCustomer`."""

    customer: Customer | None = value_field(C.OPERATIONAL, "The customer after the mutation. Null if it failed.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class CustomerMutations:
    """A part of `Mutation`."""

    @field(C.PUBLIC, "Change the settings of the viewer.")
    async def update_customer(
        self, info: Info, input: Annotated[UpdateCustomerInput, argument(C.PUBLIC, "The new settings.")]
    ) -> UpdateCustomerPayload | None:
        request = writing.UpdateCustomer(values=input.set.values(), client_mutation_id=input.client_mutation_id)
        outcome = await writing.update_customer(info.context, request)
        return UpdateCustomerPayload(
            customer=None if outcome.node is None else await Customer.load(info.context, outcome.node),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )
