"""People seen in photos: their owner's alone."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from access.policy import Use, Visibility
from datasources.photo_key import PhotoKey
from datasources.search.conditions import Field
from datasources.tables.people import SeenPerson
from resolvers.context import Context
from resolvers.paging import Slice
from resolvers.photo_set import counts_by_value
from schema.fields import field, value_field
from schema.node import Node, PageInfo, Total

LazyPhoto = Annotated["Photo", strawberry.lazy("schema.photo")]  # type: ignore[name-defined]  # noqa: F821


@strawberry.federation.type(keys=["id"], description="Someone recognised in photos.")
class Person(Node):
    """A person."""

    context: strawberry.Private[Context]
    seen: strawberry.Private[SeenPerson]
    sight: strawberry.Private[Visibility]

    @classmethod
    def of(cls, context: Context, seen: SeenPerson) -> "Person":
        """A person that the scope let through."""
        return cls(context=context, seen=seen, sight=seen.sight)

    def about(self) -> tuple[str, str | None]:
        """Whose it is, and which photo, for the audit."""
        return self.seen.record.owner, None

    def global_id(self) -> str:
        """Opaque and deterministic."""
        return self.context.sources.ids.encode("Person", self.seen.record.owner, self.seen.record.id)

    @field(C.BIOMETRIC, "As the owner named them.")
    def name(self) -> str | None:
        return self.seen.name

    @field(C.BIOMETRIC, "A photo that shows them.")
    async def cover(self) -> LazyPhoto | None:
        from schema.photo import Photo

        chosen = self.seen.record.cover
        seen = await self.context.photos.one(PhotoKey(self.seen.record.owner, chosen)) if chosen else None
        if seen is None or self.seen.record.id not in seen.record.people:
            counts = await counts_by_value(self.context, Field.PERSON, owner=self.seen.record.owner)
            newest = counts.get(self.seen.record.id, (0, None, None))[1]
            seen = None if newest is None else await self.context.photos.one(newest)
        return None if seen is None else Photo.of(self.context, seen)

    @field(C.BIOMETRIC, "In how many photos.")
    async def photo_count(self) -> int | None:
        if not self.sight.may(C.BIOMETRIC, Use.FACET):
            return None
        return (await counts_by_value(self.context, Field.PERSON, owner=self.seen.record.owner)).get(
            self.seen.record.id, (0, None, None)
        )[0]


@strawberry.type(description="A person in a page.")
class PersonEdge:
    """A person in a page."""

    cursor: str = value_field(C.PUBLIC, "To go on from.")
    node: Person = value_field(C.BIOMETRIC, "The person.")


@strawberry.type(description="A page of people.")
class PersonConnection:
    """A page of people."""

    context: strawberry.Private[Context]
    page: strawberry.Private[Slice[SeenPerson]]

    @field(C.BIOMETRIC, "With cursors.")
    def edges(self) -> list[PersonEdge]:
        return [PersonEdge(cursor=c, node=Person.of(self.context, p)) for c, p in self.page.items]

    @field(C.BIOMETRIC, "Without.")
    def nodes(self) -> list[Person]:
        return [Person.of(self.context, p) for _, p in self.page.items]

    @field(C.PUBLIC, "Where the page lies.")
    def page_info(self) -> PageInfo:
        return PageInfo.of(self.page)

    @field(C.BIOMETRIC, "How many in all.")
    def total(self) -> Total | None:
        return Total(count=self.page.total, exact=True)
