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
    client_mutation_id_field,
    client_mutation_id_input,
    user_errors,
    user_errors_field,
)


@strawberry.input(description="Input of the mutation `exportMyData`.")
class ExportMyDataInput(Input):
    """The input of `exportMyData`."""

    format: BulkFormat | None = input_field(
        C.PUBLIC, "File format of the exported rows. Default: `JSONL`.", default=BulkFormat.JSONL
    )
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.input(description="Input of the mutation `cancelBulkOperation`.")
class CancelBulkOperationInput(Input):
    """The input of `cancelBulkOperation`."""

    id: strawberry.ID = required_field(C.PUBLIC, "Global id of the bulk operation.")
    client_mutation_id: str | None = client_mutation_id_input()


@strawberry.type(description="Result of the mutation `exportMyData`.")
class ExportMyDataPayload:
    """The result of `exportMyData`."""

    bulk_operation: BulkOperation | None = value_field(C.PUBLIC, "The bulk operation. Null if it was not started or not found.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type(description="Result of the mutation `cancelBulkOperation`.")
class CancelBulkOperationPayload:
    """The result of `cancelBulkOperation`."""

    bulk_operation: BulkOperation | None = value_field(C.PUBLIC, "The bulk operation. Null if it was not started or not found.")
    user_errors: list[UserError] = user_errors_field()
    client_mutation_id: str | None = client_mutation_id_field()


@strawberry.type
class BulkMutations:
    """A part of `Mutation`."""

    @field(C.PUBLIC, "Cancel a bulk operation of the viewer. An erasure cannot be canceled.")
    async def cancel_bulk_operation(
        self, info: Info, input: Annotated[CancelBulkOperationInput, argument(C.PUBLIC, "The bulk operation to cancel.")]
    ) -> CancelBulkOperationPayload | None:
        request = export_mutations.CancelBulk(id=input.id, client_mutation_id=input.client_mutation_id)
        outcome = await export_mutations.cancel_bulk_operation(info.context, request)
        return CancelBulkOperationPayload(
            bulk_operation=await _operation(info.context, outcome),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )

    @field(C.PUBLIC, "Start an export of all data of the viewer. The files can be downloaded from the bulk operation for 7 days.")
    async def export_my_data(
        self, info: Info, input: Annotated[ExportMyDataInput, argument(C.PUBLIC, "Format of the export.")]
    ) -> ExportMyDataPayload | None:
        format_name = (input.format or BulkFormat.JSONL).name
        request = export_mutations.ExportMyData(format=format_name, client_mutation_id=input.client_mutation_id)
        outcome = await export_mutations.export_my_data(info.context, request)
        return ExportMyDataPayload(
            bulk_operation=await _operation(info.context, outcome),
            user_errors=user_errors(outcome),
            client_mutation_id=input.client_mutation_id,
        )


async def _operation(context: Context, outcome: Outcome) -> BulkOperation | None:
    record = None if outcome.node is None else await own_job(context, outcome.node)
    return None if record is None else BulkOperation(context=context, record=record)
