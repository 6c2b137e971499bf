"""Mutations that start and stop bulk operations."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from resolvers.context import Context
from resolvers.jobs import export_mutations
from resolvers.jobs.start import own_job
from resolvers.writing.outcome import Outcome
from schema.bulk import BulkOperation
from schema.enums import BulkFormat
from schema.fields import Input, argument, field, input_field, required_field, value_field
from schema.mutations.payloads import (
    Info,
    UserError,
    client_mutation_id_argument,
    client_mutation_id_field,
    errors,
    user_errors_field,
)


@strawberry.input(description="See `exportMyData`.")
class ExportMyDataInput(Input):
    """See `exportMyData`."""

    format: BulkFormat | None = input_field(C.PUBLIC, "The files wanted.", default=BulkFormat.JSONL)
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.input(description="See `cancelBulkOperation`.")
class CancelBulkOperationInput(Input):
    """See `cancelBulkOperation`."""

    id: strawberry.ID = required_field(C.PUBLIC, "Which.")
    client_mutation_id: str | None = client_mutation_id_argument()


@strawberry.type(description="See `exportMyData`.")
class ExportMyDataPayload:
    """See `exportMyData`."""

    bulk_operation: BulkOperation | None = value_field(C.PUBLIC, "The operation.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="See `cancelBulkOperation`.")
class CancelBulkOperationPayload:
    """See `cancelBulkOperation`."""

    bulk_operation: BulkOperation | None = value_field(C.PUBLIC, "The operation.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class BulkMutations:
    """Part of `Mutation`."""

    @field(C.PUBLIC, "Stops it.")
    async def cancel_bulk_operation(
        self, info: Info, input: Annotated[CancelBulkOperationInput, argument(C.PUBLIC, "Which.")]
    ) -> CancelBulkOperationPayload | None:
        given = export_mutations.CancelBulk(id=input.id, client_mutation_id=input.client_mutation_id)
        done = await export_mutations.cancel_bulk_operation(info.context, given)
        return CancelBulkOperationPayload(
            bulk_operation=await _operation(info.context, done),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Everything about the customer, as files.")
    async def export_my_data(
        self, info: Info, input: Annotated[ExportMyDataInput, argument(C.PUBLIC, "How.")]
    ) -> ExportMyDataPayload | None:
        wanted = (input.format or BulkFormat.JSONL).name
        given = export_mutations.ExportMyData(format=wanted, client_mutation_id=input.client_mutation_id)
        done = await export_mutations.export_my_data(info.context, given)
        return ExportMyDataPayload(
            bulk_operation=await _operation(info.context, done),
            user_errors=errors(done),
            client_mutation_id=input.client_mutation_id,
        )


async def _operation(context: Context, done: Outcome) -> BulkOperation | None:
    record = None if done.node is None else await own_job(context, done.node)
    return None if record is None else BulkOperation(context=context, record=record)
