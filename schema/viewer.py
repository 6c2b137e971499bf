"""Who is asking."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from resolvers.context import Context
from resolvers.jobs.listing import jobs_page
from schema.bulk import BulkOperationConnection
from schema.customer import Customer
from schema.enums import ViewerKind
from schema.fields import argument, field, given
from schema.node import After


@strawberry.type(description="Who is asking. Its id is its own, never the customer's.")
class Viewer:
    """The caller."""

    context: strawberry.Private[Context]

    @field(C.PUBLIC, "Unique over all types.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(
            self.context.sources.ids.encode("Viewer", "", self.context.sources.ids.local_id(self.context.viewer.key))
        )

    @field(C.PUBLIC, "What kind of caller.")
    def kind(self) -> ViewerKind:
        return ViewerKind[self.context.viewer.kind.name]

    @field(C.PUBLIC, "The customer, when it is one.")
    async def customer(self) -> Customer | None:
        own = self.context.viewer.customer
        return None if own is None else await Customer.load(self.context, own)

    @field(C.PUBLIC, "The languages of the request, best first.")
    def languages(self) -> list[str]:
        return list(self.context.languages)

    @field(C.PUBLIC, "What the token allows.")
    def scopes(self) -> list[str]:
        return sorted(self.context.viewer.scopes)

    @field(C.PUBLIC, "The purpose the token names.")
    def purpose(self) -> str | None:
        return self.context.viewer.purpose

    @field(C.PUBLIC, "Bulk operations that this caller started, latest first.")
    async def bulk_operations(
        self,
        first: Annotated[int | None, argument(C.PUBLIC, "How many; 50 unless told.")] = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> BulkOperationConnection | None:
        page = await jobs_page(self.context, first=given(first), after=given(after))
        return BulkOperationConnection(context=self.context, page=page)
