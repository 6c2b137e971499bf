"""What can be read."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from resolvers import catalogs, text_query, translating
from resolvers.albums import albums_page
from resolvers.context import Context
from resolvers.errors import BadInput
from resolvers.people import people_page
from resolvers.photo_set import Library as Whose
from resolvers.timeline import timeline
from schema.album import Album, AlbumConnection
from schema.bulk import BulkOperation
from schema.customer import Customer
from schema.enums import AlbumOrder, Library, PersonOrder, PhotoOrder, PlaceKind, SearchOrder
from schema.fields import argument, field, unset_to_none
from schema.inputs import PhotoFilter, PointInput
from schema.node import After, Before, First, FirstFromStart, Last, Node
from schema.nodes import load_node, load_nodes
from schema.person import Person, PersonConnection
from schema.photo import Photo
from schema.photo_set import PhotoConnection
from schema.place import Place, chain
from schema.search import LabelConnection, PhotoSearchConnection, PlaceConnection
from schema.translation import Translation
from schema.viewer import Viewer

Info = strawberry.Info[Context, None]
ItsId = Annotated[strawberry.ID, argument(C.PUBLIC, "Its id.")]
WhichPhotos = Annotated[PhotoFilter | None, argument(C.PUBLIC, "Which photos.")]
WhosePhotos = Annotated[Library | None, argument(C.PUBLIC, "Whose photos.")]
MOST_NODES = 200


def whose(library: Library | None) -> Whose:
    """The library asked for; the viewer's own unless told."""
    return Whose[(library or Library.MINE).name]


@strawberry.type(description="What can be read.")
class Query:
    """The entry points."""

    @field(C.PUBLIC, "Who is asking, for what, with which rights.")
    def viewer(self, info: Info) -> Viewer:
        return Viewer(context=info.context)

    @field(C.PUBLIC, "Any object by its global id; null when it does not exist or may not be seen.")
    async def node(self, info: Info, id: Annotated[strawberry.ID, argument(C.PUBLIC, "A global id.")]) -> Node | None:
        return await load_node(info.context, id)

    @field(C.PUBLIC, "Objects by id, in the order asked, null for each that is not there. At most 200.")
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], argument(C.PUBLIC, "Global ids.")]
    ) -> list[Node | None]:
        if len(ids) > MOST_NODES:
            raise BadInput(f"at most {MOST_NODES} ids", "LIST_SIZE")
        return await load_nodes(info.context, ids)

    @field(C.PUBLIC, "One photo.")
    async def photo(self, info: Info, id: ItsId) -> Photo | None:
        return await load_node(info.context, id, only="Photo")  # type: ignore[return-value]

    @field(C.PUBLIC, "One album.")
    async def album(self, info: Info, id: ItsId) -> Album | None:
        return await load_node(info.context, id, only="Album")  # type: ignore[return-value]

    @field(C.PUBLIC, "One person.")
    async def person(self, info: Info, id: ItsId) -> Person | None:
        return await load_node(info.context, id, only="Person")  # type: ignore[return-value]

    @field(C.PUBLIC, "One place.")
    async def place(self, info: Info, id: ItsId) -> Place | None:
        return await load_node(info.context, id, only="Place")  # type: ignore[return-value]

    @field(C.PUBLIC, "One customer, for services; a person's own is `viewer.customer`.")
    async def customer(self, info: Info, id: ItsId) -> Customer | None:
        return await load_node(info.context, id, only="Customer")  # type: ignore[return-value]

    @field(C.PUBLIC, "One bulk operation, to poll it.")
    async def bulk_operation(self, info: Info, id: ItsId) -> BulkOperation | None:
        return await load_node(info.context, id, only="BulkOperation")  # type: ignore[return-value]

    @field(
        C.PUBLIC,
        "The timeline. `first: 0` gives an empty page and is the cheap way to ask for totals, facets, histogram or map alone.",
    )
    async def photos(
        self,
        info: Info,
        filter: WhichPhotos = strawberry.UNSET,
        order: Annotated[PhotoOrder | None, argument(C.PUBLIC, "In which order.")] = PhotoOrder.TAKEN_AT_DESC,
        library: WhosePhotos = Library.MINE,
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
        scope = whose(library).of(await info.context.scope())
        order_name = (order or PhotoOrder.TAKEN_AT_DESC).name
        return PhotoConnection.of(timeline(info.context, scope, unset_to_none(filter), order_name, page))

    @field(C.PUBLIC, "Photos that answer a question in words, best first.")
    async def search_photos(
        self,
        info: Info,
        query: Annotated[str, argument(C.CONTENT, "What was typed, in any language.")],
        filter: WhichPhotos = strawberry.UNSET,
        order: Annotated[SearchOrder | None, argument(C.PUBLIC, "In which order.")] = SearchOrder.RELEVANCE,
        library: WhosePhotos = Library.MINE,
        languages: Annotated[
            list[str] | None, argument(C.PUBLIC, "The languages typed, best first; the request's unless told.")
        ] = strawberry.UNSET,
        first: Annotated[int | None, argument(C.PUBLIC, "How many; 50 unless told, at most 200.")] = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> PhotoSearchConnection | None:
        context = info.context
        scope = whose(library).of(await context.scope())
        page = {"first": unset_to_none(first), "after": unset_to_none(after)}
        order_name = (order or SearchOrder.RELEVANCE).name
        spoken = chain(context, languages)
        return PhotoSearchConnection.of(
            await text_query.search(context, scope, query, unset_to_none(filter), order_name, spoken, page)
        )

    @field(C.PUBLIC, "The viewer's albums.")
    async def albums(
        self,
        info: Info,
        query: Annotated[str | None, argument(C.CONTENT, "Only with this in the title.")] = strawberry.UNSET,
        order: Annotated[AlbumOrder | None, argument(C.PUBLIC, "In which order.")] = AlbumOrder.LATEST_PHOTO_DESC,
        library: Annotated[Library | None, argument(C.PUBLIC, "Whose albums.")] = Library.MINE,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> AlbumConnection | None:
        scope = whose(library).of(await info.context.scope())
        order_name = (order or AlbumOrder.LATEST_PHOTO_DESC).name
        page = await albums_page(
            info.context, scope, unset_to_none(query), order_name, first=unset_to_none(first), after=unset_to_none(after)
        )
        return AlbumConnection(context=info.context, page=page)

    @field(C.BIOMETRIC, "The people in the viewer's photos.")
    async def people(
        self,
        info: Info,
        query: Annotated[str | None, argument(C.BIOMETRIC, "Only with this in the name.")] = strawberry.UNSET,
        named: Annotated[bool | None, argument(C.BIOMETRIC, "Only with a name, or only without.")] = strawberry.UNSET,
        order: Annotated[PersonOrder | None, argument(C.PUBLIC, "In which order.")] = PersonOrder.PHOTO_COUNT_DESC,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> PersonConnection | None:
        order_name = (order or PersonOrder.PHOTO_COUNT_DESC).name
        scope = (await info.context.scope()).mine()
        page = await people_page(
            info.context,
            scope,
            unset_to_none(query),
            order_name,
            named=unset_to_none(named),
            first=unset_to_none(first),
            after=unset_to_none(after),
        )
        return PersonConnection(context=info.context, page=page)

    @field(C.PUBLIC, "The words that photos can be found by.")
    async def labels(
        self,
        info: Info,
        query: Annotated[str | None, argument(C.PUBLIC, "Only with this in the name, in any language.")] = strawberry.UNSET,
        languages: Annotated[list[str] | None, argument(C.PUBLIC, "The languages of names.")] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> LabelConnection | None:
        spoken = chain(info.context, languages)
        page = await catalogs.labels_page(
            info.context, unset_to_none(query), spoken, first=unset_to_none(first), after=unset_to_none(after)
        )
        return LabelConnection(context=info.context, page=page)

    @field(C.PUBLIC, "Places by any name in any language.")
    async def places(
        self,
        info: Info,
        query: Annotated[str, argument(C.PUBLIC, "A name or its beginning.")],
        languages: Annotated[list[str] | None, argument(C.PUBLIC, "The languages typed and of names.")] = strawberry.UNSET,
        kinds: Annotated[list[PlaceKind] | None, argument(C.PUBLIC, "Only these kinds.")] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> PlaceConnection | None:
        spoken = chain(info.context, languages)
        wanted = [k.name for k in unset_to_none(kinds) or ()]
        page = await catalogs.places_page(
            info.context, query, spoken, wanted, first=unset_to_none(first), after=unset_to_none(after)
        )
        return PlaceConnection(context=info.context, page=page)

    @field(C.PUBLIC, "The place of each point, in the order asked; null is no place (open sea). At most 1,000.")
    async def places_at(
        self, info: Info, points: Annotated[list[PointInput], argument(C.PUBLIC, "The points.")]
    ) -> list[Place | None] | None:
        found = await catalogs.places_at(info.context, [(p.latitude, p.longitude) for p in points])
        return [None if r is None else Place(context=info.context, record=r) for r in found]

    @field(C.PUBLIC, "Each term in each language, in the order asked. At most 200 terms.")
    async def translate(
        self,
        info: Info,
        terms: Annotated[list[str], argument(C.PUBLIC, "Words or short phrases.")],
        to: Annotated[list[str], argument(C.PUBLIC, "The languages wanted.")],
        from_: Annotated[
            str | None, argument(C.PUBLIC, "Their language; recognised unless told.", name="from")
        ] = strawberry.UNSET,
    ) -> list[Translation] | None:
        found = await translating.translate(info.context, terms, unset_to_none(from_), to)
        return [Translation(context=info.context, found=one, targets=tuple(to)) for one in found]
