"""What can be followed."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from access.classes import DataClass as C
from datasources.errors import SourceError
from resolvers.context import Context
from resolvers.errors import Refused
from resolvers.jobs.start import followed
from schema.bulk import BulkOperation
from schema.errors import problem_of
from schema.fields import argument, labelled

Info = strawberry.Info[Context, None]


@strawberry.type(description="What can be followed.")
class Subscription:
    """Each opens a source of events; access is decided anew for each event."""

    @strawberry.subscription(  # type: ignore[untyped-decorator]
        description="A bulk operation each time it gets on.", directives=labelled(C.PUBLIC)
    )
    async def bulk_operation_changed(
        self, info: Info, id: Annotated[strawberry.ID, argument(C.PUBLIC, "Its id.")]
    ) -> AsyncGenerator[BulkOperation, None]:
        try:
            async for record in followed(info.context, id):
                yield BulkOperation(context=info.context, record=record)
        except (Refused, SourceError) as e:
            raise problem_of(e) from e
