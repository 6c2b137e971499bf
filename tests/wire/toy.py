"""A small schema without the gateway's code, served by `uvicorn --factory tests.wire.toy:app`, for tests of `execution/`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from graphql import GraphQLResolveInfo, GraphQLSchema, build_schema
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

from execution import graphiql
from execution.context import DenialMode
from execution.document_cache import Classes, DocumentCache
from execution.errors import GraphQLProblem
from execution.http import GraphQLEndpoint, HttpSettings
from execution.runner import Runner
from execution.websocket import GraphQLSocket, SocketSettings

EXAMPLES = Path(__file__).with_name("toy-examples.json")
ALLOWED = os.environ.get("TOY_ORIGINS", "").split(",")
SDL = """
enum Order { TAKEN_ASC TAKEN_DESC NAME_ASC }
input Box { west: Float! east: Float! }
input Filter { near: Box, text: String, all: [Filter!], order: Order }
input SetPlace { id: ID!, near: Box }
interface Node { id: ID! }
interface Named { name: String }
type Photo implements Node & Named { id: ID!, name: String, gps: String, secret: String!, friends(first: Int = 2): [Photo!] }
type Album implements Node & Named { id: ID!, name: String, gps: String }
type Query {
  hello(name: String): String
  photo(id: ID): Photo
  photos(filter: Filter, order: Order = TAKEN_DESC, first: Int): [Photo!]
  node(id: ID!): Node
  named: Named
  broken: String
  conflict: String
  late: String
  int: Int
}
type Mutation { rename(id: ID!, name: String!): Photo, place(input: SetPlace!): Photo }
type Subscription { count(to: Int!): Int, broken: Int, endless: Int }
"""
FEDERATION = """
scalar _Any
union _Entity = Photo
type _Service { sdl: String! }
extend type Query { _service: _Service!, _entities(representations: [_Any!]!): [_Entity]! }
"""
SUBGRAPH = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])' + SDL.replace(
    "type Photo implements Node & Named", 'type Photo implements Node & Named @key(fields: "id")'
)
CLASSES = {
    "Photo.gps": "LOCATION",
    "Photo.secret": "SECRET",
    "Album.name": "SECRET",
    "Filter.near": "LOCATION",
    "SetPlace.near": "LOCATION",
    "Filter.text": "CONTENT",
    "Query.photos(filter:)": "FILTER",
    "Order.TAKEN_ASC": "TIME",
    "Order.TAKEN_DESC": "TIME",
    "Subscription.endless": "SECRET",
}


@dataclass
class ToyContext:
    """The context of a request to the toy schema."""

    denied: frozenset[str] = frozenset()
    log: list[str] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    principal: str | None = None
    max_body_bytes: int | None = None
    max_values: int | None = None
    denial: DenialMode = "reject"
    remaining_s: float | None = None
    resets: int = 0

    def extensions(self) -> Mapping[str, object]:
        return {"calls": len(self.log)} if self.log else {}

    def reset(self) -> None:
        self.resets += 1

    async def aclose(self) -> None:
        self.log.append("context closed")


def photo(key: str) -> dict[str, Any]:
    return {"__typename": "Photo", "id": key, "name": f"photo {key}", "gps": "45.1,7.6", "secret": "s"}


def decide(context: ToyContext, needed: Classes[str]) -> set[str]:
    return {found for (kind, _), places in needed.items() if kind in context.denied for found in places}


async def make_context(connection: HTTPConnection, payload: Mapping[str, Any] | None) -> ToyContext:
    token = connection.headers.get("authorization") or (payload or {}).get("authorization") or ""
    if token == "Bearer wrong":
        raise GraphQLProblem("UNAUTHENTICATED", "The token is not valid.")
    return ToyContext(frozenset(token.removeprefix("Bearer without ").split(",")) if "without" in token else frozenset())


def toy_schema() -> GraphQLSchema:
    schema = build_schema(SDL + FEDERATION)

    def resolves(kind: str, name: str, function: Any) -> None:
        schema.type_map[kind].fields[name].resolve = function  # type: ignore[attr-defined]

    async def late(_source: Any, info: GraphQLResolveInfo[Any]) -> str:
        info.context.log.append("began")
        info.context.began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            info.context.log.append("cancelled")
            raise
        return "never"

    def broken(_source: Any, _info: Any) -> str:
        raise ValueError("the password is swordfish")

    def problem(_source: Any, _info: Any) -> str:
        raise GraphQLProblem("CONFLICT", "The object was modified.", reason="VERSION", extensions={"version": 3})

    def saying(_source: Any, info: GraphQLResolveInfo[Any], name: str = "world") -> str:
        info.context.log.append("hello")
        return f"hello {name}"

    resolves("Query", "_service", lambda *_: {"sdl": SUBGRAPH})
    resolves("Query", "_entities", lambda *_, representations: [photo(one["id"]) for one in representations])
    resolves("Query", "hello", saying)
    resolves("Query", "photo", lambda *_, **given: photo(given.get("id", "1")))
    resolves("Query", "photos", lambda *_, **arguments: [photo(str(n)) for n in range(arguments.get("first") or 3)])
    resolves("Query", "node", lambda *_, **given: photo(given["id"]))
    resolves("Query", "named", lambda *_: photo("1"))
    resolves("Query", "broken", broken)
    resolves("Query", "conflict", problem)
    resolves("Query", "late", late)
    resolves("Query", "int", lambda *_: "a secret instead of a number")
    resolves("Photo", "friends", lambda *_, first: [photo(f"f{n}") for n in range(first)])
    resolves("Mutation", "rename", lambda *_, **given: photo(given["id"]) | {"name": given["name"]})
    resolves("Mutation", "place", lambda *_, **given: photo(given["input"]["id"]))
    _subscriptions(schema)
    return schema


def _subscriptions(schema: GraphQLSchema) -> None:
    async def count(_source: Any, _info: Any, to: int) -> AsyncIterator[int]:
        for number in range(1, to + 1):
            yield number

    async def broken(_source: Any, _info: Any) -> AsyncIterator[int]:
        yield 1
        raise ValueError("the password is swordfish")

    async def endless(_source: Any, info: GraphQLResolveInfo[Any]) -> AsyncIterator[int]:
        info.context.log.append("began")
        info.context.began.set()
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            info.context.log.append("closed")

    fields = schema.subscription_type.fields  # type: ignore[union-attr]
    for name, source in {"count": count, "broken": broken, "endless": endless}.items():
        fields[name].subscribe = source
        fields[name].resolve = lambda value, *_, **__: value


def toy_documents(**settings: Any) -> DocumentCache[str]:
    return DocumentCache(toy_schema(), classify=CLASSES.get, **settings)


async def identities(_request: Request) -> JSONResponse:
    expires = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    people = [("ana", "Owns the large library"), ("guest", "Sees one album"), ("service", "A service")]
    return JSONResponse([{"name": n, "description": d, "token": f"of-{n}", "expiresAt": expires} for n, d in people])


def app(settings: HttpSettings | None = None) -> Starlette:
    schema = toy_schema()
    documents = DocumentCache(schema, classify=CLASSES.get)
    runner = Runner(schema, decide=decide)
    endpoint = GraphQLEndpoint(documents, runner, make_context, settings=settings or HttpSettings(page=graphiql.page()))
    socket = GraphQLSocket(documents, runner, make_context, settings=SocketSettings(max_operations=3))
    return Starlette(
        routes=[
            Route("/graphql", endpoint),
            WebSocketRoute("/graphql", socket),
            Route("/demo/identities", identities),
            *graphiql.routes(examples=EXAMPLES),
        ],
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=ALLOWED,
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type", "x-denied"],
            )
        ],
    )
