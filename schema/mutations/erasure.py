"""The mutation that erases the viewer's data."""

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
    client_mutation_id_field,
    client_mutation_id_input,
    user_errors,
    user_errors_field,
)


@strawberry.input(description="Input of the mutation `eraseMyData`.")
class EraseMyDataInput(Input):
    """The input of `eraseMyData`."""

    confirm_customer_id: strawberry.ID = required_field(C.PUBLIC, "Global id of the viewer's own customer, as a confirmation.")
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.type(description="Result of the mutation `eraseMyData`.")
class EraseMyDataPayload:
    """The result of `eraseMyData`."""

    bulk_operation: BulkOperation | None = value_field(
        C.PUBLIC, "The bulk operation that erases the data. Null if it was not started."
    )
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class ErasureMutations:
    """A part of `Mutation`."""

    @field(
        C.PUBLIC,
        "Erase all data of the viewer permanently. It becomes unreadable at once. Needs a sign-in within the last 5 minutes.",
    )
    async def erase_my_data(
        self, info: Info, input: Annotated[EraseMyDataInput, argument(C.PUBLIC, "Confirmation by the customer id.")]
    ) -> EraseMyDataPayload | None:
        request = start.EraseMyData(confirm_customer_id=input.confirm_customer_id, client_mutation_id=input.client_mutation_id)
        outcome = await start.erase_my_data(info.context, request)
        record = None if outcome.node is None else await own_job(info.context, outcome.node)
        return EraseMyDataPayload(
            bulk_operation=None if record is None else BulkOperation(context=info.context, record=record),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )
