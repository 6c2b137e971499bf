"""Loads objects by global id, for `node`, `nodes`, facets and federation entities."""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from access.ids import GlobalId, InvalidId
from datasources.photo_key import PhotoKey
from datasources.tables.albums import AlbumKey
from datasources.tables.people import PersonKey
from execution.errors import GraphQLProblem
from resolvers.context import Context
from resolvers.jobs.start import own_job
from schema.album import Album, Share
from schema.bulk import BulkOperation
from schema.customer import Customer
from schema.node import Node
from schema.person import Person
from schema.photo import Photo
from schema.place import Label, Place

MAX_REPRESENTATIONS = 200
N = TypeVar("N", bound=Node)
_ENTITIES: dict[str, type[Node]] = {kind.__name__: kind for kind in (Photo, Album, Person, Place, Customer)}


async def load_node(context: Context, node_id: str, kind: type[N]) -> N | None:
    """Loads an object of a type, or of any type for `Node`; None if the id is invalid, unknown, hidden or of another type."""
    try:
        known = context.sources.ids.decode(node_id)
    except InvalidId:
        return None
    if kind is not Node and known.type != kind.__name__:
        return None
    found = await _load(context, known, node_id)
    return found if isinstance(found, kind) else None


async def load_nodes(context: Context, ids: Sequence[str], kind: type[N]) -> list[N | None]:
    """Loads objects in the order of `ids`, with one batch for each data source."""
    return list(await asyncio.gather(*(load_node(context, i, kind) for i in ids)))


async def _load(context: Context, known: GlobalId, node_id: str) -> Node | None:
    match known.type:
        case "Photo":
            photo = await context.photos.one(PhotoKey(known.owner, known.local))
            return None if photo is None else Photo.of(context, photo)
        case "Album":
            album = await context.albums.one(AlbumKey(known.owner, known.local))
            return None if album is None else Album.of(context, album)
        case "Person":
            person = await context.people.one(PersonKey(known.owner, known.local))
            return None if person is None else Person.of(context, person)
        case "Customer":
            return await Customer.load(context, known.local)
        case "Share":
            return await _share(context, known)
        case "BulkOperation":
            job = await own_job(context, node_id)
            return None if job is None else BulkOperation(context=context, record=job)
        case "Place":
            place = await context.places.one(known.local)
            return None if place is None else Place(context=context, record=place)
        case "Label":
            word = await context.words.one((known.local, context.languages))
            return None if word is None else Label(context=context, concept=known.local)
        case _:
            return None


async def _share(context: Context, known: GlobalId) -> Share | None:
    album = known.local.partition("#")[0]
    grants = await context.shares.one(AlbumKey(known.owner, album)) or ()
    return next((Share.of(context, g) for g in grants if g.grant.slot == known.local), None)


async def resolve_entities(context: Context, representations: Sequence[Any]) -> list[Any]:
    """Resolves federation representations in order, by key fields only; each entry is an object, None or an error."""
    if len(representations) > MAX_REPRESENTATIONS:
        raise GraphQLProblem(
            "TOO_COMPLEX", f"At most {MAX_REPRESENTATIONS} representations are allowed in one request.", reason="REPRESENTATIONS"
        )
    return list(await asyncio.gather(*(_resolve_entity(context, r) for r in representations), return_exceptions=True))


async def _resolve_entity(context: Context, representation: Any) -> Node | None:
    type_name = representation.get("__typename") if isinstance(representation, dict) else None
    kind = _ENTITIES.get(type_name) if isinstance(type_name, str) else None
    if kind is None:
        raise GraphQLProblem(
            "BAD_USER_INPUT", "A representation must contain the `__typename` of an entity.", reason="REPRESENTATION"
        )
    key = representation.get("id")
    if key is None and kind is Customer and isinstance(representation.get("externalId"), str):
        return await Customer.load(context, context.sources.ids.local_id("customer", representation["externalId"]))
    if not isinstance(key, str):
        raise GraphQLProblem("BAD_USER_INPUT", "A representation must contain a key field of its type.", reason="REPRESENTATION")
    return await load_node(context, key, kind)
