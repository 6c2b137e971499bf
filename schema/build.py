"""Builds the schema from its types, scalars and directives, with federation, data classes and costs."""

from collections.abc import Callable, Collection
from functools import cache

from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema
from strawberry import federation
from strawberry.federation.schema import FederationAny
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.info import Info

from access.classes import DataClass
from access.policy import Use, usable_classes
from access.viewer import Viewer
from execution.document_cache import Classes
from resolvers.context import Context
from schema.album import Album, Share
from schema.classes import classes_of
from schema.costs import pricing_of
from schema.customer import Customer
from schema.mutations.mutation import Mutation
from schema.nodes import resolve_entities
from schema.person import Person
from schema.photo import Photo
from schema.photo_set import PhotoConnection
from schema.place import Label, Place
from schema.printing import print_sdl
from schema.query import Query
from schema.scalars import SCALARS
from schema.search import PhotoSearchConnection
from schema.subscription import Subscription


class FederatedSchema(federation.Schema):
    """A federation schema that resolves entities by key fields only and reports errors per entity."""

    async def entities_resolver(  # type: ignore[override]
        self, info: Info[Context, None], representations: list[FederationAny]
    ) -> list[FederationAny]:
        """Resolves entities; see `schema.nodes.resolve_entities`."""
        return await resolve_entities(info.context, representations)


class Gateway:
    """The built schema. `auth_in_sdl` and `node_in_sdl` decide what `_service.sdl` contains."""

    def __init__(self, *, auth_in_sdl: bool = False, node_in_sdl: bool = True) -> None:
        self.strawberry = FederatedSchema(
            query=Query,
            mutation=Mutation,
            subscription=Subscription,
            types=[Photo, Album, Person, Place, Label, Share, Customer, PhotoConnection, PhotoSearchConnection],
            config=StrawberryConfig(scalar_map=SCALARS),
            federation_version="2.9",
        )
        self.graphql_schema: GraphQLSchema = self.strawberry._schema  # noqa: SLF001 - strawberry has no public name for it
        _enable_one_of_validation(self.graphql_schema)
        self.classes = classes_of(self.strawberry)
        self.pricing = pricing_of(self.graphql_schema)

        sdl = cache(lambda: self.sdl(auth=auth_in_sdl, refetch=node_in_sdl))  # routers poll it; printing takes long
        self.graphql_schema.type_map["_Service"].fields["sdl"].resolve = lambda *_: sdl()  # type: ignore[attr-defined]

    def sdl(self, *, auth: bool = False, refetch: bool = True) -> str:
        """Returns the SDL with federation directives, data classes and costs; see `schema.printing`."""
        return print_sdl(self.strawberry.as_str(), self.classes, self.pricing, auth=auth, refetch=refetch)

    def classify(self, coordinate: str) -> DataClass | None:
        """Returns the class of a coordinate; None for coordinates of the GraphQL and federation specifications."""
        return self.classes.get(coordinate)


def _enable_one_of_validation(schema: GraphQLSchema) -> None:
    """Marks `@oneOf` inputs for graphql-core, so that it validates literals too; strawberry uses a rule of its own."""
    for graphql_type in schema.type_map.values():
        definition = graphql_type.extensions.get("strawberry-definition")
        if isinstance(graphql_type, GraphQLInputObjectType) and isinstance(definition, StrawberryObjectDefinition):
            graphql_type.is_one_of = definition.is_one_of


def denied_coordinates(context: Context, needed: Classes[DataClass]) -> Collection[str]:
    """Returns the coordinates that this caller may not use on any record. It is checked before any I/O."""
    allowed = {use: usable_classes(context.viewer, use) for use in Use}
    return [
        coordinate
        for (data_class, kind), coordinates in needed.items()
        for coordinate in coordinates
        if data_class not in allowed[Use.READ if kind == "read" else use_of(coordinate)]
    ]


def allowed_to(gateway: Gateway, viewer: Viewer) -> Callable[[str], bool]:
    """Returns a predicate: whether this caller may use a coordinate on at least one record."""
    allowed = {use: usable_classes(viewer, use) for use in Use}
    types = gateway.graphql_schema.type_map

    def is_allowed(coordinate: str) -> bool:
        data_class = gateway.classify(coordinate)
        owner = types.get(coordinate.partition(".")[0])
        reads = isinstance(owner, GraphQLObjectType | GraphQLInterfaceType) and "(" not in coordinate
        return data_class is None or data_class in allowed[Use.READ if reads else use_of(coordinate)]

    return is_allowed


def use_of(coordinate: str) -> Use:
    """Returns what an input coordinate uses its class for. It follows from the coordinate, so new ones need no registration."""
    owner, _, _ = coordinate.partition(".")
    if owner in {"FacetBy", "TimeUnit"}:
        return Use.FACET
    if owner.endswith("Order"):
        return Use.SORT
    return Use.SEARCH if coordinate.endswith("(query:)") else Use.FILTER


def build(*, auth_in_sdl: bool = False, node_in_sdl: bool = True) -> Gateway:
    """Builds the schema; call it once per process."""
    return Gateway(auth_in_sdl=auth_in_sdl, node_in_sdl=node_in_sdl)
