"""Customers, the owners of photo libraries."""

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
from schema.node import ORDER, After, Before, FirstFromStart, Last, Node
from schema.person import PersonConnection
from schema.photo_set import PhotoConnection

PageSize = Annotated[int | None, argument(C.PUBLIC, "Maximum number of items, 0 to 200. Default: 50.")]


@strawberry.federation.type(keys=["id", "externalId"], description="A customer, who owns a library of photos.")
class Customer(Node):
    """The owner of a library."""

    context: strawberry.Private[Context]
    seen: strawberry.Private[SeenCustomer]
    visibility: strawberry.Private[Visibility]

    @classmethod
    def of(cls, context: Context, seen: SeenCustomer) -> "Customer":
        """Returns the customer with the visibility that its scope granted."""
        return cls(context=context, seen=seen, visibility=seen.visibility)

    @classmethod
    async def load(cls, context: Context, customer: str) -> "Customer | None":
        """Loads a customer by local id; None if the viewer may not see the customer."""
        seen = await context.customers.one(customer)
        return None if seen is None else cls.of(context, seen)

    def audit_subject(self) -> tuple[str, str | None]:
        """Returns owner and photo id for the access log."""
        return self.seen.record.id, None

    def global_id(self) -> str:
        """Returns an opaque, deterministic id."""
        return self.context.sources.ids.encode("Customer", self.seen.record.id, self.seen.record.id)

    @field(
        C.IDENTITY,
        "Id of the customer in other systems. Visible to the customer only; services can use it as the key of a reference.",
    )
    def external_id(self) -> str | None:
        return self.seen.identity.external_id if self.visibility.owner and self.seen.identity else None

    @field(C.IDENTITY, "Name that the customer chose to display to others.")
    def display_name(self) -> str | None:
        return self.seen.identity.display_name if self.seen.identity else None

    @field(C.OPERATIONAL, "Photos of the customer that the viewer may see.")
    async def photos(
        self,
        filter: Annotated[PhotoFilter | None, argument(C.PUBLIC, "Filter of the photos.")] = strawberry.UNSET,
        order: Annotated[PhotoOrder | None, argument(C.PUBLIC, ORDER)] = PhotoOrder.TAKEN_AT_DESC,
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
        scope = (await self.context.scope_for([self.seen.record.id])).of_owner(self.seen.record.id)
        order_name = (order or PhotoOrder.TAKEN_AT_DESC).name
        return PhotoConnection.of(timeline(self.context, scope, unset_to_none(filter), order_name, page))

    @field(C.CONTENT, "Albums of the customer that the viewer may see.")
    async def albums(
        self,
        query: Annotated[
            str | None, argument(C.CONTENT, "Return only albums whose title contains this text.")
        ] = strawberry.UNSET,
        order: Annotated[AlbumOrder | None, argument(C.PUBLIC, ORDER)] = AlbumOrder.LATEST_PHOTO_DESC,
        first: PageSize = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> AlbumConnection | None:
        scope = (await self.context.scope_for([self.seen.record.id])).of_owner(self.seen.record.id)
        order_name = (order or AlbumOrder.LATEST_PHOTO_DESC).name
        page = await albums_page(
            self.context, scope, unset_to_none(query), order_name, first=unset_to_none(first), after=unset_to_none(after)
        )
        return AlbumConnection(context=self.context, page=page)

    @field(C.BIOMETRIC, "People recognized in the photos of the customer.")
    async def people(
        self,
        query: Annotated[
            str | None, argument(C.BIOMETRIC, "Return only people whose name contains this text.")
        ] = strawberry.UNSET,
        named: Annotated[
            bool | None, argument(C.BIOMETRIC, "True returns only people with a name, false only people without one.")
        ] = strawberry.UNSET,
        order: Annotated[PersonOrder | None, argument(C.PUBLIC, ORDER)] = PersonOrder.PHOTO_COUNT_DESC,
        first: PageSize = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> PersonConnection | None:
        order_name = (order or PersonOrder.PHOTO_COUNT_DESC).name
        scope = (await self.context.scope_for([self.seen.record.id])).of_owner(self.seen.record.id)
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
