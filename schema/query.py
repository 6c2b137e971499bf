"""The root type of queries."""

from typing import Annotated

import strawberry

from access.classes import DataClass as C
from resolvers import catalogs, text_query, translating
from resolvers.albums import albums_page
from resolvers.context import Context
from resolvers.errors import BadInput
from resolvers.people import people_page
from resolvers.photo_set import Library as LibraryScope
from resolvers.timeline import timeline
from schema.album import Album, AlbumConnection
from schema.bulk import BulkOperation
from schema.customer import Customer
from schema.enums import AlbumOrder, Library, PersonOrder, PhotoOrder, PlaceKind, SearchOrder
from schema.fields import argument, field, unset_to_none
from schema.inputs import PhotoFilter, PointInput
from schema.node import ORDER, After, Before, First, FirstFromStart, Languages, Last, Node
from schema.nodes import load_node, load_nodes
from schema.person import Person, PersonConnection
from schema.photo import Photo
from schema.photo_set import PhotoConnection
from schema.place import Place, requested_languages
from schema.search import LabelConnection, PhotoSearchConnection, PlaceConnection
from schema.translation import Translation
from schema.viewer import Viewer

Info = strawberry.Info[Context, None]
IdArgument = Annotated[strawberry.ID, argument(C.PUBLIC, "Global id of the object.")]
PhotoFilterArgument = Annotated[
    PhotoFilter | None, argument(C.PUBLIC, "Filter of the photos. Default: all photos that are neither hidden nor in the trash.")
]
LibraryArgument = Annotated[Library | None, argument(C.PUBLIC, "Library to read. Default: the photos of the viewer.")]
MAX_NODES = 200


def library_of(library: Library | None) -> LibraryScope:
    """Returns the requested library, by default the viewer's own."""
    return LibraryScope[(library or Library.MINE).name]


@strawberry.type(description="Entry points for reading data.")
class Query:
    """The query fields."""

    @field(C.PUBLIC, "The caller of this request with its kind, scopes and purpose.")
    def viewer(self, info: Info) -> Viewer:
        return Viewer(context=info.context)

    @field(C.PUBLIC, "Any object by its global id. Null if it does not exist or the viewer may not see it.")
    async def node(self, info: Info, id: Annotated[strawberry.ID, argument(C.PUBLIC, "Global id of the object.")]) -> Node | None:
        return await load_node(info.context, id, Node)

    @field(
        C.PUBLIC, "Objects by global id, in the order of `ids`. An item is null if the object does not exist or is not visible."
    )
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], argument(C.PUBLIC, "Global ids of the objects, at most 200.")]
    ) -> list[Node | None]:
        if len(ids) > MAX_NODES:
            raise BadInput(f"`ids` may contain at most {MAX_NODES} ids.", "LIST_SIZE")
        return await load_nodes(info.context, ids, Node)

    @field(C.PUBLIC, "A photo by its global id. Null if it does not exist or the viewer may not see it.")
    async def photo(self, info: Info, id: IdArgument) -> Photo | None:
        return await load_node(info.context, id, Photo)

    @field(C.PUBLIC, "An album by its global id. Null if it does not exist or the viewer may not see it.")
    async def album(self, info: Info, id: IdArgument) -> Album | None:
        return await load_node(info.context, id, Album)

    @field(C.PUBLIC, "A person by its global id. Null if it does not exist or the viewer may not see it.")
    async def person(self, info: Info, id: IdArgument) -> Person | None:
        return await load_node(info.context, id, Person)

    @field(C.PUBLIC, "A place by its global id. Null if it does not exist.")
    async def place(self, info: Info, id: IdArgument) -> Place | None:
        return await load_node(info.context, id, Place)

    @field(C.PUBLIC, "A customer by its global id, mainly for services. A customer reads its own data with `Viewer.customer`.")
    async def customer(self, info: Info, id: IdArgument) -> Customer | None:
        return await load_node(info.context, id, Customer)

    @field(C.PUBLIC, "A bulk operation by its global id, to poll its status. Null unless the viewer started it.")
    async def bulk_operation(self, info: Info, id: IdArgument) -> BulkOperation | None:
        return await load_node(info.context, id, BulkOperation)

    @field(
        C.PUBLIC,
        "Photos in chronological order. `first: 0` returns an empty page: use it to read only totals, facets or the histogram.",
    )
    async def photos(
        self,
        info: Info,
        filter: PhotoFilterArgument = strawberry.UNSET,
        order: Annotated[PhotoOrder | None, argument(C.PUBLIC, ORDER)] = PhotoOrder.TAKEN_AT_DESC,
        library: LibraryArgument = Library.MINE,
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
        scope = await library_of(library).scope(info.context)
        order_name = (order or PhotoOrder.TAKEN_AT_DESC).name
        return PhotoConnection.of(timeline(info.context, scope, unset_to_none(filter), order_name, page))

    @field(
        C.PUBLIC,
        "Photos that match a text, best match first. The text can be in any language and name things, places, people, albums, "
        "dates, files and cameras. Quotes mean a phrase, a minus before a word excludes it, OR in capitals joins.",
    )
    async def search_photos(
        self,
        info: Info,
        query: Annotated[str, argument(C.CONTENT, "Search text in any language, at most 500 characters.")],
        filter: PhotoFilterArgument = strawberry.UNSET,
        order: Annotated[SearchOrder | None, argument(C.PUBLIC, ORDER)] = SearchOrder.RELEVANCE,
        library: LibraryArgument = Library.MINE,
        languages: Annotated[
            list[str] | None,
            argument(
                C.PUBLIC, "Languages of the search text as BCP 47 tags, most likely first. Default: the languages of the request."
            ),
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> PhotoSearchConnection | None:
        context = info.context
        scope = await library_of(library).scope(context)
        page = {"first": unset_to_none(first), "after": unset_to_none(after)}
        order_name = (order or SearchOrder.RELEVANCE).name
        language_tags = requested_languages(context, languages)
        return PhotoSearchConnection.of(
            await text_query.search(context, scope, query, unset_to_none(filter), order_name, language_tags, page)
        )

    @field(C.PUBLIC, "Albums that the viewer may see.")
    async def albums(
        self,
        info: Info,
        query: Annotated[
            str | None, argument(C.CONTENT, "Return only albums whose title contains this text.")
        ] = strawberry.UNSET,
        order: Annotated[AlbumOrder | None, argument(C.PUBLIC, ORDER)] = AlbumOrder.LATEST_PHOTO_DESC,
        library: Annotated[
            Library | None, argument(C.PUBLIC, "Library to read. Default: the albums of the viewer.")
        ] = Library.MINE,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> AlbumConnection | None:
        scope = await library_of(library).scope(info.context)
        order_name = (order or AlbumOrder.LATEST_PHOTO_DESC).name
        page = await albums_page(
            info.context, scope, unset_to_none(query), order_name, first=unset_to_none(first), after=unset_to_none(after)
        )
        return AlbumConnection(context=info.context, page=page)

    @field(C.BIOMETRIC, "People recognized in the photos of the viewer.")
    async def people(
        self,
        info: Info,
        query: Annotated[
            str | None, argument(C.BIOMETRIC, "Return only people whose name contains this text.")
        ] = strawberry.UNSET,
        named: Annotated[
            bool | None, argument(C.BIOMETRIC, "True returns only people with a name, false only people without one.")
        ] = strawberry.UNSET,
        order: Annotated[PersonOrder | None, argument(C.PUBLIC, ORDER)] = PersonOrder.PHOTO_COUNT_DESC,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> PersonConnection | None:
        order_name = (order or PersonOrder.PHOTO_COUNT_DESC).name
        scope = await info.context.own_scope()
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

    @field(C.PUBLIC, "Labels: things, scenes and events that photos can show.")
    async def labels(
        self,
        info: Info,
        query: Annotated[
            str | None, argument(C.PUBLIC, "Return only labels whose name contains this text in any language.")
        ] = strawberry.UNSET,
        languages: Languages = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> LabelConnection | None:
        language_tags = requested_languages(info.context, languages)
        page = await catalogs.labels_page(
            info.context, unset_to_none(query), language_tags, first=unset_to_none(first), after=unset_to_none(after)
        )
        return LabelConnection(context=info.context, page=page)

    @field(C.PUBLIC, "Places by any name in any language, best match first.")
    async def places(
        self,
        info: Info,
        query: Annotated[str, argument(C.PUBLIC, "Name of a place, or the beginning of one, at most 200 characters.")],
        languages: Annotated[
            list[str] | None,
            argument(
                C.PUBLIC, "Languages of `query` as BCP 47 tags, most preferred first. Default: the languages of the request."
            ),
        ] = strawberry.UNSET,
        kinds: Annotated[
            list[PlaceKind] | None, argument(C.PUBLIC, "Return only places of these levels. Default: all levels.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
    ) -> PlaceConnection | None:
        language_tags = requested_languages(info.context, languages)
        kind_names = [k.name for k in unset_to_none(kinds) or ()]
        page = await catalogs.places_page(
            info.context, query, language_tags, kind_names, first=unset_to_none(first), after=unset_to_none(after)
        )
        return PlaceConnection(context=info.context, page=page)

    @field(
        C.PUBLIC,
        "Place of each point, in the order of `points`. An item is null if there is no place, for example on the open sea.",
    )
    async def places_at(
        self, info: Info, points: Annotated[list[PointInput], argument(C.PUBLIC, "Points to look up, at most 1,000.")]
    ) -> list[Place | None] | None:
        found = await catalogs.places_at(info.context, [(p.latitude, p.longitude) for p in points])
        return [None if r is None else Place(context=info.context, record=r) for r in found]

    @field(C.PUBLIC, "Translations of each term into each language, in the order of `terms`.")
    async def translate(
        self,
        info: Info,
        terms: Annotated[list[str], argument(C.PUBLIC, "Words or short phrases to translate, at most 200.")],
        to: Annotated[list[str], argument(C.PUBLIC, "Target languages as BCP 47 tags, at most 20.")],
        from_: Annotated[
            str | None, argument(C.PUBLIC, "Language of the terms as a BCP 47 tag. Default: detected.", name="from")
        ] = strawberry.UNSET,
    ) -> list[Translation] | None:
        found = await translating.translate(info.context, terms, unset_to_none(from_), to)
        return [Translation(context=info.context, found=one, targets=tuple(to)) for one in found]
