"""The caller of a request."""

from datetime import datetime
from typing import Annotated

import strawberry

from access.classes import DataClass as C
from datasources.tables.support_tickets import SeenTicket
from resolvers.access_log import access_log_page
from resolvers.context import Context
from resolvers.invitations import invitations_page
from resolvers.jobs.listing import jobs_page
from resolvers.photo_precision import to_datetime
from schema.access_log import AccessRecordConnection
from schema.bulk import BulkOperationConnection
from schema.customer import Customer
from schema.enums import ViewerKind
from schema.fields import SchemaDataClass, argument, field, unset_to_none, value_field
from schema.invitation import InvitationConnection
from schema.node import After
from schema.photo import list_size


@strawberry.type(description="A support ticket: temporary access of customer support to the data of a customer.")
class SupportTicket:
    """A support ticket as the customer sees it."""

    number: str = value_field(C.IDENTITY, "Number of the ticket in the support system.")
    reason: str = value_field(C.IDENTITY, "Reason for the access, as given by support.")
    classes: list[SchemaDataClass] = value_field(C.IDENTITY, "Classes of personal data that the ticket gives access to.")
    opened_at: datetime = value_field(C.IDENTITY, "Time at which the access started.")
    closed_at: datetime | None = value_field(C.IDENTITY, "Time at which the access ends or ended.")

    @classmethod
    def of(cls, seen: SeenTicket) -> "SupportTicket":
        """Returns the ticket of a record."""
        record = seen.record
        return cls(
            number=record.number,
            reason=seen.reason,
            classes=[SchemaDataClass[c] for c in record.classes],
            opened_at=to_datetime(record.opened_at_ms),
            closed_at=to_datetime(record.closes_at_ms),
        )


@strawberry.type(description="The caller of this request: a customer, a guest, a service or customer support.")
class Viewer:
    """The caller of the request."""

    context: strawberry.Private[Context]

    @field(C.PUBLIC, "Global id of the caller. It differs from the id of the customer.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(
            self.context.sources.ids.encode("Viewer", "", self.context.sources.ids.local_id(self.context.viewer.key))
        )

    @field(C.PUBLIC, "Kind of the caller.")
    def kind(self) -> ViewerKind:
        return ViewerKind[self.context.viewer.kind.name]

    @field(C.PUBLIC, "The customer who makes the request. Null for other kinds of callers.")
    async def customer(self) -> Customer | None:
        own = self.context.viewer.customer
        return None if own is None else await Customer.load(self.context, own)

    @field(C.PUBLIC, "Preferred languages of the request as BCP 47 tags, most preferred first.")
    def languages(self) -> list[str]:
        return list(self.context.languages)

    @field(C.PUBLIC, "Scopes of the token, which limit what the caller may do.")
    def scopes(self) -> list[str]:
        return sorted(self.context.viewer.scopes)

    @field(C.PUBLIC, "Purpose of the access as named by the token of a service. Null if it names none.")
    def purpose(self) -> str | None:
        return self.context.viewer.purpose

    @field(
        C.IDENTITY,
        "Access log: who read the personal data of the customer, latest first. Null for callers who are not customers.",
    )
    async def access_log(
        self,
        first: Annotated[int | None, argument(C.PUBLIC, "Maximum number of items, 0 to 200. Default: 50.")] = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> AccessRecordConnection | None:
        if self.context.viewer.customer is None:
            return None
        return AccessRecordConnection.of(
            await access_log_page(self.context, first=unset_to_none(first), after=unset_to_none(after))
        )

    @field(
        C.IDENTITY,
        "Invitations to see albums of other customers that the viewer has neither accepted nor declined, latest first. Null for "
        "callers who are not customers.",
    )
    async def invitations(
        self,
        first: Annotated[int | None, argument(C.PUBLIC, "Maximum number of items, 0 to 200. Default: 50.")] = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> InvitationConnection | None:
        if self.context.viewer.customer is None:
            return None
        page = await invitations_page(self.context, first=unset_to_none(first), after=unset_to_none(after))
        return InvitationConnection.of(self.context, page)

    @field(C.PUBLIC, "Bulk operations that this caller started, latest first.")
    async def bulk_operations(
        self,
        first: Annotated[int | None, argument(C.PUBLIC, "Maximum number of items, 0 to 200. Default: 50.")] = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> BulkOperationConnection | None:
        page = await jobs_page(self.context, first=unset_to_none(first), after=unset_to_none(after))
        return BulkOperationConnection(context=self.context, page=page)

    @field(
        C.IDENTITY, "Support tickets for the data of this customer, open tickets first. Null for callers who are not customers."
    )
    async def support_tickets(
        self, first: Annotated[int | None, argument(C.PUBLIC, "Maximum number of tickets, 0 to 200.")] = 20
    ) -> list[SupportTicket] | None:
        sources = self.context.sources
        if self.context.viewer.customer is None:
            return None
        found = await sources.tickets.of_customer(await self.context.own_scope(), now_ms=sources.now_ms())
        return [SupportTicket.of(t) for t in found[: list_size(first, 20)]]
