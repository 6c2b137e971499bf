"""Who is asking."""

from datetime import datetime
from typing import Annotated

import strawberry

from access.classes import DataClass as C
from datasources.tables.support_tickets import SeenTicket
from resolvers.access_log import readings_page
from resolvers.context import Context
from resolvers.jobs.listing import jobs_page
from resolvers.photo_precision import at
from schema.access_log import AccessRecordConnection
from schema.bulk import BulkOperationConnection
from schema.customer import Customer
from schema.enums import ViewerKind
from schema.fields import SchemaDataClass, argument, field, unset_to_none, value_field
from schema.node import After
from schema.photo import few


@strawberry.type(description="Support's leave to look, for a while.")
class SupportTicket:
    """A ticket, as the customer sees it."""

    number: str = value_field(C.IDENTITY, "The ticket's number.")
    reason: str = value_field(C.IDENTITY, "Why.")
    classes: list[SchemaDataClass] = value_field(C.IDENTITY, "Which classes.")
    opened_at: datetime = value_field(C.IDENTITY, "From when.")
    closed_at: datetime | None = value_field(C.IDENTITY, "Until when.")

    @classmethod
    def of(cls, seen: SeenTicket) -> "SupportTicket":
        """Of a record."""
        record = seen.record
        return cls(
            number=record.number,
            reason=seen.reason,
            classes=[SchemaDataClass[c] for c in record.classes],
            opened_at=at(record.opened_at_ms),
            closed_at=at(record.closes_at_ms),
        )


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

    @field(C.IDENTITY, "Who read the customer's personal data.")
    async def access_log(
        self,
        first: Annotated[int | None, argument(C.PUBLIC, "How many; 50 unless told.")] = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> AccessRecordConnection | None:
        if self.context.viewer.customer is None:
            return None
        return AccessRecordConnection.of(
            await readings_page(self.context, first=unset_to_none(first), after=unset_to_none(after))
        )

    @field(C.PUBLIC, "Bulk operations that this caller started, latest first.")
    async def bulk_operations(
        self,
        first: Annotated[int | None, argument(C.PUBLIC, "How many; 50 unless told.")] = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> BulkOperationConnection | None:
        page = await jobs_page(self.context, first=unset_to_none(first), after=unset_to_none(after))
        return BulkOperationConnection(context=self.context, page=page)

    @field(C.IDENTITY, "Support tickets that opened this customer's data, open ones first.")
    async def support_tickets(
        self, first: Annotated[int | None, argument(C.PUBLIC, "How many.")] = 20
    ) -> list[SupportTicket] | None:
        sources = self.context.sources
        if self.context.viewer.customer is None:
            return None
        found = await sources.tickets.of_customer(await self.context.scope(), now_ms=sources.now_ms())
        return [SupportTicket.of(t) for t in found[: few(first, 20)]]
