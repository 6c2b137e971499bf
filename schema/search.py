"""Search results: photos found by text, and labels and places found by name."""

import strawberry

from access.classes import DataClass as C
from datasources.locations.port import PlaceMatch, PlaceRecord
from resolvers.context import Context
from resolvers.paging import ListPage
from resolvers.photo_set import PhotoSet
from schema.fields import field, value_field
from schema.node import CURSOR, EDGES, NODES, PAGE_INFO, TOTAL, PageInfo, Total
from schema.photo import Photo
from schema.photo_set import PhotoSetType
from schema.place import Label, Place


@strawberry.type(description="A photo in a page of search results, with its cursor and score.")
class PhotoSearchEdge:
    """A photo with its cursor and score."""

    cursor: str = value_field(C.PUBLIC, CURSOR)
    node: Photo = value_field(C.OPERATIONAL, "The photo at this position.")
    score: float = value_field(C.CONTENT, "Relevance of the photo for the query, 0 to 1. A higher score is a better match.")


@strawberry.type(description="A page of search results.")
class PhotoSearchConnection(PhotoSetType):
    """A page of search results."""

    @classmethod
    def of(cls, found: PhotoSet) -> "PhotoSearchConnection":
        """Returns the connection of a set. Nothing is fetched yet."""
        return cls(context=found.context, found=found)

    @field(C.CONTENT, "The photos of this page with their cursors and scores.")
    async def edges(self) -> list[PhotoSearchEdge]:
        page = await self.found.page()
        best = self.found.best_score
        return [
            PhotoSearchEdge(
                cursor=self.found.cursor(h.position),
                node=Photo.of(self.context, p),
                score=min(1.0, h.position.score / best) if best else 0.0,
            )
            for h, p in page.hits
        ]


@strawberry.type(description="A label in a page, with its cursor.")
class LabelEdge:
    """A label with its cursor."""

    cursor: str = value_field(C.PUBLIC, CURSOR)
    node: Label = value_field(C.PUBLIC, "The label at this position.")


@strawberry.type(description="A page of labels.")
class LabelConnection:
    """A page of labels."""

    context: strawberry.Private[Context]
    page: strawberry.Private[ListPage[str]]

    @field(C.PUBLIC, EDGES)
    def edges(self) -> list[LabelEdge]:
        return [LabelEdge(cursor=c, node=Label(context=self.context, concept=i)) for c, i in self.page.items]

    @field(C.PUBLIC, NODES)
    def nodes(self) -> list[Label]:
        return [Label(context=self.context, concept=i) for _, i in self.page.items]

    @field(C.PUBLIC, PAGE_INFO)
    def page_info(self) -> PageInfo:
        return PageInfo.of(self.page)

    @field(C.PUBLIC, TOTAL)
    def total(self) -> Total | None:
        return Total(count=self.page.total, exact=True)


@strawberry.type(description="A place in a page, with its cursor and the matching name.")
class PlaceEdge:
    """A place with its cursor and the matching name."""

    cursor: str = value_field(C.PUBLIC, CURSOR)
    node: Place = value_field(C.PUBLIC, "The place at this position.")
    matched_name: str = value_field(
        C.PUBLIC, "Name of the place that matched the query. It can be in another language than `name`."
    )


@strawberry.type(description="A page of places.")
class PlaceConnection:
    """A page of places."""

    context: strawberry.Private[Context]
    page: strawberry.Private[ListPage[tuple[PlaceMatch, PlaceRecord]]]

    @field(C.PUBLIC, EDGES)
    def edges(self) -> list[PlaceEdge]:
        return [
            PlaceEdge(cursor=c, node=Place(context=self.context, record=r), matched_name=m.matched_name)
            for c, (m, r) in self.page.items
        ]

    @field(C.PUBLIC, NODES)
    def nodes(self) -> list[Place]:
        return [Place(context=self.context, record=r) for _, (_, r) in self.page.items]

    @field(C.PUBLIC, PAGE_INFO)
    def page_info(self) -> PageInfo:
        return PageInfo.of(self.page)

    @field(C.PUBLIC, TOTAL)
    def total(self) -> Total | None:
        return Total(count=self.page.total, exact=self.page.complete)
