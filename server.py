"""The server: settings to sources to routes. It wires and decides nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute, Route, WebSocketRoute

from access.viewer import Viewer, ViewerKind
from datasources import Sources
from datasources.errors import SourceError
from datasources.folder import UnusableFolder
from datasources.translations.port import AmazonSettings
from datasources.wiring import amazon_translator
from identity.issuer import LocalIssuer
from identity.verifier import Unauthenticated, Verifier, bearer
from ingest.following import IndexFollower, follow
from ingest.holding import whole
from ingest.load_demo import loaded
from resolvers.freshness import Freshness
from resolvers.zoning import settle_all
from serving.callers import Caller, callers
from serving.darkroom import Darkroom
from serving.logs import RequestLog
from serving.media import Media
from serving.origins import Neighbours
from serving.routes import guest_route, health_routes, identities_route, sources_answer
from settings import Profile, Settings

HOLDER = "a server"
DRAIN_S = 20
SWEEP_S = 3_600
_ARRIVED = 100_000
_ALLOWED_HEADERS = ("authorization", "content-type", "accept", "accept-language", "x-denied", "x-request-id")
_log = logging.getLogger("photos.server")


@dataclass
class Running:
    """What lives as long as the process serves."""

    settings: Settings
    sources: Sources | None = None
    state: str | None = "starting"
    """Why requests should not come now; None when they may."""
    following: asyncio.Task[None] | None = None
    refusal: Exception | None = None
    """What kept it from starting, for whoever started it."""

    async def ready(self, sources: Sources) -> str | None:
        """Why not, in one word."""
        if self.state is not None:
            return self.state
        if self.following is None or self.following.done():
            return "following"
        return await sources_answer(sources)

    async def following_ended(self) -> None:
        """Returns when the index is followed no more."""
        if self.following is not None:
            await asyncio.wait({self.following})


@dataclass
class Door:
    """Who asks: verified tokens to viewers. A customer's first verified token makes the customer (DECISIONS 6)."""

    sources: Sources
    verifier: Verifier
    _arrived: OrderedDict[str, None] = field(default_factory=OrderedDict)

    async def identify(self, connection: HTTPConnection, payload: Mapping[str, Any] | None) -> Viewer:
        """The viewer of a request or of a WebSocket's `connection_init`; raises `GraphQLProblem` UNAUTHENTICATED."""
        from execution.errors import GraphQLProblem

        try:
            viewer = self.verifier.viewer(bearer(_authorization(connection, payload)))
        except Unauthenticated as e:
            raise GraphQLProblem("UNAUTHENTICATED", "A valid bearer token is needed.", reason=e.reason) from e
        connection.scope.setdefault("state", {})["viewer"] = viewer.kind.value
        if viewer.kind is ViewerKind.CUSTOMER and viewer.customer is not None and viewer.customer not in self._arrived:
            await self.sources.customers.ensure(viewer.customer, viewer.subject, now_ms=self.sources.now_ms())
            self._arrived[viewer.customer] = None
            if len(self._arrived) > _ARRIVED:
                self._arrived.popitem(last=False)
        return viewer


def _authorization(connection: HTTPConnection, payload: Mapping[str, Any] | None) -> str | None:
    header = connection.headers.get("authorization")
    if header is not None or payload is None:
        return header
    given = next((v for k, v in payload.items() if k.lower() == "authorization"), None)
    return given if isinstance(given, str) else None


def create_app(settings: Settings, now_s: Callable[[], float] = time.time) -> Starlette:
    """The application; its lifespan opens the data folder, catches the index up, and closes everything."""
    settings.check_profile()
    running = Running(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            async with _serving(app, running, now_s):
                yield
        except (UnusableFolder, SourceError) as e:
            running.refusal = e
            raise

    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(settings.allowed_origins),
        allow_methods=["GET", "POST"],
        allow_headers=_ALLOWED_HEADERS,
        expose_headers=["x-request-id"],
        max_age=600,
    )
    app = Starlette(lifespan=lifespan, middleware=[Middleware(RequestLog), cors])
    app.state.running = running
    return app


