"""Customers: people with libraries."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from access.policy import Visibility
from datasources.tables.customers import SeenCustomer
from resolvers.albums import albums_page
from resolvers.context import Context
from resolvers.people import people_page
from resolvers.timeline import timeline
from schema.album import AlbumConnection
from schema.enums import AlbumOrder, PersonOrder, PhotoOrder
from schema.fields import argument, field, unset_to_none
from schema.inputs import PhotoFilter
from schema.node import After, Before, FirstFromStart, Last, Node
from schema.person import PersonConnection
from schema.photo_set import PhotoConnection

HowMany = Annotated[int | None, argument(C.PUBLIC, "How many.")]


@strawberry.federation.type(keys=["id", "externalId"], description="A customer: someone with a library.")
class Customer(Node):
    """A customer."""

    context: strawberry.Private[Context]
    seen: strawberry.Private[SeenCustomer]
    sight: strawberry.Private[Visibility]

    @classmethod
    def of(cls, context: Context, seen: SeenCustomer) -> "Customer":
        """A customer that the scope knows."""
        return cls(context=context, seen=seen, sight=seen.sight)

    @classmethod
    async def load(cls, context: Context, customer: str) -> "Customer | None":
        """By local id; None for whom the viewer does not know."""
        seen = await context.customers.one(customer)
        return None if seen is None else cls.of(context, seen)

    def about(self) -> tuple[str, str | None]:
        """Whose it is, and which photo, for the audit."""
        return self.seen.record.id, None

    def global_id(self) -> str:
        """Opaque and deterministic."""
        return self.context.sources.ids.encode("Customer", self.seen.record.id, self.seen.record.id)

    @field(C.IDENTITY, "What other services know them by; for services, who may refer to a customer by it.")
    def external_id(self) -> str | None:
        return self.seen.identity.external_id if self.sight.owner and self.seen.identity else None

    @field(C.IDENTITY, "As they call themselves.")
    def display_name(self) -> str | None:
        return self.seen.identity.display_name if self.seen.identity else None

    @field(C.OPERATIONAL, "Their photos.")
    async def photos(
        self,
        filter: Annotated[PhotoFilter | None, argument(C.PUBLIC, "Which photos.")] = strawberry.UNSET,
        order: Annotated[PhotoOrder | None, argument(C.PUBLIC, "In which order.")] = PhotoOrder.TAKEN_AT_DESC,
        first: FirstFromStart = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> PhotoConnection | None:
        page = {
            "first": unset_to_none(first),
            "after": unset_to_none(after),
            "last": unset_to_none(last),
            "before": unset_to_none(before),
        }
        scope = (await self.context.scope()).of_owner(self.seen.record.id)
        order_name = (order or PhotoOrder.TAKEN_AT_DESC).name
        return PhotoConnection.of(timeline(self.context, scope, unset_to_none(filter), order_name, page))

    @field(C.CONTENT, "Their albums.")
    async def albums(
        self,
        query: Annotated[str | None, argument(C.CONTENT, "Only with this in the title.")] = strawberry.UNSET,
        order: Annotated[AlbumOrder | None, argument(C.PUBLIC, "In which order.")] = AlbumOrder.LATEST_PHOTO_DESC,
        first: HowMany = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> AlbumConnection | None:
        scope = (await self.context.scope()).of_owner(self.seen.record.id)
        order_name = (order or AlbumOrder.LATEST_PHOTO_DESC).name
        page = await albums_page(
            self.context, scope, unset_to_none(query), order_name, first=unset_to_none(first), after=unset_to_none(after)
        )
        return AlbumConnection(context=self.context, page=page)

    @field(C.BIOMETRIC, "The people in their photos.")
    async def people(
        self,
        query: Annotated[str | None, argument(C.BIOMETRIC, "Only with this in the name.")] = strawberry.UNSET,
        named: Annotated[bool | None, argument(C.BIOMETRIC, "Only with a name, or only without.")] = strawberry.UNSET,
        order: Annotated[PersonOrder | None, argument(C.PUBLIC, "In which order.")] = PersonOrder.PHOTO_COUNT_DESC,
        first: HowMany = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> PersonConnection | None:
        order_name = (order or PersonOrder.PHOTO_COUNT_DESC).name
        scope = (await self.context.scope()).of_owner(self.seen.record.id)
        page = await people_page(
            self.context,
            scope,
            unset_to_none(query),
            order_name,
            named=unset_to_none(named),
            first=unset_to_none(first),
            after=unset_to_none(after),
        )
        return PersonConnection(context=self.context, page=page)
