"""People recognized in photos. Only the owner of the photos, and services with permission, can see them."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from access.classes import DataClass as C
from access.policy import Use, Visibility
from datasources.photo_key import PhotoKey
from datasources.search.conditions import Field
from datasources.tables.people import SeenPerson
from resolvers.context import Context
from resolvers.paging import ListPage
from resolvers.photo_set import counts_by_value
from schema.fields import field, value_field
from schema.node import CURSOR, EDGES, NODES, PAGE_INFO, TOTAL, Node, PageInfo, Total

if TYPE_CHECKING:
    from schema.photo import Photo

LazyPhoto = Annotated["Photo", strawberry.lazy("schema.photo")]


@strawberry.federation.type(keys=["id"], description="A person recognized in the photos of one owner.")
class Person(Node):
    """A person in the photos of one owner."""

    context: strawberry.Private[Context]
    seen: strawberry.Private[SeenPerson]
    visibility: strawberry.Private[Visibility]

    @classmethod
    def of(cls, context: Context, seen: SeenPerson) -> "Person":
        """Returns the person with the visibility that its scope granted."""
        return cls(context=context, seen=seen, visibility=seen.visibility)

    def audit_subject(self) -> tuple[str, str | None]:
        """Returns owner and photo id for the access log."""
        return self.seen.record.owner, None

    def global_id(self) -> str:
        """Returns an opaque, deterministic id."""
        return self.context.sources.ids.encode("Person", self.seen.record.owner, self.seen.record.id)

    @field(C.BIOMETRIC, "Name of the person as given by the owner. Null if not named.")
    def name(self) -> str | None:
        return self.seen.name

    @field(C.BIOMETRIC, "Cover photo of the person: the one chosen by the owner, or else the newest photo that shows the person.")
    async def cover(self) -> LazyPhoto | None:
        from schema.photo import Photo

        chosen = self.seen.record.cover
        seen = await self.context.photos.one(PhotoKey(self.seen.record.owner, chosen)) if chosen else None
        if seen is None or self.seen.record.id not in seen.record.people:
            counts = await counts_by_value(self.context, Field.PERSON, owner=self.seen.record.owner)
            newest = counts.get(self.seen.record.id, (0, None, None))[1]
            seen = None if newest is None else await self.context.photos.one(newest)
        return None if seen is None else Photo.of(self.context, seen)

    @field(C.BIOMETRIC, "Number of photos that show the person. Hidden photos and photos in the trash are not counted.")
    async def photo_count(self) -> int | None:
        if not self.visibility.may(C.BIOMETRIC, Use.FACET):
            return None
        return (await counts_by_value(self.context, Field.PERSON, owner=self.seen.record.owner)).get(
            self.seen.record.id, (0, None, None)
        )[0]


@strawberry.type(description="A person in a page, with its cursor.")
class PersonEdge:
    """A person with its cursor."""

    cursor: str = value_field(C.PUBLIC, CURSOR)
    node: Person = value_field(C.BIOMETRIC, "The person at this position.")


@strawberry.type(description="A page of people.")
class PersonConnection:
    """A page of people."""

    context: strawberry.Private[Context]
    page: strawberry.Private[ListPage[SeenPerson]]

    @field(C.BIOMETRIC, EDGES)
    def edges(self) -> list[PersonEdge]:
        return [PersonEdge(cursor=c, node=Person.of(self.context, p)) for c, p in self.page.items]

    @field(C.BIOMETRIC, NODES)
    def nodes(self) -> list[Person]:
        return [Person.of(self.context, p) for _, p in self.page.items]

    @field(C.PUBLIC, PAGE_INFO)
    def page_info(self) -> PageInfo:
        return PageInfo.of(self.page)

    @field(C.BIOMETRIC, TOTAL)
    def total(self) -> Total | None:
        return Total(count=self.page.total, exact=True)
