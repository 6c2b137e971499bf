"""The root type of subscriptions."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from access.classes import DataClass as C
from datasources.errors import SourceError
from resolvers.context import Context
from resolvers.errors import RequestError
from resolvers.jobs.start import watch_job
from schema.bulk import BulkOperation
from schema.errors import problem_of
from schema.fields import argument, class_directives

Info = strawberry.Info[Context, None]


@strawberry.type(description="Entry points for receiving events.")
class Subscription:
    """The subscription fields. Permission is checked again for each event."""

    @strawberry.subscription(  # type: ignore[untyped-decorator]
        description="A bulk operation, sent now and after each change of its status or progress, until it ends.",
        directives=class_directives(C.PUBLIC),
    )
    async def bulk_operation_changed(
        self, info: Info, id: Annotated[strawberry.ID, argument(C.PUBLIC, "Global id of the bulk operation.")]
    ) -> AsyncGenerator[BulkOperation, None]:
        try:
            async for record in watch_job(info.context, id):
                yield BulkOperation(context=info.context, record=record)
        except (RequestError, SourceError) as e:
            raise problem_of(e) from e
