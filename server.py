"""Composition of the server: it opens the sources of the settings and connects them to the routes."""

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
from datasources.non_table_stores import RENDITIONS
from demo.identities import Caller, callers, identities_route
from demo.load import loaded, with_demo
from identity.data_folder_keys import share_keys
from identity.issuer import LocalIssuer
from identity.oidc_issuers import OidcIssuers
from identity.verifier import Verifier
from indexing.change_feed_consumer import IndexFollower, follow
from indexing.index_lag import IndexLag
from indexing.open_stores import open_exclusive
from resolvers.home_zones import resume_all
from resolvers.jobs.kinds import JOB_FUNCTIONS
from resolvers.jobs.runner import JobRunner, delete_expired_files
from serving.authentication import Authenticator
from serving.compression import JsonCompression
from serving.gazetteer_reload import watch_gazetteer
from serving.importing import import_route
from serving.logs import RequestLog
from serving.media import Media
from serving.metrics import Metrics
from serving.origin_policy import EmbedOrigins
from serving.renditions import RenditionService
from serving.results import results_route
from serving.routes import guest_route, health_routes, unavailable_source
from settings import Settings

HOLDER = "a server"
DRAIN_S = 20
SWEEP_S = 3_600
_STREAM_POLL_S = 1.0
"""DynamoDB limits DescribeStream to ten requests per second for all readers of a stream."""
_EXPOSED_HEADERS = ("x-request-id", "retry-after", "www-authenticate", "content-disposition", "content-range", "etag")
_log = logging.getLogger("photos.server")


@dataclass
class ServerState:
    """State of the running server."""

    settings: Settings
    metrics: Metrics
    sources: Sources | None = None
    state: str | None = "starting"
    """The reason why the server is not ready; None when it is."""
    change_feed_consumer: asyncio.Task[None] | None = None
    start_error: Exception | None = None
    """The error that prevented the start; `serve` prints it."""

    async def ready(self, sources: Sources) -> str | None:
        """The reason why the server is not ready, in one word; None when it is."""
        if self.state is not None:
            return self.state
        if self.change_feed_consumer is None or self.change_feed_consumer.done():
            return "following"
        return await unavailable_source(sources)

    async def consumer_ended(self) -> None:
        """Waits until the consumer of the change feed has ended."""
        if self.change_feed_consumer is not None:
            await asyncio.wait({self.change_feed_consumer})


def create_app(settings: Settings, now_s: Callable[[], float] = time.time) -> Starlette:
    """The application. Its lifespan opens the data folder, updates the index from the change feed, and closes everything."""
    settings.check_profile()
    token = settings.metrics_token
    running = ServerState(settings, Metrics(None if token is None else token.get_secret_value()))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            async with _serving(app, running, now_s):
                yield
        except (UnusableFolder, SourceError) as e:
            running.start_error = e
            raise

    # Every request header is allowed: clients and tracing add their own, and the origin and the token protect the data.
    cors = Middleware(
        CORSMiddleware,
        allow_origins=list(settings.allowed_origins),
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=["*"],
        expose_headers=_EXPOSED_HEADERS,
        max_age=600,
    )
    log = Middleware(RequestLog, observe=running.metrics.observe)
    app = Starlette(lifespan=lifespan, middleware=[log, cors, Middleware(JsonCompression)])
    app.state.running = running
    return app


