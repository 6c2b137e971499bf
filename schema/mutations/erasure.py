"""The mutation that erases the customer who asks."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from resolvers.erasing import start
from resolvers.jobs.start import own_job
from schema.bulk import BulkOperation
from schema.fields import Input, argument, field, required_field, value_field
from schema.mutations.payloads import (
    Info,
    UserError,
    client_mutation_id_argument,
    client_mutation_id_field,
    errors,
    user_errors_field,
)


@strawberry.input(description="See `eraseMyData`.")
class EraseMyDataInput(Input):
    """See `eraseMyData`."""

    confirm_customer_id: strawberry.ID = required_field(C.PUBLIC, "The customer's own id, to be sure.")
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.type(description="See `eraseMyData`.")
class EraseMyDataPayload:
    """See `eraseMyData`."""

    bulk_operation: BulkOperation | None = value_field(C.PUBLIC, "The operation.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class ErasureMutations:
    """Part of `Mutation`."""

    @field(C.PUBLIC, "Erases the customer for good.")
    async def erase_my_data(
        self, info: Info, input: Annotated[EraseMyDataInput, argument(C.PUBLIC, "Confirmation.")]
    ) -> EraseMyDataPayload | None:
        given = start.EraseMyData(confirm_customer_id=input.confirm_customer_id, client_mutation_id=input.client_mutation_id)
        done = await start.erase_my_data(info.context, given)
        record = None if done.node is None else await own_job(info.context, done.node)
        return EraseMyDataPayload(
            bulk_operation=None if record is None else BulkOperation(context=info.context, record=record),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )
