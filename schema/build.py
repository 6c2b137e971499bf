"""The whole schema, put together: types, scalars, directives, federation, and what each coordinate's class is."""

from collections.abc import Callable, Collection
from functools import cache

from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema
from strawberry import federation
from strawberry.federation.schema import FederationAny
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.info import Info

from access.classes import DataClass
from access.policy import Use, ever
from access.viewer import Viewer
from execution.document_cache import Classes
from resolvers.context import Context
from schema.album import Album, Share
from schema.classes import classes_of
from schema.costs import pricing_of
from schema.customer import Customer
from schema.mutations.mutation import Mutation
from schema.nodes import references
from schema.person import Person
from schema.photo import Photo
from schema.photo_set import PhotoConnection
from schema.place import Label, Place
from schema.printing import printed
from schema.query import Query
from schema.scalars import SCALARS
from schema.search import PhotoSearchConnection
from schema.subscription import Subscription


class FederatedSchema(federation.Schema):
    """Federation with a resolver of references of our own: by key fields only, each entry on its own."""

    async def entities_resolver(  # type: ignore[override]
        self, info: Info[Context, None], representations: list[FederationAny]
    ) -> list[FederationAny]:
        """See `schema.nodes.references`."""
        return await references(info.context, representations)


class Gateway:
    """The schema as other floors use it. `auth_in_sdl`, `node_in_sdl`: what `_service.sdl` shows."""

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
        _tell_one_of(self.graphql_schema)
        self.classes = classes_of(self.strawberry)
        self.pricing = pricing_of(self.graphql_schema)

        sdl = cache(lambda: self.sdl(auth=auth_in_sdl, refetch=node_in_sdl))  # a router asks, a process prints once
        self.graphql_schema.type_map["_Service"].fields["sdl"].resolve = lambda *_: sdl()  # type: ignore[attr-defined]

    def sdl(self, *, auth: bool = False, refetch: bool = True) -> str:
        """The schema as text, with federation's directives, the class and the price of everything; see `schema.printing`."""
        return printed(self.strawberry.as_str(), self.classes, self.pricing, auth=auth, refetch=refetch)

    def classify(self, coordinate: str) -> DataClass | None:
        """The class of a coordinate; None for what the GraphQL specification and federation bring."""
        return self.classes.get(coordinate)


def _tell_one_of(schema: GraphQLSchema) -> None:
    """Strawberry checks `@oneOf` by a rule of its own; told to graphql-core, literals in any document are validated too."""
    for graphql_type in schema.type_map.values():
        definition = graphql_type.extensions.get("strawberry-definition")
        if isinstance(graphql_type, GraphQLInputObjectType) and isinstance(definition, StrawberryObjectDefinition):
            graphql_type.is_one_of = definition.is_one_of


def decide(context: Context, needed: Classes[DataClass]) -> Collection[str]:
    """The first gate, before any I/O: coordinates whose class this caller cannot use so on any record."""
    allowed = {use: ever(context.viewer, use) for use in Use}
    return [
        coordinate
        for (data_class, kind), coordinates in needed.items()
        for coordinate in coordinates
        if data_class not in allowed[Use.READ if kind == "read" else use_of(coordinate)]
    ]


def allowed_to(gateway: Gateway, viewer: Viewer) -> Callable[[str], bool]:
    """Whether this caller passes the first gate with a coordinate."""
    allowed = {use: ever(viewer, use) for use in Use}
    types = gateway.graphql_schema.type_map

    def passes(coordinate: str) -> bool:
        data_class = gateway.classify(coordinate)
        owner = types.get(coordinate.partition(".")[0])
        reads = isinstance(owner, GraphQLObjectType | GraphQLInterfaceType) and "(" not in coordinate
        return data_class is None or data_class in allowed[Use.READ if reads else use_of(coordinate)]

    return passes


def use_of(coordinate: str) -> Use:
    """What an input coordinate uses its class for: said by where it stands, so that a new one is judged without being listed."""
    owner, _, _ = coordinate.partition(".")
    if owner in {"FacetBy", "TimeUnit"}:
        return Use.FACET
    if owner.endswith("Order"):
        return Use.SORT
    return Use.SEARCH if coordinate.endswith("(query:)") else Use.FILTER


def build(*, auth_in_sdl: bool = False, node_in_sdl: bool = True) -> Gateway:
    """Made once for a process."""
    return Gateway(auth_in_sdl=auth_in_sdl, node_in_sdl=node_in_sdl)
