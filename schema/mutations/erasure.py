"""The mutation that erases the customer who asks."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from resolvers.erasing import starting
from resolvers.jobs.starting import own_job
from schema.bulk import BulkOperation
from schema.fields import Input, argument, field, plain, required
from schema.mutations.payloads import Info, UserError, echoed, errors, failures, repeatable


@strawberry.input(description="See `eraseMyData`.")
class EraseMyDataInput(Input):
    """See `eraseMyData`."""

    confirm_customer_id: strawberry.ID = required(C.PUBLIC, "The customer's own id, to be sure.")
    client_mutation_id: str | None = repeatable()


@strawberry.type(description="See `eraseMyData`.")
class EraseMyDataPayload:
    """See `eraseMyData`."""

    bulk_operation: BulkOperation | None = plain(C.PUBLIC, "The operation.")
    user_errors: list[UserError] = failures()
    client_mutation_id: str | None = echoed()


@strawberry.type
class ErasureMutations:
    """Part of `Mutation`."""

    @field(C.PUBLIC, "Erases the customer for good.")
    async def erase_my_data(
        self, info: Info, input: Annotated[EraseMyDataInput, argument(C.PUBLIC, "Confirmation.")]
    ) -> EraseMyDataPayload | None:
        given = starting.EraseMyData(confirm_customer_id=input.confirm_customer_id, client_mutation_id=input.client_mutation_id)
        done = await starting.erase_my_data(info.context, given)
        record = None if done.node is None else await own_job(info.context, done.node)
        return EraseMyDataPayload(
            bulk_operation=None if record is None else BulkOperation(context=info.context, record=record),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )
