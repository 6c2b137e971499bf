"""Photos found by words, and labels and places found by name."""

import strawberry

from access.classes import DataClass as C
from datasources.locations.port import PlaceMatch, PlaceRecord
from resolvers.context import Context
from resolvers.paging import Slice
from resolvers.photo_set import PhotoSet
from schema.fields import field, value_field
from schema.node import PageInfo, Total
from schema.photo import Photo
from schema.photo_set import PhotoSetType
from schema.place import Label, Place


@strawberry.type(description="A found photo in a page.")
class PhotoSearchEdge:
    """A found photo in a page."""

    cursor: str = value_field(C.PUBLIC, "To go on from.")
    node: Photo = value_field(C.OPERATIONAL, "The photo.")
    score: float = value_field(C.CONTENT, "0 to 1, more is better.")


@strawberry.type(description="A page of found photos.")
class PhotoSearchConnection(PhotoSetType):
    """A page of found photos."""

    @classmethod
    def of(cls, found: PhotoSet) -> "PhotoSearchConnection":
        """A set, nothing fetched yet."""
        return cls(context=found.context, found=found)

    @field(C.CONTENT, "With cursors, scores and reasons.")
    async def edges(self) -> list[PhotoSearchEdge]:
        page = await self.found.page()
        most = self.found.best_score
        return [
            PhotoSearchEdge(
                cursor=self.found.cursor(h.position),
                node=Photo.of(self.context, p),
                score=min(1.0, h.position.score / most) if most else 0.0,
            )
            for h, p in page.hits
        ]


@strawberry.type(description="A label in a page.")
class LabelEdge:
    """A label in a page."""

    cursor: str = value_field(C.PUBLIC, "To go on from.")
    node: Label = value_field(C.PUBLIC, "The label.")


@strawberry.type(description="A page of labels.")
class LabelConnection:
    """A page of labels."""

    context: strawberry.Private[Context]
    page: strawberry.Private[Slice[str]]

    @field(C.PUBLIC, "With cursors.")
    def edges(self) -> list[LabelEdge]:
        return [LabelEdge(cursor=c, node=Label(context=self.context, concept=i)) for c, i in self.page.items]

    @field(C.PUBLIC, "Without.")
    def nodes(self) -> list[Label]:
        return [Label(context=self.context, concept=i) for _, i in self.page.items]

    @field(C.PUBLIC, "Where the page lies.")
    def page_info(self) -> PageInfo:
        return PageInfo.of(self.page)

    @field(C.PUBLIC, "How many in all.")
    def total(self) -> Total | None:
        return Total(count=self.page.total, exact=True)


@strawberry.type(description="A place in a page.")
class PlaceEdge:
    """A place in a page."""

    cursor: str = value_field(C.PUBLIC, "To go on from.")
    node: Place = value_field(C.PUBLIC, "The place.")
    matched_name: str = value_field(C.PUBLIC, "The name that matched.")


@strawberry.type(description="A page of places.")
class PlaceConnection:
    """A page of places."""

    context: strawberry.Private[Context]
    page: strawberry.Private[Slice[tuple[PlaceMatch, PlaceRecord]]]

    @field(C.PUBLIC, "With cursors.")
    def edges(self) -> list[PlaceEdge]:
        return [
            PlaceEdge(cursor=c, node=Place(context=self.context, record=r), matched_name=m.matched_name)
            for c, (m, r) in self.page.items
        ]

    @field(C.PUBLIC, "Without.")
    def nodes(self) -> list[Place]:
        return [Place(context=self.context, record=r) for _, (_, r) in self.page.items]

    @field(C.PUBLIC, "Where the page lies.")
    def page_info(self) -> PageInfo:
        return PageInfo.of(self.page)

    @field(C.PUBLIC, "How many in all.")
    def total(self) -> Total | None:
        return Total(count=self.page.total, exact=self.page.whole)
