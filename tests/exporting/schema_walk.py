"""Everything that an owner can read of their library, found by walking the schema and not by a list."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from graphql import GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument
from graphql import GraphQLSchema as Schema

from access.viewer import Viewer
from tests.requests.harness import Gateway, served

NEVER = {"id", "version", "addedAt", "cursor", "startCursor", "endCursor", "__typename"}
"""What an import gives anew. Nothing else may be left out but URLs, which are signed for a moment."""
SIGNED = {"url"}
DRAWN = {"placeholder"}
"""Of a photo without a file the demo draws a picture, by its id: ids are anew. Of one with a file it is asked for by name."""
DEEP = 3
COVER = "cover { takenAtLocal mediaType }"
ALL = {"minConfidence": "0", "first": "50"}
POINTERS = {"owner", "neighbors", "shares", "image", "original", "duplicates", "similar", "cover"}
"""Edges to what is compared elsewhere, is another's, or is told and not made again (shares). A cover that nobody
chose is the newest photo, and of two equally new ones the id decides, which is another now: chosen ones are compared as stored."""


def selection(schema: Schema, type_: GraphQLObjectType, depth: int = 0, above: tuple[str, ...] = ()) -> str:
    """Every field without required arguments, to a depth; lists in full."""
    parts = []
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if name in NEVER | SIGNED | DRAWN | POINTERS or any(is_required_argument(a) for a in field.args.values()):
            continue
        given = [f"{a}: {v}" for a, v in ALL.items() if a in field.args]
        called = f"{name}({', '.join(given)})" if given else name
        if is_leaf_type(inner):
            parts.append(called)
        elif isinstance(inner, GraphQLObjectType) and depth < DEEP and inner.name not in (*above, type_.name):
            below = selection(schema, inner, depth + 1, (*above, type_.name)) if "Connection" not in inner.name else ""
            if below:
                parts.append(f"{called} {{ {below} }}")
    return " ".join(parts)


def fields_of(type_name: str) -> str:
    """The selection of everything of a type."""
    schema = served()[0].graphql_schema
    found = schema.type_map[type_name]
    assert isinstance(found, GraphQLObjectType)
    return selection(schema, found)


async def everything(gateway: Gateway, viewer: Viewer, *, beside: str = "") -> dict[str, Any]:
    """Photos by source id, albums with their photos in order, people, and the customer."""
    photos = await _all(
        gateway,
        viewer,
        "photos(filter: {states: [ACTIVE, HIDDEN, TRASHED]}, first: 15, after: $a)",
        f"{fields_of('Photo')} {beside}",
    )
    within = "photos(filter: {states: [ACTIVE, HIDDEN, TRASHED]}, first: 200) { nodes { sourceId takenAtLocal } }"
    albums = await _all(
        gateway, viewer, "albums(first: 10, after: $a, order: TITLE_ASC)", f"{fields_of('Album')} {COVER} {within}"
    )
    for album in albums:
        nodes = album.pop("photos")["nodes"]
        album |= {"order": [n["takenAtLocal"] for n in nodes], "photos": sorted(n["sourceId"] for n in nodes)}
    people = await _all(gateway, viewer, "people(first: 50, after: $a, order: NAME_ASC)", f"{fields_of('Person')} {COVER}")
    customer = await gateway.answer(f"{{ viewer {{ customer {{ {fields_of('Customer')} }} }} }}", as_=viewer)
    order = await _all(gateway, viewer, "albums(first: 200, after: $a, order: CREATED_AT_DESC)", "createdAt")
    return {
        "photos": {p["sourceId"]: p for p in photos},
        "timeline": [p["takenAtLocal"] for p in photos],
        "albums": _sorted(albums),
        "order": [a["createdAt"] for a in order],
        "people": _sorted(people),
        "customer": customer["viewer"]["customer"],
    }


async def _all(gateway: Gateway, viewer: Viewer, called: str, fields: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        query = f"query($a: String) {{ page: {called} {{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        page = (await gateway.answer(query, {"a": after}, as_=viewer))["page"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


def _sorted(things: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """People without a name, like photos without a time, have no order that two libraries share: their ids are keyed."""
    return sorted(things, key=lambda t: json.dumps(t, sort_keys=True))