@asynccontextmanager
async def _serving(app: Starlette, running: ServerState, now_s: Callable[[], float]) -> AsyncIterator[None]:
    stack = running.settings.engines
    async with open_exclusive(running.settings.data, HOLDER, stack, running.settings.vendors) as opened:
        # Tokens, signed URLs and expiry times use the same clock.
        sources = replace(opened, now_ms=lambda: int(now_s() * 1_000))
        sources = running.sources = await with_demo(sources, running.settings.data)
        if stack is not None:
            await share_keys(sources, running.settings.data)
        index_lag = IndexLag()
        follows = stack is None or stack.follow
        running.metrics.watch(sources, follows=follows)
        follower = IndexFollower(sources, index_lag, reads_feed=follows)
        await follower.catch_up()
        # The first search decompresses the index of place names; without this one, a request would wait for it.
        with suppress(SourceError):  # without the remote service, only fields of places fail
            await sources.locations.search("a", ("en",), limit=1)
        cache_bytes = running.settings.max_rendition_bytes
        renditions = RenditionService(sources.originals, running.settings.data / RENDITIONS, max_bytes=cache_bytes)
        sources.caches.append(renditions.forget)
        outside = OidcIssuers.of(running.settings.issuers, now_s)
        app.router.routes[:0] = _routes(running, sources, index_lag, outside, renditions)
        running.change_feed_consumer = asyncio.create_task(follow(follower, idle_s=0.1 if stack is None else _STREAM_POLL_S))
        index_lag.run_in_background(resume_all(sources, index_lag))
        sweep = asyncio.create_task(_sweep(sources))
        # Embedded engines have one server for a data folder, so after a kill it may continue its own lease immediately.
        worker = HOLDER if stack is None else f"{HOLDER} {secrets.token_hex(8)}"
        jobs = asyncio.create_task(JobRunner(sources, JOB_FUNCTIONS, worker=worker).serve())
        gazetteer_watch = asyncio.create_task(watch_gazetteer(sources.locations))
        running.state = None
        try:
            yield
        finally:
            running.state = "stopping"
            sweep.cancel()
            jobs.cancel()
            await asyncio.wait({jobs})
            gazetteer_watch.cancel()
            running.change_feed_consumer.cancel()
            await running.consumer_ended()
            await outside.close()
            # Background work of ended requests must finish before the sources are closed.
            await index_lag.close()
            await renditions.close()


async def _sweep(sources: Sources) -> None:
    """Deletes expired files and rows at the start and then every hour."""
    while True:
        try:
            await delete_expired_files(sources)
            await sources.store.sweep()
        except SourceError as e:
            _log.warning(
                "expired data could not be deleted; the next attempt is in an hour",
                extra={"reason": f"{e.source}: {type(e).__name__}"},
            )
        await asyncio.sleep(SWEEP_S)


def _routes(
    running: ServerState, sources: Sources, index_lag: IndexLag, outside: OidcIssuers, renditions: RenditionService
) -> list[BaseRoute]:
    settings, now_s = running.settings, outside.now_s
    issuer = LocalIssuer.development(settings.data, settings.audience, now_s)
    links = LocalIssuer.links(settings.data, settings.audience, now_s)
    support = LocalIssuer.support(settings.data, settings.audience, now_s)
    # The issuer of tokens for any customer is trusted only in the development profile.
    own = (issuer, links, support) if settings.development else (links, support)
    trusted = {**outside.trusted, **{i.name: i.trusted for i in own}}
    authenticator = Authenticator(sources, Verifier(trusted, settings.audience, sources.ids, now_s))
    embed_origins = EmbedOrigins(settings.url, settings.allowed_origins)

    def demo_callers() -> list[Caller]:
        demo = loaded(settings.data)
        return [] if demo is None else callers(demo, issuer, links)

    async def ready() -> str | None:
        return await running.ready(sources)

    return [
        *graphql_routes(settings, sources, index_lag, authenticator),
        guest_route(sources, links),
        import_route(sources, authenticator.identify, index_lag),
        results_route(sources, authenticator.identify),
        Media(sources, authenticator.verifier, renditions, embed_origins).route(),
        *([identities_route(demo_callers)] if settings.development else []),
        running.metrics.route(),
        *health_routes(ready),
    ]


def graphql_routes(
    settings: Settings, sources: Sources, index_lag: IndexLag, authenticator: Authenticator
) -> Sequence[BaseRoute]:
    """`/graphql` over HTTP and WebSocket, and in development the GraphiQL page with its assets."""
    from execution import graphiql
    from schema.build import build
    from schema.endpoint import create_endpoint
    from serving.limits import http_settings_of, operation_limits_of, socket_settings_of

    handlers = create_endpoint(
        build(auth_in_sdl=settings.auth_in_sdl, node_in_sdl=settings.node_in_sdl),
        sources,
        index_lag,
        authenticator.identify,
        public_url=settings.url,
        wire=http_settings_of(settings),
        socket=socket_settings_of(settings),
        limits=operation_limits_of(settings, sources.documents),
    )
    return [
        Route("/graphql", handlers.http),
        WebSocketRoute("/graphql", handlers.socket),
        *(graphiql.routes() if settings.development else []),
    ]