@asynccontextmanager
async def _serving(app: Starlette, running: Running, now_s: Callable[[], float]) -> AsyncIterator[None]:
    async with whole(running.settings.data, HOLDER) as opened, translating(opened, running.settings) as translated:
        # One clock for tokens, addresses and whatever expires.
        sources = running.sources = replace(translated, now_ms=lambda: int(now_s() * 1_000))
        freshness = Freshness()
        follower = IndexFollower(sources, freshness)
        await follower.settle()
        # The index of place names is inflated by its first search: here, and not in somebody's request.
        await sources.locations.search("a", ("en",), limit=1)
        darkroom = Darkroom(sources.originals, running.settings.data / "renditions")
        app.router.routes[:0] = _routes(running, sources, freshness, now_s, darkroom)
        running.following = asyncio.create_task(follow(follower))
        freshness.keep(settle_all(sources, freshness))
        sweeping = asyncio.create_task(_sweep(sources))
        running.state = None
        try:
            yield
        finally:
            running.state = "stopping"
            sweeping.cancel()
            running.following.cancel()
            await running.following_ended()
            # Work that outlives its request must not meet closed sources.
            await freshness.close()
            await darkroom.close()


@asynccontextmanager
async def translating(sources: Sources, settings: Settings) -> AsyncIterator[Sources]:
    """The sources with the translator of the settings, which is closed at the end."""
    if settings.translator == "none":
        yield sources
        return
    chosen = AmazonSettings(
        settings.translator_region,
        settings.translator_endpoint,
        settings.translator_terminologies,
        settings.translator_deadline_s,
        settings.translator_personal,
    )
    translator = amazon_translator(chosen)
    try:
        yield replace(sources, translator=translator)
    finally:
        await translator.close()


async def _sweep(sources: Sources) -> None:
    """Takes out what has expired, now and every hour."""
    while True:
        try:
            await sources.store.sweep()
        except SourceError as e:
            _log.warning("nothing was swept", extra={"reason": f"{e.source}: {type(e).__name__}"})
        await asyncio.sleep(SWEEP_S)


def _routes(
    running: Running, sources: Sources, freshness: Freshness, now_s: Callable[[], float], darkroom: Darkroom
) -> list[BaseRoute]:
    settings = running.settings
    issuer = LocalIssuer.development(settings.data, settings.audience, now_s)
    links = LocalIssuer.links(settings.data, settings.audience, now_s)
    support = LocalIssuer.support(settings.data, settings.audience, now_s)
    trusted = {i.name: i.trusted for i in (issuer, links, support)}
    door = Door(sources, Verifier(trusted, settings.audience, sources.ids, now_s))
    neighbours = Neighbours(settings.url, settings.allowed_origins)

    def known() -> list[Caller]:
        demo = loaded(settings.data)
        return [] if demo is None else callers(demo, issuer, links)

    async def ready() -> str | None:
        return await running.ready(sources)

    return [
        *graphql_routes(settings, sources, freshness, door),
        guest_route(sources, links),
        Media(sources, door.verifier, darkroom, neighbours).route(),
        *([identities_route(known)] if settings.profile is Profile.DEVELOPMENT else []),
        *health_routes(ready),
    ]


def graphql_routes(settings: Settings, sources: Sources, freshness: Freshness, door: Door) -> Sequence[BaseRoute]:
    """`/graphql` over HTTP and WebSocket, and in development the page with its files."""
    from execution import graphiql
    from execution.http import WireSettings
    from execution.websocket import SocketSettings
    from schema.build import build
    from schema.endpoint import endpoint

    development = settings.profile is Profile.DEVELOPMENT
    wire = WireSettings(
        most_bytes=settings.max_body_bytes,
        deadline_s=settings.deadline_s,
        get_queries=development,
        page=graphiql.page() if development else None,
    )
    doors = endpoint(
        build(),
        sources,
        freshness,
        door.identify,
        public_url=settings.url,
        wire=wire,
        socket=SocketSettings(origins=settings.allowed_origins, deadline_s=settings.deadline_s),
        hide_suggestions=not development,
    )
    return [
        Route("/graphql", doors.http),
        WebSocketRoute("/graphql", doors.socket),
        *(graphiql.routes() if development else []),
    ]
