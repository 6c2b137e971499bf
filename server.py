"""The server: settings to sources to routes. It wires and decides nothing."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from datasources import Sources
from datasources.data_folder import UnusableFolder
from datasources.errors import SourceError
from demo.identities import Caller, callers
from demo.load import loaded
from identity.data_folder_keys import share_keys
from identity.issuer import LocalIssuer
from identity.oidc_issuers import OutsideIssuers
from identity.verifier import Verifier
from indexing.change_feed_consumer import IndexFollower, follow
from indexing.index_lag import IndexLag
from indexing.open_stores import RENDITIONS, open_exclusive
from resolvers.home_zones import settle_all
from resolvers.jobs.kinds import WORKS
from resolvers.jobs.runner import JobRunner, sweep_files
from serving.authentication import Authenticator
from serving.gazetteer_reload import watch_gazetteer
from serving.importing import import_route
from serving.logs import RequestLog
from serving.media import Media
from serving.metrics import Metrics
from serving.origin_policy import EmbedOrigins
from serving.renditions import RenditionService
from serving.results import results_route
from serving.routes import guest_route, health_routes, identities_route, sources_answer
from settings import Settings

HOLDER = "a server"
DRAIN_S = 20
SWEEP_S = 3_600
_STREAM_PAUSE_S = 1.0
"""DynamoDB answers ten questions a second about streams, to everybody together."""
_ALLOWED_HEADERS = ("authorization", "content-type", "accept", "accept-language", "x-denied", "x-request-id", "x-trace")
_log = logging.getLogger("photos.server")


@dataclass
class Running:
    """What lives as long as the process serves."""

    settings: Settings
    metrics: Metrics
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


def create_app(settings: Settings, now_s: Callable[[], float] = time.time) -> Starlette:
    """The application; its lifespan opens the data folder, catches the index up, and closes everything."""
    settings.check_profile()
    token = settings.metrics_token
    running = Running(settings, Metrics(None if token is None else token.get_secret_value()))

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
    log = Middleware(RequestLog, observe=running.metrics.observe)
    app = Starlette(lifespan=lifespan, middleware=[log, cors])
    app.state.running = running
    return app


@asynccontextmanager
async def _serving(app: Starlette, running: Running, now_s: Callable[[], float]) -> AsyncIterator[None]:
    stack = running.settings.engines
    async with open_exclusive(running.settings.data, HOLDER, stack, running.settings.vendors) as opened:
        # One clock for tokens, addresses and whatever expires.
        sources = running.sources = replace(opened, now_ms=lambda: int(now_s() * 1_000))
        if stack is not None:
            await share_keys(sources, running.settings.data)
        freshness = IndexLag()
        follows = stack is None or stack.follow
        running.metrics.watch(sources, follows=follows)
        follower = IndexFollower(sources, freshness, reads_feed=follows)
        await follower.settle()
        # The index of place names is inflated by its first search: here, and not in somebody's request.
        with suppress(SourceError):  # a service elsewhere that is down costs its own fields, now and later
            await sources.locations.search("a", ("en",), limit=1)
        kept = running.settings.max_rendition_bytes
        darkroom = RenditionService(sources.originals, running.settings.data / RENDITIONS, most_bytes=kept)
        sources.caches.append(darkroom.forget)
        outside = OutsideIssuers.of(running.settings.issuers, now_s)
        app.router.routes[:0] = _routes(running, sources, freshness, outside, darkroom)
        running.following = asyncio.create_task(follow(follower, idle_s=0.1 if stack is None else _STREAM_PAUSE_S))
        freshness.keep(settle_all(sources, freshness))
        sweeping = asyncio.create_task(_sweep(sources))
        # One process has a folder, so a lease of "a server" is its own of an earlier life: after a kill it goes on at once.
        worker = HOLDER if stack is None else f"{HOLDER} {secrets.token_hex(8)}"
        working = asyncio.create_task(JobRunner(sources, WORKS, worker=worker).serve())
        watching = asyncio.create_task(watch_gazetteer(sources.locations))
        running.state = None
        try:
            yield
        finally:
            running.state = "stopping"
            sweeping.cancel()
            working.cancel()
            await asyncio.wait({working})
            watching.cancel()
            running.following.cancel()
            await running.following_ended()
            await outside.close()
            # Work that outlives its request must not meet closed sources.
            await freshness.close()
            await darkroom.close()


async def _sweep(sources: Sources) -> None:
    """Takes out what has expired, now and every hour."""
    while True:
        try:
            await sweep_files(sources)
            await sources.store.sweep()
        except SourceError as e:
            _log.warning("nothing was swept", extra={"reason": f"{e.source}: {type(e).__name__}"})
        await asyncio.sleep(SWEEP_S)


def _routes(
    running: Running, sources: Sources, freshness: IndexLag, outside: OutsideIssuers, darkroom: RenditionService
) -> list[BaseRoute]:
    settings, now_s = running.settings, outside.now_s
    issuer = LocalIssuer.development(settings.data, settings.audience, now_s)
    links = LocalIssuer.links(settings.data, settings.audience, now_s)
    support = LocalIssuer.support(settings.data, settings.audience, now_s)
    # The issuer of tokens for everyone is the development profile's alone.
    own = (issuer, links, support) if settings.development else (links, support)
    trusted = {**outside.trusted, **{i.name: i.trusted for i in own}}
    door = Authenticator(sources, Verifier(trusted, settings.audience, sources.ids, now_s))
    neighbours = EmbedOrigins(settings.url, settings.allowed_origins)

    def known() -> list[Caller]:
        demo = loaded(settings.data)
        return [] if demo is None else callers(demo, issuer, links)

    async def ready() -> str | None:
        return await running.ready(sources)

    return [
        *graphql_routes(settings, sources, freshness, door),
        guest_route(sources, links),
        import_route(sources, door.identify, freshness),
        results_route(sources, door.identify),
        Media(sources, door.verifier, darkroom, neighbours).route(),
        *([identities_route(known)] if settings.development else []),
        running.metrics.route(),
        *health_routes(ready),
    ]


def graphql_routes(settings: Settings, sources: Sources, freshness: IndexLag, door: Authenticator) -> Sequence[BaseRoute]:
    """`/graphql` over HTTP and WebSocket, and in development the page with its files."""
    from execution import graphiql
    from schema.build import build
    from schema.endpoint import endpoint
    from serving.limits import operation_limits_of, socket_of, wire_of

    doors = endpoint(
        build(auth_in_sdl=settings.auth_in_sdl, node_in_sdl=settings.node_in_sdl),
        sources,
        freshness,
        door.identify,
        public_url=settings.url,
        wire=wire_of(settings),
        socket=socket_of(settings),
        gates=operation_limits_of(settings, sources.documents),
    )
    return [
        Route("/graphql", doors.http),
        WebSocketRoute("/graphql", doors.socket),
        *(graphiql.routes() if settings.development else []),
    ]
