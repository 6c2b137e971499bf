"""Any object by its global id: for `node`, `nodes`, facets, and what other services refer to."""

import asyncio
from collections.abc import Sequence
from typing import Any

from access.ids import BadId, GlobalId
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

MOST_REFERENCES = 200
_ENTITIES = frozenset({"Photo", "Album", "Person", "Place", "Customer"})


async def load_node(context: Context, node_id: str, *, only: str | None = None) -> Node | None:
    """The object, or None when it is not there, not to be seen, of another type, or no id at all: all the same."""
    try:
        known = context.sources.ids.decode(node_id)
    except BadId:
        return None
    if only is not None and known.type != only:
        return None
    return await _load(context, known, node_id)


async def load_nodes(context: Context, ids: Sequence[str]) -> list[Node | None]:
    """Objects in the order asked: one batch for each source."""
    return list(await asyncio.gather(*(load_node(context, i) for i in ids)))


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
    return next((Share(context=context, grant=g) for g in grants if g.slot == known.local), None)


async def references(context: Context, representations: Sequence[Any]) -> list[Any]:
    """What other services refer to, in order: by key fields only, an error or null for each entry on its own."""
    if len(representations) > MOST_REFERENCES:
        raise GraphQLProblem("TOO_COMPLEX", f"at most {MOST_REFERENCES} representations", reason="REPRESENTATIONS")
    return list(await asyncio.gather(*(_reference(context, r) for r in representations), return_exceptions=True))


async def _reference(context: Context, representation: Any) -> Node | None:
    type_name = representation.get("__typename") if isinstance(representation, dict) else None
    if type_name not in _ENTITIES:
        raise GraphQLProblem("BAD_USER_INPUT", "a representation needs the __typename of an entity", reason="REPRESENTATION")
    key = representation.get("id")
    if key is None and type_name == "Customer" and isinstance(representation.get("externalId"), str):
        return await Customer.load(context, context.sources.ids.local_id("customer", representation["externalId"]))
    if not isinstance(key, str):
        raise GraphQLProblem("BAD_USER_INPUT", "a representation needs its key", reason="REPRESENTATION")
    return await load_node(context, key, only=type_name)
